//! The library, as somebody who can move.

use std::io::Cursor;
use std::time::{Duration, Instant};

use lockstep_core::{Moment, StateDigest};
use lockstep_log::{LogError, Reader};
use lockstep_machine::{
    BuildError, EngineChoice, Goal, Images, LogDoor, MachineRecord, Watch, WatchKind, build,
};
use lockstep_timeline::{
    Conditions, EventCondition, OpenError, Options, Stop, Timeline, TimelineError,
};

use super::{Driver, Ended, Stops};
use crate::schema::{Engine, EventAt, StopKind, WatchFor};

/// A recording that cannot be moved over.
#[derive(Debug, thiserror::Error)]
pub enum LibraryError {
    /// The log is damaged.
    #[error("the log cannot be read: {0}")]
    Log(#[from] LogError),
    /// The timeline cannot be made.
    #[error("the timeline cannot be opened: {0}")]
    Open(#[from] OpenError),
}

/// A timeline of the library.
pub struct Library {
    timeline: Timeline,
    images: Images,
    record: MachineRecord,
    engine: EngineChoice,
}

impl Library {
    /// Opens a recording. A move that takes longer than `timeout` fails.
    ///
    /// # Errors
    /// The log cannot be read, or its machine cannot be built.
    pub fn open(
        log: Vec<u8>,
        images: Images,
        engine: Engine,
        timeout: Duration,
    ) -> Result<Self, LibraryError> {
        let reader = Reader::open(Cursor::new(log))?;
        let record = reader.header().machine.clone();
        let engine = match engine {
            Engine::Interp => EngineChoice::Interp,
            Engine::Jit => EngineChoice::Jit,
            Engine::JitNow => EngineChoice::JitNow,
            Engine::Auto => EngineChoice::Auto,
        };
        let side_by_side = Some(lockstep_host::side_by_side as _);
        let options = Options { engine, side_by_side, ..Options::default() };
        let mut timeline = Timeline::open(reader, images.clone(), options)?;
        let start = Instant::now();
        timeline.set_interrupt(Box::new(move || start.elapsed() > timeout));
        Ok(Self { timeline, images, record, engine })
    }

    /// Switches a bug on; the schedule of the thread that it may need is that of `seed`.
    ///
    /// # Errors
    /// There is no such bug, or no thread for it.
    #[cfg(feature = "faults")]
    pub fn switch_on(&mut self, fault: &str, seed: u64) -> Result<(), String> {
        use lockstep_core::faults::{Fault, Faults};
        let fault: Fault = fault.parse().map_err(|error| format!("{error}"))?;
        let baton = lockstep_host::Baton::random(seed);
        let bystander = lockstep_host::faults::Bystander::start(&baton);
        let bystander = bystander.map_err(|error| error.to_string())?;
        self.timeline.set_faults(Faults::new(&[fault], bystander).replaying());
        Ok(())
    }
}

/// What a move's end means here.
fn ended(result: Result<Stop, TimelineError>) -> Result<Ended, String> {
    let stop = result.map_err(|error| error.to_string())?;
    let (kind, event) = match &stop {
        Stop::Moment => (StopKind::Moment, None),
        Stop::Breakpoint { .. } => (StopKind::Breakpoint, None),
        Stop::Watchpoint(_) => (StopKind::Watchpoint, None),
        Stop::Device(_) => (StopKind::Device, None),
        Stop::Event(event) => (StopKind::Event, Some(event.what.kind())),
        Stop::StartOfHistory => (StopKind::Start, None),
        Stop::EndOfHistory => (StopKind::End, None),
        Stop::Interrupted => return Err("it takes too long".to_owned()),
        Stop::Diverged(divergence) => return Err(divergence.to_string()),
    };
    Ok(Ended { stop: kind, event, text: format!("{stop:?}") })
}

impl Driver for Library {
    fn step(&mut self) -> Result<Ended, String> {
        ended(self.timeline.step())
    }

    fn reverse_step(&mut self) -> Result<Ended, String> {
        ended(self.timeline.reverse_step())
    }

    fn resume(&mut self) -> Result<Ended, String> {
        ended(self.timeline.resume())
    }

    fn reverse_resume(&mut self) -> Result<Ended, String> {
        ended(self.timeline.reverse_resume())
    }

    fn reattach(&mut self) -> Result<(), String> {
        Ok(())
    }

    fn seek(&mut self, to: Moment) -> Result<Ended, String> {
        ended(self.timeline.seek(to))
    }

    fn set_stops(&mut self, stops: &Stops) -> Result<(), String> {
        let watch = |watched: &super::Watched| Watch {
            address: watched.address,
            len: watched.size,
            kind: match watched.kind {
                WatchFor::Read => WatchKind::Read,
                WatchFor::Write => WatchKind::Write,
                WatchFor::Access => WatchKind::Access,
            },
        };
        let regions = self.timeline.machine().device_regions();
        let device = |name: &str| {
            let found = regions.iter().find(|region| region.name == name).cloned();
            let names: Vec<&str> = regions.iter().map(|region| region.name.as_str()).collect();
            found.ok_or_else(|| format!("`{name}` is none of the devices: {}", names.join(", ")))
        };
        let event = |event: &EventAt| match event {
            EventAt::Kind(kind) => Ok(EventCondition::Kind(*kind)),
            EventAt::Console(text) => Ok(EventCondition::ConsoleText(text.as_bytes().to_vec())),
            EventAt::Device(name) => device(name).map(EventCondition::Device),
        };
        let events = stops.events.iter().map(event).collect::<Result<_, String>>()?;
        self.timeline.set_conditions(Conditions {
            breakpoints: stops.breakpoints.iter().copied().collect(),
            watchpoints: stops.watchpoints.iter().map(watch).collect(),
            events,
            moment: None,
        });
        Ok(())
    }

    fn moment(&mut self) -> Result<Moment, String> {
        Ok(self.timeline.moment())
    }

    fn end(&mut self) -> Result<Moment, String> {
        Ok(self.timeline.end())
    }

    fn pc(&mut self) -> Result<u64, String> {
        Ok(self.timeline.machine().position().1)
    }

    fn register(&mut self, name: &str) -> Result<u128, String> {
        let machine = self.timeline.machine();
        let number = machine.registers().iter().position(|register| register.name == name);
        let (vcpu, _) = machine.position();
        let value = number.and_then(|number| machine.register(vcpu, number));
        value.ok_or_else(|| format!("{vcpu} of {} has no register `{name}`", machine.arch()))
    }

    fn memory(&mut self, address: u64, len: usize) -> Result<Vec<u8>, String> {
        let machine = self.timeline.machine();
        let mut bytes = vec![0; len];
        let read = machine.read_virtual(machine.position().0, address, &mut bytes);
        read.map(|()| bytes).map_err(|error| error.to_string())
    }

    fn digest(&mut self) -> Result<StateDigest, String> {
        Ok(self.timeline.digest())
    }

    fn straight(&mut self, counts: &[u64]) -> Result<Vec<(Moment, StateDigest)>, String> {
        let text = |error: BuildError| error.to_string();
        let mut machine = build(&self.record, &self.images).map_err(text)?;
        machine.set_engine(self.engine).map_err(|error| error.to_string())?;
        machine.set_door(Box::new(LogDoor::new(self.timeline.events().iter())));
        let mut at = |count: &u64| {
            // There is nothing before the beginning.
            machine.run(Goal::before((*count).max(machine.moment().retired)));
            (machine.moment(), machine.digest())
        };
        Ok(counts.iter().map(&mut at).collect())
    }
}
