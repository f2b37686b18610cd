//! What compiled code and the engine pass to each other.

use crate::table::Entry;

/// Why compiled code came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Leave {
    /// Control went out of the region.
    Jump = 0,
    /// The next block is longer than what is left of the budget.
    Budget = 1,
    /// The interpreter has to run the next instruction.
    Step = 2,
    /// So it has, because the host table lacks [`Frame::missed`].
    Miss = 3,
    /// The same, for an access with the permissions of user mode.
    MissAsUser = 4,
}

impl Leave {
    /// The reason for what compiled code returned.
    pub(crate) const fn from_code(code: u64) -> Self {
        match code {
            0 => Self::Jump,
            1 => Self::Budget,
            3 => Self::Miss,
            4 => Self::MissAsUser,
            // Always right: the interpreter can run any instruction.
            _ => Self::Step,
        }
    }
}

/// What both sides see.
#[repr(C)]
pub(crate) struct Frame {
    /// Instructions left, before and after.
    pub(crate) left: u64,
    /// The pc, before and after.
    pub(crate) pc: u64,
    /// The address that the host table lacks.
    pub(crate) missed: u64,
    /// The host tables of the current mode and of user mode.
    pub(crate) tables: [*const Entry; 2],
}

/// Offset of [`Frame::left`].
pub(crate) const LEFT: i32 = std::mem::offset_of!(Frame, left) as i32;
/// Offset of [`Frame::pc`].
pub(crate) const PC: i32 = std::mem::offset_of!(Frame, pc) as i32;
/// Offset of [`Frame::missed`].
pub(crate) const MISSED: i32 = std::mem::offset_of!(Frame, missed) as i32;
/// Offsets of [`Frame::tables`].
pub(crate) const TABLES: [i32; 2] =
    [std::mem::offset_of!(Frame, tables) as i32, std::mem::offset_of!(Frame, tables) as i32 + 8];

/// A compiled region. It is given the frame and the vCPU's registers, and returns a [`Leave`].
pub(crate) type Code = unsafe extern "C" fn(*mut Frame, *mut u64) -> u64;
