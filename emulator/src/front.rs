//! The threads around a machine: console, signals, log writer.

use lockstep_core::{Door, Input, NoDoor, Output};
use lockstep_host::{
    Baton, ChannelDoor, Console, ConsoleOptions, ConsoleOutput, DEFAULT_POLL_INTERVAL, DiskFile,
    FileSink, FolderOut, HostDisks, signals::StopOnSignal,
};
use lockstep_machine::{LogSink, Outputs};

use crate::failure::Failure;
use crate::faults::Switched;

/// Inputs under way to the machine before whoever types has to wait.
const INPUT_BOUND: usize = 256;

/// The user's side of a running machine.
pub(crate) struct Front {
    console: Console,
    output: std::sync::Arc<ConsoleOutput>,
    disks: Option<std::sync::Arc<HostDisks>>,
    files: Option<FolderOut>,
    _signals: StopOnSignal,
}

/// What of the host a run has to do with beside the console.
#[derive(Default)]
pub(crate) struct Effects {
    /// Disks whose reads are the host's.
    pub(crate) disks: Vec<DiskFile>,
    /// Where files go that the guest writes.
    pub(crate) files: Option<FolderOut>,
}

/// What the guest writes goes to the console, and what its disks want to the thread that reads them.
struct ToThreads {
    console: std::sync::Arc<ConsoleOutput>,
    disks: Option<std::sync::Arc<HostDisks>>,
    files: Option<FolderOut>,
    #[cfg(feature = "faults")]
    short_writes: crate::faults::ShortWrites,
}

impl Outputs for ToThreads {
    fn take(&mut self, outputs: &[Output]) {
        let mut bytes = Vec::new();
        for output in outputs {
            match output {
                Output::Console { byte, .. } => bytes.push(*byte),
                Output::File { name, contents } => {
                    if let Some(files) = &self.files {
                        files.note(name, contents.clone());
                    }
                }
                Output::Report(report) => eprintln!("lockstep: {report}"),
                // In a replay nobody reads: the log has the answers.
                Output::Read(read) => {
                    if let Some(disks) = &self.disks {
                        disks.read(*read);
                    }
                }
            }
        }
        #[cfg(feature = "faults")]
        let bytes = self.short_writes.write(bytes);
        self.console.write(bytes);
    }
}

/// A front, and what the machine gets of it: where inputs come from, and who is shown the outputs.
pub(crate) type Connected = (Front, Box<dyn Door>, Box<dyn Outputs>);

impl Front {
    /// Connects the console and the signals. Gives the door through which they come in; without `input`, only signals
    /// do. `faults` are those that are on.
    pub(crate) fn connect(
        baton: &Baton,
        input: bool,
        Effects { disks, files }: Effects,
        faults: &Switched,
    ) -> Result<Connected, Failure> {
        let (sender, receiver) = baton.channel::<Input>(INPUT_BOUND);
        let signals = StopOnSignal::install(baton, sender.urgent())
            .map_err(|error| Failure::Internal(error.to_string()))?;
        let disks = if disks.is_empty() {
            None
        } else {
            let disks = HostDisks::start(baton, disks, sender.urgent())
                .map_err(|error| Failure::Internal(error.to_string()))?;
            Some(std::sync::Arc::new(disks))
        };
        let (console, output) = if input {
            Console::stdio(baton, sender, ConsoleOptions::default())?
        } else {
            // Closed, so that an idle guest is not waited for.
            drop(sender);
            Console::output_only(baton)?
        };
        let output = std::sync::Arc::new(output);
        let door = ChannelDoor::new(receiver, DEFAULT_POLL_INTERVAL);
        #[cfg(not(feature = "faults"))]
        let _ = faults;
        let outputs = ToThreads {
            console: std::sync::Arc::clone(&output),
            disks: disks.clone(),
            files: files.clone(),
            #[cfg(feature = "faults")]
            short_writes: crate::faults::ShortWrites::new(faults, &output),
        };
        let front = Self { console, output, disks, files, _signals: signals };
        Ok((front, Box::new(door), Box::new(outputs)))
    }

    /// Waits until everything is shown, and restores the terminal. The machine has given the outputs back.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        if let Some(disks) = self.disks.and_then(std::sync::Arc::into_inner) {
            disks.finish()?;
        }
        if let Some(output) = std::sync::Arc::into_inner(self.output) {
            self.console.finish(output)?;
        }
        if let Some(files) = self.files {
            files.finish()?;
        }
        Ok(())
    }
}

/// No console at all.
pub(crate) fn nobody() -> Box<dyn Door> {
    Box::new(NoDoor)
}

/// The log's file, as the recorder sees it. The machine keeps a handle, so that it can be finished after it.
pub(crate) struct ToFile(pub(crate) std::sync::Arc<FileSink>);

impl LogSink for ToFile {
    fn append(&mut self, bytes: Vec<u8>) -> bool {
        self.0.push(bytes).is_ok()
    }
}
