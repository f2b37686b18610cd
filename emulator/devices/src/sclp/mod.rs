//! The service-call logical processor: what the machine tells of itself, and the operator's console.
//!
//! A service call is answered later on real machines, and the interruption that says so is one that a program waits for
//! with everything else disabled. So an answer that is early or late by an instruction is another run. Here the answer
//! is in the block when the instruction ends, and the interruption is pending from then on, always.
//!
//! There is one interruption, and it has room for one answer and for one bit that says that events wait. A call that comes
//! before the last answer has been taken finds the processor busy.
//!
//! There may be two consoles, which share the keyboard. What is typed goes to the ASCII console when the program takes its events, else, line by
//! line, to the program as commands of the operator.

mod block;
mod ebcdic;
mod events;
#[cfg(test)]
mod tests;

pub mod spec;

use std::collections::VecDeque;

use lockstep_core::{RestoreError, SaveState, Saved};
use serde::{Deserialize, Serialize};

use self::block::Block;
use self::spec::response;
use crate::DeviceCx;

/// What the machine is, as far as programs ask here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SclpConfig {
    /// Bytes of memory, from address 0; a multiple of 1 MiB.
    pub memory: u64,
    /// Processors, with addresses from 0.
    pub cpus: u16,
    /// The load parameter, in ASCII, padded with spaces.
    pub loadparm: [u8; 8],
    /// The board's number for the ASCII console, if there is one.
    pub ascii_port: Option<u8>,
    /// The board's number for the operator's console, if there is one.
    pub operator_port: Option<u8>,
}

/// Everything that can change, and its saved form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    /// Events that the program takes.
    receives: u32,
    /// Events that the program gives.
    sends: u32,
    /// What was typed and has not been read.
    typed: VecDeque<u8>,
    /// The program has to be told that power is about to go.
    quiesce: bool,
    /// The pending interruption's parameter; 0 for none.
    signal: u32,
}

/// How a service call began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// The answer is there, and its interruption is pending. Condition code 0.
    Accepted,
    /// The last answer has not been taken. Condition code 2.
    Busy,
}

/// A service call that is a program interruption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallFault {
    /// The block's address or length is impossible.
    Specification,
    /// The block is not in memory.
    Addressing,
}

/// The processor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sclp {
    config: SclpConfig,
    state: State,
}

const VERSION: u16 = 1;

impl Sclp {
    /// One that knows the machine.
    #[must_use]
    pub fn new(config: SclpConfig) -> Self {
        Self { config, state: State::default() }
    }

    /// A service call: `command` on the block at the absolute address `sccb`.
    pub fn call(
        &mut self,
        cx: &mut DeviceCx<'_>,
        command: u32,
        sccb: u64,
    ) -> Result<Call, CallFault> {
        if !sccb.is_multiple_of(spec::SCCB_ALIGN)
            || !(spec::SCCB_LEAST..spec::SCCB_LIMIT).contains(&sccb)
        {
            return Err(CallFault::Specification);
        }
        let mut block = Block::read(cx.mem, sccb).ok_or(CallFault::Addressing)?;
        if usize::from(block.length()) < spec::HEADER {
            return Err(CallFault::Specification);
        }
        if self.state.signal & !spec::SIGNAL_EVENTS != 0 {
            return Ok(Call::Busy);
        }
        let last = sccb + u64::from(block.length()) - 1;
        let code = if sccb / spec::SCCB_PAGE == last / spec::SCCB_PAGE {
            self.execute(cx, command, &mut block)
        } else {
            response::BOUNDARY
        };
        block.respond(code);
        if !block.write(cx.mem, sccb) {
            return Err(CallFault::Addressing);
        }
        let events = if self.events_wait() { spec::SIGNAL_EVENTS } else { 0 };
        self.state.signal = sccb as u32 | events;
        cx.bp.attention = true;
        Ok(Call::Accepted)
    }

    fn execute(&mut self, cx: &mut DeviceCx<'_>, command: u32, block: &mut Block) -> u16 {
        match command & spec::COMMAND_MASK {
            spec::READ_SCP_INFO | spec::READ_SCP_INFO_FORCED => self.read_info(block),
            spec::READ_CPU_INFO => self.read_cpus(block),
            spec::WRITE_EVENT_MASK => self.write_masks(block),
            spec::READ_EVENT_DATA => self.read_events(block),
            spec::WRITE_EVENT_DATA => self.write_events(cx, block),
            _ => response::INVALID_COMMAND,
        }
    }

