//! What the parts of a machine share: time, calendar, journal, and the queue of outputs.
//!
//! Passed to every device and processor that acts, so that none of them needs a handle to anything else.

use crate::{Calendar, Clock, EntryId, Journal, VcpuId, VirtualTime, What};

/// A part of a device's image that the host is to read; the answer is an [`Input::HostRead`](crate::Input::HostRead).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostRead {
    /// The device's place on the board.
    pub device: u16,
    /// The device's own number for the request.
    pub request: u64,
    /// Which of the machine's disks, counted from 0.
    pub disk: u16,
    /// The first byte.
    pub offset: u64,
    /// How many bytes.
    pub len: u64,
}

/// Something for the outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A byte on a console port.
    Console {
        /// The board's number for the port.
        port: u8,
        /// The byte.
        byte: u8,
    },
    /// Something to read for a device, when completions are the host's.
    Read(HostRead),
    /// A file that the guest has written, as a whole, or has removed.
    File {
        /// Its name in the guest's folder, with `/` between parts.
        name: String,
        /// What is in it; nothing if it was removed.
        contents: Option<Vec<u8>>,
    },
    /// Something that the user should know.
    Report(String),
}

/// The shared parts of one machine.
pub struct Backplane {
    /// Virtual time.
    pub clock: Clock,
    /// Everything that will be done later. Arm and cancel through [`Backplane::arm`] and [`Backplane::cancel`].
    pub calendar: Calendar,
    /// The event log's only writer.
    pub journal: Journal,
    /// Instructions retired before the one that is executing, kept exact by the engine whenever a device or helper runs.
    pub retired: u64,
    /// The vCPU that is executing.
    pub vcpu: VcpuId,
    /// What front ends will be shown, oldest first.
    pub outputs: Vec<Output>,
    /// Set when something changed that the run loop must look at before the next instruction: the
    /// calendar, an interrupt line, a power state.
    pub attention: bool,
    /// Whether console output is such a change: the door looks at it.
    pub watch_outputs: bool,
    /// The bugs that are switched on.
    #[cfg(feature = "faults")]
    pub faults: crate::faults::Faults,
}

impl Backplane {
    /// A machine's shared parts at its start.
    #[must_use]
    pub fn new(clock: Clock, journal: Journal) -> Self {
        Self {
            clock,
            calendar: Calendar::default(),
            journal,
            retired: 0,
            vcpu: VcpuId(0),
            outputs: Vec::new(),
            attention: false,
            watch_outputs: false,
            #[cfg(feature = "faults")]
            faults: crate::faults::Faults::default(),
        }
    }

    /// Virtual time now.
    #[must_use]
    pub const fn now(&self) -> VirtualTime {
        self.clock.time_at(self.retired)
    }

    /// Appends an event that happens now, on the executing vCPU.
    pub fn witness(&mut self, what: What) {
        self.journal.append(self.retired, self.vcpu, what);
        self.attention |= self.journal.stop_wanted();
    }

    /// Arms a calendar entry.
    pub fn arm(&mut self, id: EntryId, time: VirtualTime) {
        self.calendar.arm(id, time);
        self.attention = true;
    }

    /// Disarms a calendar entry.
    pub fn cancel(&mut self, id: EntryId) {
        if self.calendar.cancel(id).is_some() {
            self.attention = true;
        }
    }

    /// Writes a byte to a console: an event, and an output.
    pub fn console_out(&mut self, port: u8, byte: u8) {
        self.witness(What::ConsoleOut { port, byte });
        self.outputs.push(Output::Console { port, byte });
        self.attention |= self.watch_outputs;
    }

    /// Asks the host to read something.
    pub fn host_read(&mut self, read: HostRead) {
        self.outputs.push(Output::Read(read));
        self.attention = true;
    }

    /// A driver did something that the device at `device` cannot go on from: an event, and a report to the user.
    pub fn device_fault(&mut self, device: u16, report: String) {
        self.outputs.push(Output::Report(format!("device{device}: {report}")));
        self.witness(What::DeviceFault { device, report });
    }
}
