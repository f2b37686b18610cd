//! What happens in a run, as it is logged.
//!
//! Two kinds of event share one order. *Inputs* are what a replay needs; *witnesses* are consequences that a replay
//! must reproduce, so that the first difference is found where it began and not where it hurts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{EntryId, Input, Moment, StateDigest, VirtualTime};

/// Which vCPU.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct VcpuId(pub u16);

impl VcpuId {
    /// The place in a vector of vCPUs.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for VcpuId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cpu{}", self.0)
    }
}

/// How much a recording writes down. The running digest covers everything at every level.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Level {
    /// What replay needs, and digests.
    Inputs,
    /// Adds interrupts, timers, completions, vCPU switches and console output.
    #[default]
    Events,
    /// Adds synchronous exceptions and TLB fills.
    Full,
}

impl Level {
    /// All levels, thinnest first.
    pub const ALL: [Self; 3] = [Self::Inputs, Self::Events, Self::Full];

    /// The name that users type.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inputs => "inputs",
            Self::Events => "events",
            Self::Full => "full",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// There is no level of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a level: inputs, events or full")]
pub struct ParseLevelError(String);

impl FromStr for Level {
    type Err = ParseLevelError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|level| level.name() == text)
            .ok_or_else(|| ParseLevelError(text.to_owned()))
    }
}

/// The kinds of asynchronous interrupt, in the terms of each architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum InterruptClass {
    /// AArch64 IRQ.
    Irq,
    /// AArch64 FIQ.
    Fiq,
    /// AArch64 SError.
    SError,
    /// Alpha: an I/O device.
    Device,
    /// Alpha: the interval timer.
    Clock,
    /// Alpha: another processor.
    Interprocessor,
    /// Alpha: a performance counter.
    Performance,
    /// Alpha, s390x: a machine check.
    MachineCheck,
    /// s390x external interruption: clock comparator, CPU timer, signals of other processors, service signal.
    External,
    /// s390x I/O interruption.
    Io,
    /// s390x restart.
    Restart,
}

impl InterruptClass {
    /// Every class, in the order of their numbers in the log.
    pub const ALL: [Self; 11] = [
        Self::Irq,
        Self::Fiq,
        Self::SError,
        Self::Device,
        Self::Clock,
        Self::Interprocessor,
        Self::Performance,
        Self::MachineCheck,
        Self::External,
        Self::Io,
        Self::Restart,
    ];
}

impl fmt::Display for InterruptClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Irq => "irq",
            Self::Fiq => "fiq",
            Self::SError => "serror",
            Self::Device => "device",
            Self::Clock => "clock",
            Self::Interprocessor => "interprocessor",
            Self::Performance => "performance",
            Self::MachineCheck => "machine-check",
            Self::External => "external",
            Self::Io => "io",
            Self::Restart => "restart",
        })
    }
}

/// The status that a guest gives when it ends the run itself.
pub type ExitCode = i32;

/// Why a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum StopReason {
    /// The guest switched the machine off.
    PowerOff,
    /// The guest asked for a reset, and the machine is configured not to.
    Reset,
    /// The guest ended the run with a status.
    GuestExit(ExitCode),
    /// The user ended the run.
    Requested,
    /// Every vCPU waits, no timer is armed and no input can come.
    Dead(String),
    /// The guest used something that the machine does not have; the report says what and where.
    Unimplemented(String),
}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PowerOff => f.write_str("power-off"),
            Self::Reset => f.write_str("reset"),
            Self::GuestExit(status) => write!(f, "guest exit {status}"),
            Self::Requested => f.write_str("stopped by the user"),
            Self::Dead(report) => write!(f, "dead machine: {report}"),
            Self::Unimplemented(report) => write!(f, "unimplemented: {report}"),
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// The machine took an input.
    Input(Input),
    /// The guest wrote a byte to a console.
    ConsoleOut {
        /// The board's number for the port.
        port: u8,
        /// The byte.
        byte: u8,
    },
    /// A calendar entry became due and its owner was called.
    Due {
        /// Whose entry.
        id: EntryId,
        /// The time it was armed for.
        armed_for: VirtualTime,
    },
    /// Every vCPU was idle; virtual time jumped.
    Warp {
        /// The time after the jump.
        to: VirtualTime,
    },
    /// A vCPU took an interrupt.
    Interrupt {
        /// Which kind.
        class: InterruptClass,
        /// The address of the next instruction, had there been no interrupt.
        pc: u64,
    },
    /// Another vCPU runs from here on.
    Switch {
        /// The vCPU that ran before; the event's own vCPU is the one that runs now.
        from: VcpuId,
    },
    /// A vCPU was powered on.
    VcpuOn {
        /// Where it starts.
        entry: u64,
    },
    /// A vCPU was powered off.
    VcpuOff,
    /// The machine was reset.
    MachineReset,
    /// A device finished something.
    Completion {
        /// The device's place on the board.
        device: u16,
        /// The device's own number for the request.
        request: u64,
        /// The outcome, in the device's terms.
        status: u64,
    },
    /// A vCPU took a synchronous exception.
    Exception {
        /// The class, in the architecture's numbering.
        class: u32,
        /// The syndrome, in the architecture's format.
        syndrome: u64,
        /// The faulting address, where there is one.
        address: u64,
        /// The address of the instruction.
        pc: u64,
    },
    /// A translation entered a TLB.
    TlbFill {
        /// The virtual page address.
        page: u64,
        /// The physical page address.
        frame: u64,
        /// Permissions, size and space, packed as the TLB keeps them.
        attributes: u64,
    },
    /// Digests of all events before this one and of the machine's state.
    Digest {
        /// Running digest of the events, those above the recording's level included.
        events: u64,
        /// Digest of the state.
        state: StateDigest,
    },
    /// The run ended.
    Stop(StopReason),
    /// A driver did something that its device cannot go on from; the device waits for a reset.
    DeviceFault {
        /// The device's place on the board.
        device: u16,
        /// What was wrong, and where.
        report: String,
    },
}

