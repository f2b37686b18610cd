//! Faults: bugs that emulators really had, to be switched on.
//!
//! A test suite that has never failed proves nothing. Each [`Fault`] makes this emulator do, in as few lines as can be, what
//! some emulator did wrong, and a scenario must catch it. They exist only in builds with the feature `faults`.
//!
//! Which of them are on is a value, [`Faults`], that a machine gets beside its door. It is not machine state and in no log: a
//! fault is a bug of the emulator, not a property of the machine. Where a fault lets the host decide something, the host
//! comes in by a [`BackDoor`], whose other side is a thread of the host under the same schedule as all others; so a seed
//! that fails will fail again.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::EntryId;

/// The faults, each with its name: one list, so that none can be forgotten.
macro_rules! faults {
    ($($(#[$doc:meta])* $fault:ident = $name:literal),+ $(,)?) => {
        /// A bug that an emulator had.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fault { $($(#[$doc])* $fault),+ }

        impl Fault {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$fault),+];

            /// Its name on the command line and in scenarios.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$fault => $name),+ }
            }
        }
    };
}

faults! {
    /// Restoring fires an expired clock comparator at once, and has another thread queue work to fire it as well.
    TodRestoreArmsTimer = "tod-restore-arms-timer",
    /// Restoring arms the clock comparator afresh, which saving has not undone.
    TodSaveAsymmetric = "tod-save-asymmetric",
    /// Another thread appends its events to the log, too; who gets the lock first appends first.
    TwoWriters = "two-writers",
    /// The same, with a lock that is fair: first come, first served, and who comes first is as open as before.
    FairLockArrivals = "fair-lock-arrivals",
    /// A thread that frees memory wakes the processors and adds checkpoints when its time has come.
    ThirdThreadKick = "third-thread-kick",
    /// Whoever computes how long to sleep reads the clock, and the read is recorded.
    PollTimeoutReadsClock = "poll-timeout-reads-clock",
    /// A replay does not wait while the machine is idle, and never gets to what ends the wait.
    IdleWaitSkipped = "idle-wait-skipped",
    /// How much a slow console took of what it was given is recorded, and differs in a replay.
    ConsoleShortWrite = "console-short-write",
    /// Which victim of the TLB is replaced depends on the host.
    VictimTlb = "victim-tlb",
    /// Disk requests complete past the calendar, when another thread says so, and nobody records when.
    OneshotCompletionUnrecorded = "oneshot-completion-unrecorded",
    /// Completions run in the order of their requests; one issues a further request and waits for it.
    NestedCompletionOrder = "nested-completion-order",
    /// A timer of the host decides when the next processor runs.
    SmpSwitchUnrecorded = "smp-switch-unrecorded",
    /// Which processor runs, and for how long, is not part of a reset and of a restore.
    SmpResetIncomplete = "smp-reset-incomplete",
    /// The serial port is not in snapshots: a restore makes a new one, and enables its receive interrupt.
    UartNotSaved = "uart-not-saved",
    /// The dump of a log numbers the kinds of events as an older format did.
    DumpDrift = "dump-drift",
}

/// There is no such fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no fault is called '{0}'; there are {all}", all = names())]
pub struct UnknownFault(String);

fn names() -> String {
    Fault::ALL.iter().map(|fault| fault.name()).collect::<Vec<_>>().join(", ")
}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(name: &str) -> Result<Self, UnknownFault> {
        let fault = Self::ALL.iter().copied().find(|fault| fault.name() == name);
        fault.ok_or_else(|| UnknownFault(name.to_owned()))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What the host wants of a machine past its door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knock {
    /// Wake up, and add a checkpoint.
    Kick,
    /// Run the next processor.
    Switch,
    /// Do what this entry of the calendar would do; it may be in the calendar, too.
    Due(EntryId),
    /// The console took so many bytes, of so many that it was given.
    ShortWrite {
        /// Bytes that it took.
        written: u64,
        /// Bytes that it was given.
        of: u64,
    },
}

/// Something that another thread does.
pub type Errand = Box<dyn FnOnce() + Send>;

/// The other side: a thread of the host that does what it is sent for when the schedule lets it.
pub trait BackDoor: Send + Sync {
    /// Sends the thread to knock. When it does is the schedule's choice.
    fn send(&self, knock: Knock);
    /// Knocks at once.
    fn knock(&self, knock: Knock);
    /// Who has knocked, the longest wait first. Other threads may go before the answer.
    fn answer(&self) -> Option<Knock>;
    /// The same, but waits for a knock that the thread was sent for; `None` when there is none to wait for.
    fn wait(&self) -> Option<Knock>;
    /// Whether the thread was sent and its knock not yet answered.
    fn awaits(&self) -> bool;
    /// The host's clock: how often the thread has come round.
    fn clock(&self) -> u64;
    /// Sends the thread round, and gives it so many chances to be back before something else happens. Says whether it is late all
    /// the same: as threads are on a busy host, now and then.
    fn is_late(&self, chances: u64) -> bool;
    /// Has the thread do something.
    fn errand(&self, errand: Errand);
    /// Gives the thread so many chances to have done all errands before something else happens.
    fn linger(&self, chances: u64);
    /// Waits until the thread has done all errands.
    fn settle(&self);
    /// Does something that must not happen beside itself. With `fair`, those who want to do it take turns as they came.
    fn with_lock(&self, fair: bool, act: &mut dyn FnMut());
}

/// The faults that are on.
#[derive(Clone, Default)]
pub struct Faults {
    on: BTreeSet<Fault>,
    back_door: Option<Arc<dyn BackDoor>>,
    replays: bool,
}

impl Faults {
    /// These faults; `back_door` is the host's way in.
    #[must_use]
    pub fn new(on: &[Fault], back_door: Arc<dyn BackDoor>) -> Self {
        Self { on: on.iter().copied().collect(), back_door: Some(back_door), replays: false }
    }

    /// The same for a machine that replays.
    #[must_use]
    pub fn replaying(self) -> Self {
        Self { replays: true, ..self }
    }

    /// Whether a fault is on.
    #[must_use]
    pub fn has(&self, fault: Fault) -> bool {
        self.on.contains(&fault)
    }

    /// Whether it is on and the machine replays.
    #[must_use]
    pub fn has_in_replay(&self, fault: Fault) -> bool {
        self.replays && self.has(fault)
    }

    /// The way in for the host, when a fault is on.
    #[must_use]
    pub fn back_door(&self) -> Option<&Arc<dyn BackDoor>> {
        self.back_door.as_ref().filter(|_| !self.on.is_empty())
    }

    /// The way in for the host, when this fault is on.
    #[must_use]
    pub fn door_of(&self, fault: Fault) -> Option<&Arc<dyn BackDoor>> {
        self.back_door.as_ref().filter(|_| self.has(fault))
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(&self.on).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches a name that nobody can type, and an unknown one that is taken for none.
    #[test]
    fn names_are_read_back() {
        for fault in Fault::ALL {
            assert_eq!(fault.name().parse(), Ok(*fault));
        }
        let error = "two-writer".parse::<Fault>().unwrap_err().to_string();
        assert!(error.starts_with("no fault is called 'two-writer'; there are tod-"), "{error}");
    }
}
