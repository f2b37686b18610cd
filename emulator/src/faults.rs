//! `--fault`: bugs that are switched on, in builds that have them.

use lockstep_host::Baton;
use lockstep_machine::Machine;

use crate::args::FaultArgs;
use crate::failure::Failure;

pub(crate) use built::Switched;
#[cfg(not(feature = "faults"))]
pub(crate) use built::refuse;
#[cfg(feature = "faults")]
pub(crate) use built::{ShortWrites, dump};

impl Switched {
    /// Switches them on in a machine.
    pub(crate) fn switch_on(&self, machine: &mut dyn Machine) {
        self.hand_to(machine);
    }
}

#[cfg(not(feature = "faults"))]
mod built {
    use super::{Baton, Failure, FaultArgs, Machine};

    /// No bugs.
    #[derive(Clone)]
    pub(crate) struct Switched(());

    impl Switched {
        /// Refuses to have any.
        pub(crate) fn new(args: &FaultArgs, _baton: &Baton) -> Result<Self, Failure> {
            refuse(args).map(|()| Self(()))
        }

        /// The same for a machine that replays.
        pub(crate) fn replaying(self) -> Self {
            self
        }

        pub(super) fn hand_to(&self, _machine: &mut dyn Machine) {}
    }

    pub(crate) fn refuse(args: &FaultArgs) -> Result<(), Failure> {
        let Some(name) = args.names.first() else { return Ok(()) };
        Err(Failure::Usage(format!(
            "--fault {name}: this build has no faults to switch on; build one that has with `cargo build --release \
             --package lockstep --features faults`"
        )))
    }
}

#[cfg(feature = "faults")]
mod built {
    use std::io::{Read, Seek, Write};
    use std::sync::Arc;

    use lockstep_core::faults::{Fault, Faults, Knock, UnknownFault};
    use lockstep_host::ConsoleOutput;
    use lockstep_host::faults::Bystander;
    use lockstep_log::{DumpError, Ending, Reader};

    use super::{Baton, Failure, FaultArgs, Machine};

    /// Bugs, and their way in from the host.
    #[derive(Clone)]
    pub(crate) struct Switched(pub(crate) Faults);

    impl Switched {
        /// Those with these names. The thread that they need is started when there are any.
        pub(crate) fn new(args: &FaultArgs, baton: &Baton) -> Result<Self, Failure> {
            let on = parse(args)?;
            if on.is_empty() {
                return Ok(Self(Faults::default()));
            }
            let bystander = Bystander::start(baton);
            let bystander = bystander.map_err(|error| Failure::Internal(error.to_string()))?;
            Ok(Self(Faults::new(&on, bystander)))
        }

        /// The same for a machine that replays.
        pub(crate) fn replaying(self) -> Self {
            Self(self.0.replaying())
        }

        pub(super) fn hand_to(&self, machine: &mut dyn Machine) {
            machine.set_faults(self.0.clone());
        }
    }

    fn parse(args: &FaultArgs) -> Result<Vec<Fault>, Failure> {
        let wrong = |error: UnknownFault| Failure::Usage(format!("--fault: {error}"));
        args.names.iter().map(|name| name.parse().map_err(wrong)).collect()
    }

    /// A console that tells the machine how much it took, and what it could not take yet.
    pub(crate) struct ShortWrites {
        faults: Faults,
        console: Arc<ConsoleOutput>,
        held: Vec<u8>,
    }

    impl ShortWrites {
        pub(crate) fn new(switched: &Switched, console: &Arc<ConsoleOutput>) -> Self {
            Self { faults: switched.0.clone(), console: Arc::clone(console), held: Vec::new() }
        }

        /// Writes as much as there is room for; gives back what is to be written as usual.
        pub(crate) fn write(&mut self, bytes: Vec<u8>) -> Vec<u8> {
            let Some(door) = self.faults.door_of(Fault::ConsoleShortWrite) else { return bytes };
            self.held.extend(bytes);
            let (of, written) = (self.held.len(), self.console.write_some(&self.held));
            if written < of {
                door.knock(Knock::ShortWrite { written: written as u64, of: of as u64 });
            }
            self.held.drain(..written);
            Vec::new()
        }
    }

    impl Drop for ShortWrites {
        fn drop(&mut self) {
            self.console.write(std::mem::take(&mut self.held));
        }
    }

    /// What dumps a log.
    pub(crate) type Dump<S, O> = fn(&mut Reader<S>, &mut O) -> Result<Ending, DumpError>;

    /// What dumps a log with these bugs.
    pub(crate) fn dump<S: Read + Seek, O: Write>(args: &FaultArgs) -> Result<Dump<S, O>, Failure> {
        let drifts = parse(args)?.contains(&Fault::DumpDrift);
        Ok(if drifts { lockstep_log::faults::drifted_dump } else { lockstep_log::dump })
    }
}