/// The kind of a [`What`], without its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is named like the event it stands for")]
pub enum EventKind {
    Input,
    ConsoleOut,
    Due,
    Warp,
    Interrupt,
    Switch,
    VcpuOn,
    VcpuOff,
    MachineReset,
    Completion,
    Exception,
    TlbFill,
    Digest,
    Stop,
    DeviceFault,
}

impl EventKind {
    /// Every kind, in the order of their numbers in the log.
    pub const ALL: [Self; 15] = [
        Self::Input,
        Self::ConsoleOut,
        Self::Due,
        Self::Warp,
        Self::Interrupt,
        Self::Switch,
        Self::VcpuOn,
        Self::VcpuOff,
        Self::MachineReset,
        Self::Completion,
        Self::Exception,
        Self::TlbFill,
        Self::Digest,
        Self::Stop,
        Self::DeviceFault,
    ];

    /// The name in dumps.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::ConsoleOut => "console-out",
            Self::Due => "due",
            Self::Warp => "warp",
            Self::Interrupt => "interrupt",
            Self::Switch => "switch",
            Self::VcpuOn => "vcpu-on",
            Self::VcpuOff => "vcpu-off",
            Self::MachineReset => "machine-reset",
            Self::Completion => "completion",
            Self::Exception => "exception",
            Self::TlbFill => "tlb-fill",
            Self::Digest => "digest",
            Self::Stop => "stop",
            Self::DeviceFault => "device-fault",
        }
    }

    /// The thinnest level at which events of this kind are written down.
    #[must_use]
    pub const fn level(self) -> Level {
        match self {
            Self::Input | Self::Digest | Self::Stop => Level::Inputs,
            Self::Exception | Self::TlbFill => Level::Full,
            _ => Level::Events,
        }
    }
}

impl What {
    /// Which kind this is.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::Input(_) => EventKind::Input,
            Self::ConsoleOut { .. } => EventKind::ConsoleOut,
            Self::Due { .. } => EventKind::Due,
            Self::Warp { .. } => EventKind::Warp,
            Self::Interrupt { .. } => EventKind::Interrupt,
            Self::Switch { .. } => EventKind::Switch,
            Self::VcpuOn { .. } => EventKind::VcpuOn,
            Self::VcpuOff => EventKind::VcpuOff,
            Self::MachineReset => EventKind::MachineReset,
            Self::Completion { .. } => EventKind::Completion,
            Self::Exception { .. } => EventKind::Exception,
            Self::TlbFill { .. } => EventKind::TlbFill,
            Self::Digest { .. } => EventKind::Digest,
            Self::Stop(_) => EventKind::Stop,
            Self::DeviceFault { .. } => EventKind::DeviceFault,
        }
    }
}

/// An event: what happened, when, and on which vCPU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Moment,
    /// The vCPU that did it, or that was to run next.
    pub vcpu: VcpuId,
    /// What.
    pub what: What,
}

impl Event {
    /// Whether this can be what comes of a machine that can neither go on nor be woken at `now`: its last digest, or its end.
    #[must_use]
    pub fn is_end_at(&self, now: Moment) -> bool {
        self.at == now && matches!(self.what, What::Digest { .. } | What::Stop(_))
    }
}
