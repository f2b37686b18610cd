//! Events as bytes.
//!
//! Events are many and alike: a timer's next time is a period later, the next interrupt comes near the last one.
//! So moments, times and addresses are written as differences to the ones before them in the same frame; each
//! frame starts afresh, so that a reader can begin at any of them.

use lockstep_core::{Event, Moment, VcpuId, VirtualTime, What};

/// What the differences refer to.
#[derive(Clone, Copy, Debug, Default)]
struct Previous {
    at: Option<Moment>,
    time: u64,
    pc: u64,
    address: u64,
    page: u64,
    frame: u64,
}

/// Replaces a value by its difference to the previous one, or the reverse, and remembers it.
type Step = fn(previous: &mut u64, value: &mut u64);

fn subtract(previous: &mut u64, value: &mut u64) {
    let difference = value.wrapping_sub(*previous).cast_signed();
    *previous = *value;
    // Zigzag: small differences of either sign become small numbers, which postcard writes in few bytes.
    *value = ((difference << 1) ^ (difference >> 63)).cast_unsigned();
}

fn add(previous: &mut u64, value: &mut u64) {
    let difference = (*value >> 1) ^ (*value & 1).wrapping_neg();
    *value = previous.wrapping_add(difference);
    *previous = *value;
}

impl Previous {
    /// Visits the fields that are written as differences: one visit for both directions, so that they agree.
    fn relate(&mut self, what: &mut What, step: Step) {
        let mut time = |time: &mut VirtualTime| {
            let mut ns = time.as_ns();
            step(&mut self.time, &mut ns);
            *time = VirtualTime::from_ns(ns);
        };
        match what {
            What::Due { armed_for, .. } => time(armed_for),
            What::Warp { to } => time(to),
            What::Interrupt { pc, .. } => step(&mut self.pc, pc),
            What::Exception { address, pc, .. } => {
                step(&mut self.address, address);
                step(&mut self.pc, pc);
            }
            What::TlbFill { page, frame, .. } => {
                step(&mut self.page, page);
                step(&mut self.frame, frame);
            }
            What::Input(_)
            | What::ConsoleOut { .. }
            | What::Switch { .. }
            | What::VcpuOn { .. }
            | What::VcpuOff
            | What::MachineReset
            | What::Completion { .. }
            | What::Digest { .. }
            | What::Stop(_)
            | What::DeviceFault { .. } => {}
        }
    }
}

/// Encodes the events of one frame.
#[derive(Clone, Debug, Default)]
pub(crate) struct Encoder {
    previous: Previous,
}

impl Encoder {
    /// Appends an event to `bytes`. Its moment is later than that of the one before.
    pub(crate) fn event(&mut self, event: &Event, bytes: &mut Vec<u8>) -> Result<(), String> {
        let (retired, ordinal) = match self.previous.at {
            // The first event's moment is in the head of the frame.
            None => (0, 0),
            Some(before) if before.retired == event.at.retired => {
                (0, event.at.ordinal.wrapping_sub(before.ordinal).wrapping_sub(1))
            }
            Some(before) => (event.at.retired.wrapping_sub(before.retired), event.at.ordinal),
        };
        self.previous.at = Some(event.at);
        let mut what = event.what.clone();
        self.previous.relate(&mut what, subtract);
        let item = (retired, ordinal, event.vcpu, what);
        *bytes = postcard::to_extend(&item, std::mem::take(bytes)).map_err(|it| it.to_string())?;
        Ok(())
    }
}

/// Decodes the events of one frame.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    first: Moment,
    previous: Previous,
}

impl Decoder {
    /// For a frame whose first event is at `first`.
    pub(crate) fn new(first: Moment) -> Self {
        Self { first, previous: Previous::default() }
    }

    /// Takes an event from the start of `bytes`; its moment is later than that of the one before.
    pub(crate) fn event(&mut self, bytes: &mut &[u8]) -> Result<Event, String> {
        type Item = (u64, u32, VcpuId, What);
        let ((retired, ordinal, vcpu, mut what), rest) =
            postcard::take_from_bytes::<Item>(bytes).map_err(|error| error.to_string())?;
        *bytes = rest;
        let at = self.moment(retired, ordinal).ok_or("impossible moment")?;
        self.previous.at = Some(at);
        self.previous.relate(&mut what, add);
        Ok(Event { at, vcpu, what })
    }

    fn moment(&self, retired: u64, ordinal: u32) -> Option<Moment> {
        let Some(before) = self.previous.at else {
            return (retired == 0 && ordinal == 0).then_some(self.first);
        };
        if retired == 0 {
            let ordinal = before.ordinal.checked_add(ordinal)?.checked_add(1)?;
            Some(Moment { retired: before.retired, ordinal })
        } else {
            Some(Moment { retired: before.retired.checked_add(retired)?, ordinal })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    /// Catches a field related in one direction only, and a difference that loses its sign or overflows.
    #[test]
    fn events_round_trip() {
        let events = samples::events();
        let mut encoder = Encoder::default();
        let mut bytes = Vec::new();
        for event in &events {
            encoder.event(event, &mut bytes).unwrap();
        }
        let mut decoder = Decoder::new(events[0].at);
        let mut rest = bytes.as_slice();
        for event in &events {
            assert_eq!(decoder.event(&mut rest).as_ref(), Ok(event));
        }
        assert!(rest.is_empty());
    }

    /// Catches differences that wrap.
    #[test]
    fn extreme_values_round_trip() {
        for (before, value) in [(0, u64::MAX), (u64::MAX, 0), (1 << 63, 0), (5, 4), (4, 5)] {
            let (mut previous, mut there, mut back) = (before, value, before);
            subtract(&mut previous, &mut there);
            assert!(before.abs_diff(value) > 1 || there < 3);
            add(&mut back, &mut there);
            assert_eq!((there, back, previous), (value, value, value));
        }
    }
}