    fn read_info(&self, block: &mut Block) -> u16 {
        use spec::info;
        let cpus = self.config.cpus;
        let end = info::ENTRIES + usize::from(cpus) * spec::CPU_ENTRY;
        if usize::from(block.length()) < end {
            return response::TOO_SHORT;
        }
        block.clear_from(spec::HEADER);
        let mebibytes = self.config.memory >> 20;
        // The number of increments must fit into a halfword, and their size into a byte.
        let size = (mebibytes / 4096).next_power_of_two();
        let count = mebibytes / size;
        match u8::try_from(size) {
            Ok(size) => {
                block.put(info::INCREMENTS, &(count as u16).to_be_bytes());
                block.put(info::INCREMENT_SIZE, &[size]);
            }
            Err(_) => {
                block.put(info::INCREMENT_SIZE_2, &(size as u32).to_be_bytes());
                block.put(info::INCREMENTS_2, &count.to_be_bytes());
            }
        }
        block.put(info::CPUS, &cpus.to_be_bytes());
        block.put(info::CPU_OFFSET, &(info::ENTRIES as u16).to_be_bytes());
        block.put(info::LOADPARM, &self.config.loadparm.map(ebcdic::from_latin));
        block.put(info::FACILITIES, &info::FACILITY_CPU_INFO.to_be_bytes());
        block.put(info::MORE_FACILITIES, &[info::FACILITY_DIAGNOSE_318]);
        block.put(info::HIGHEST_CPU, &(cpus - 1).to_be_bytes());
        self.put_cpus(block, info::ENTRIES);
        block.shorten(end);
        response::READ_DONE
    }

    fn read_cpus(&self, block: &mut Block) -> u16 {
        use spec::cpu_info;
        let end = cpu_info::ENTRIES + usize::from(self.config.cpus) * spec::CPU_ENTRY;
        if usize::from(block.length()) < end {
            return response::TOO_SHORT;
        }
        block.clear_from(spec::HEADER);
        block.put(cpu_info::CONFIGURED, &self.config.cpus.to_be_bytes());
        block.put(cpu_info::CONFIGURED_OFFSET, &(cpu_info::ENTRIES as u16).to_be_bytes());
        block.put(cpu_info::STANDBY, &0u16.to_be_bytes());
        block.put(cpu_info::STANDBY_OFFSET, &(end as u16).to_be_bytes());
        self.put_cpus(block, cpu_info::ENTRIES);
        block.shorten(end);
        response::READ_DONE
    }

    fn put_cpus(&self, block: &mut Block, at: usize) {
        for number in 0..self.config.cpus {
            // The rest of an entry is features of interpretive execution, which there is not.
            block.put(at + usize::from(number) * spec::CPU_ENTRY, &[number as u8]);
        }
    }

    /// Whether the service signal is pending.
    #[must_use]
    pub fn signals(&self) -> bool {
        self.state.signal != 0
    }

    /// The processor takes the service signal: its parameter.
    pub fn take_signal(&mut self) -> u32 {
        std::mem::take(&mut self.state.signal)
    }

    /// Takes bytes that were typed.
    pub fn receive(&mut self, cx: &mut DeviceCx<'_>, bytes: &[u8]) {
        self.state.typed.extend(bytes);
        self.announce(cx);
    }

    /// Tells the program that power is about to go.
    pub fn press_power_key(&mut self, cx: &mut DeviceCx<'_>) {
        self.state.quiesce = true;
        self.announce(cx);
    }

    fn announce(&mut self, cx: &mut DeviceCx<'_>) {
        if self.events_wait() {
            self.state.signal |= spec::SIGNAL_EVENTS;
            cx.bp.attention = true;
        }
    }

    /// Back to the state after power-on.
    pub fn reset(&mut self) {
        self.state = State::default();
    }
}

impl SaveState for Sclp {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, VERSION, &self.state);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        self.state = from.get(name, VERSION)?;
        Ok(())
    }
}
