//! What compiled code and the engine pass to each other.

use std::ffi::c_void;

use lockstep_cpu::{Mem, Size};

use crate::table::{Entry, Source};

/// Why compiled code came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(crate) enum Leave {
    /// Control went to where there is no compiled code.
    Jump = 1,
    /// Control went to a page that the table of sources lacks: nothing has been fetched from there so far.
    Elsewhere = 2,
    /// The region may be longer than what is left of the budget.
    Budget = 3,
    /// The interpreter has to run the next instruction.
    Step = 4,
    /// An instruction has ended in an exit, and the processor is as the interpreter would have left it.
    Exit = 5,
    /// An instruction was run outside that changed where or how to go on.
    Turned = 6,
}

impl Leave {
    /// The reason for what compiled code returned.
    pub(crate) const fn from_code(code: u64) -> Self {
        match code {
            1 => Self::Jump,
            2 => Self::Elsewhere,
            3 => Self::Budget,
            5 => Self::Exit,
            6 => Self::Turned,
            // Always right: the interpreter can run any instruction.
            _ => Self::Step,
        }
    }
}

/// What a call for a load gives: a value, and 0 or a [`Leave`].
#[repr(C)]
pub(crate) struct Loaded {
    pub(crate) value: u64,
    pub(crate) leave: u64,
}

/// Loads for compiled code: frame, address, [`What`], instructions left, address of the code page.
pub(crate) type Load = unsafe extern "C" fn(*mut Frame, u64, u64, u64, u64) -> Loaded;
/// Stores for compiled code: the same, and the value. Gives 0 or a [`Leave`].
pub(crate) type Store = unsafe extern "C" fn(*mut Frame, u64, u64, u64, u64, u64) -> u64;
/// Runs an instruction for compiled code: frame, its [`lockstep_cpu::Op`], [`What`], instructions left, address of the
/// code page. Gives 0 or a [`Leave`].
pub(crate) type Step = unsafe extern "C" fn(*mut Frame, *const c_void, u64, u64, u64) -> u64;

/// The same for an instruction whose accesses in a row the table lacks, and the address of the first.
pub(crate) type Row = unsafe extern "C" fn(*mut Frame, *const c_void, u64, u64, u64, u64) -> u64;

/// What both sides see.
#[repr(C)]
pub(crate) struct Frame {
    /// Instructions left when compiled code came back.
    pub(crate) left: u64,
    /// The pc when compiled code came back.
    pub(crate) pc: u64,
    /// The physical page number from which instructions are being fetched.
    pub(crate) page: u64,
    /// On [`Leave::Elsewhere`], the address of its virtual page.
    pub(crate) from: u64,
    /// The host tables of the current mode and of user mode.
    pub(crate) tables: [*const Entry; 2],
    /// Where code is, for the current mode.
    pub(crate) sources: *const Source,
    pub(crate) load: Load,
    pub(crate) store: Store,
    pub(crate) step: Step,
    pub(crate) row: Row,
    /// The running vCPU and the machine around it.
    pub(crate) cx: *mut c_void,
    /// The engine.
    pub(crate) engine: *mut c_void,
}

/// Offset of [`Frame::left`].
pub(crate) const LEFT: i32 = std::mem::offset_of!(Frame, left) as i32;
/// Offset of [`Frame::pc`].
pub(crate) const PC: i32 = std::mem::offset_of!(Frame, pc) as i32;
/// Offset of [`Frame::page`].
pub(crate) const PAGE: i32 = std::mem::offset_of!(Frame, page) as i32;
/// Offset of [`Frame::from`].
pub(crate) const FROM: i32 = std::mem::offset_of!(Frame, from) as i32;
/// Offsets of [`Frame::tables`].
pub(crate) const TABLES: [i32; 2] =
    [std::mem::offset_of!(Frame, tables) as i32, std::mem::offset_of!(Frame, tables) as i32 + 8];
/// Offset of [`Frame::sources`].
pub(crate) const SOURCES: i32 = std::mem::offset_of!(Frame, sources) as i32;
/// Offset of [`Frame::load`].
pub(crate) const LOAD: i32 = std::mem::offset_of!(Frame, load) as i32;
/// Offset of [`Frame::store`].
pub(crate) const STORE: i32 = std::mem::offset_of!(Frame, store) as i32;
/// Offset of [`Frame::step`].
pub(crate) const STEP: i32 = std::mem::offset_of!(Frame, step) as i32;
/// Offset of [`Frame::row`].
pub(crate) const ROW: i32 = std::mem::offset_of!(Frame, row) as i32;

/// Enters compiled code: frame, the vCPU's registers, pc, instructions left, the code. Gives a [`Leave`].
pub(crate) type Enter = unsafe extern "C" fn(*mut Frame, *mut u64, u64, u64, Code) -> u64;

/// The address of compiled code.
pub(crate) type Code = *const u8;

/// What compiled code wants done: which instruction wants it, and for accesses, how.
#[derive(Clone, Copy)]
pub(crate) struct What {
    /// The instruction's place in the page.
    pub(crate) at: usize,
    /// Instructions from it to the end of its block, with it: already taken off the budget.
    pub(crate) owed: u64,
    pub(crate) mem: Mem,
}

impl What {
    /// As a constant in code.
    pub(crate) const fn pack(self) -> u64 {
        let mem = self.mem.size as u64
            | (self.mem.aligned as u64) << 4
            | (self.mem.user as u64) << 5
            | (self.mem.update as u64) << 6;
        mem | (self.at as u64) << 8 | self.owed << 32
    }

    /// From a constant in code.
    pub(crate) const fn unpack(packed: u64) -> Self {
        let size = match packed & 0xf {
            1 => Size::B1,
            2 => Size::B2,
            4 => Size::B4,
            _ => Size::B8,
        };
        let mem = Mem {
            size,
            aligned: packed >> 4 & 1 == 1,
            user: packed >> 5 & 1 == 1,
            update: packed >> 6 & 1 == 1,
        };
        Self { at: (packed >> 8 & 0xffff) as usize, owed: packed >> 32, mem }
    }
}
