//! The command interface as a state machine: cycles in, effects on the contents out.

use serde::{Deserialize, Serialize};

use super::spec;

/// What reads see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum View {
    #[default]
    Array,
    Status,
    Identifier,
    Query,
}

/// The cycle that is expected next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Cycle {
    #[default]
    Command,
    EraseConfirm,
    ProgramData,
    Lock,
    BufferCount {
        sector: u64,
    },
    BufferData {
        sector: u64,
        left: u32,
    },
    BufferConfirm,
}

/// Bits to clear in the contents: the value is stored where the old one has ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Program {
    pub(super) offset: u64,
    pub(super) size: u8,
    pub(super) value: u32,
}

/// What a cycle does to the contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    None,
    /// Erase the sector at this offset.
    Erase(u64),
    Program(Vec<Program>),
}

/// Everything about a bank that can change but its contents, and its saved form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CfiFlashState {
    pub(super) view: View,
    cycle: Cycle,
    pub(super) status: u8,
    buffer: Vec<Program>,
}

impl Default for CfiFlashState {
    fn default() -> Self {
        Self {
            view: View::default(),
            cycle: Cycle::default(),
            status: spec::STATUS_READY,
            buffer: Vec::new(),
        }
    }
}

impl CfiFlashState {
    /// Version of the saved form.
    pub const VERSION: u16 = 1;

    /// Refuses a saved state that no bank of `len` bytes can be in.
    pub(super) fn check(&self, len: u64) -> Result<(), String> {
        let inside = |program: &Program| {
            matches!(program.size, 1 | 2 | 4)
                && program.offset.checked_add(program.size.into()).is_some_and(|end| end <= len)
        };
        if self.buffer.len() > spec::BUFFER_WORDS as usize || !self.buffer.iter().all(inside) {
            return Err("its program buffer is none".to_owned());
        }
        Ok(())
    }

    /// Takes a write cycle.
    pub(super) fn write(&mut self, program: Program) -> Effect {
        let command = program.value as u8;
        match self.cycle {
            Cycle::Command => self.begin(command, program.offset),
            _ if command == spec::READ_ARRAY && self.may_be_abandoned() => self.show(View::Array),
            Cycle::EraseConfirm if command == spec::CONFIRM => {
                self.show(View::Status);
                return Effect::Erase(sector(program.offset));
            }
            Cycle::ProgramData => {
                self.show(View::Status);
                return Effect::Program(vec![program]);
            }
            Cycle::Lock if is_lock(command) => self.show(View::Status),
            Cycle::BufferCount { sector } if program.value & 0xffff < spec::BUFFER_WORDS => {
                self.cycle = Cycle::BufferData { sector, left: (program.value & 0xffff) + 1 };
            }
            Cycle::BufferData { sector: begun, left } if sector(program.offset) == begun => {
                self.buffer.push(program);
                self.cycle = match left {
                    ..=1 => Cycle::BufferConfirm,
                    _ => Cycle::BufferData { sector: begun, left: left - 1 },
                };
            }
            Cycle::BufferConfirm if command == spec::CONFIRM => {
                let buffer = std::mem::take(&mut self.buffer);
                self.show(View::Status);
                return Effect::Program(buffer);
            }
            _ => self.fail(),
        }
        Effect::None
    }

    fn begin(&mut self, command: u8, offset: u64) {
        let next = match command {
            spec::PROGRAM | spec::PROGRAM_ALTERNATE => Cycle::ProgramData,
            spec::ERASE => Cycle::EraseConfirm,
            spec::LOCK_SETUP => Cycle::Lock,
            spec::PROGRAM_BUFFER => Cycle::BufferCount { sector: sector(offset) },
            // Nothing takes long enough to be suspended.
            spec::READ_STATUS | spec::SUSPEND | spec::CONFIRM => Cycle::Command,
            spec::READ_IDENTIFIER => return self.show(View::Identifier),
            spec::READ_QUERY => return self.show(View::Query),
            spec::CLEAR_STATUS => {
                self.status = spec::STATUS_READY;
                return;
            }
            // Other makers' commands, which drivers try when they probe, do nothing.
            _ => return self.show(View::Array),
        };
        self.show(View::Status);
        self.cycle = next;
    }

    /// Ends a sequence of cycles.
    fn show(&mut self, view: View) {
        self.view = view;
        self.cycle = Cycle::Command;
        self.buffer.clear();
    }

    /// A cycle that means nothing where it came: both error bits, and the sequence is over.
    fn fail(&mut self) {
        self.status |= spec::STATUS_ERASE_ERROR | spec::STATUS_PROGRAM_ERROR;
        self.show(View::Status);
    }

    /// Whether the byte that means "read array" is that here, and not data.
    fn may_be_abandoned(&self) -> bool {
        matches!(self.cycle, Cycle::EraseConfirm | Cycle::Lock | Cycle::BufferConfirm)
    }
}

const fn sector(offset: u64) -> u64 {
    offset - offset % spec::SECTOR
}

const fn is_lock(command: u8) -> bool {
    matches!(command, spec::LOCK | spec::CONFIRM | spec::LOCK_DOWN | spec::READ_CONFIGURATION)
}
