//! Arm semihosting (Semihosting for AArch32 and AArch64, release 2.0 and later): HLT #0xF000 asks the debugger.
//!
//! Bare-metal programs and test suites without a driver print, read, tell the time and exit this way. Here the emulator
//! is the debugger: the console is the machine's, the clock is virtual time, and the date is the header's, so that a
//! recording needs nothing more. Files are those of one folder, as they were before the run began ([`files`]); without a
//! folder there are none but the console and the list of features, and opening any other is refused (EACCES).
//!
//! Off unless the board has it switched on; then HLT is undefined, as it is at EL0 in any case.

mod files;

use lockstep_core::{RestoreError, SaveState, Saved, StopReason};
use lockstep_cpu::{Cx, Emit, Exit, Mem, PowerState, Request, Size};
use serde::{Deserialize, Serialize};

use crate::Aarch64;
use crate::exceptions::undefined;
use files::{Changes, Files, Mode, Open, name_of};

pub use files::Folder;

/// The immediate of HLT.
const IMMEDIATE: u64 = 0xf000;
/// The console port.
const PORT: u8 = 0;

/// Operations, as W0 names them.
mod op {
    pub(super) const OPEN: u32 = 0x01;
    pub(super) const CLOSE: u32 = 0x02;
    pub(super) const WRITEC: u32 = 0x03;
    pub(super) const WRITE0: u32 = 0x04;
    pub(super) const WRITE: u32 = 0x05;
    pub(super) const READ: u32 = 0x06;
    pub(super) const READC: u32 = 0x07;
    pub(super) const ISERROR: u32 = 0x08;
    pub(super) const ISTTY: u32 = 0x09;
    pub(super) const SEEK: u32 = 0x0a;
    pub(super) const FLEN: u32 = 0x0c;
    pub(super) const TMPNAM: u32 = 0x0d;
    pub(super) const REMOVE: u32 = 0x0e;
    pub(super) const RENAME: u32 = 0x0f;
    pub(super) const CLOCK: u32 = 0x10;
    pub(super) const TIME: u32 = 0x11;
    pub(super) const ERRNO: u32 = 0x13;
    pub(super) const GET_CMDLINE: u32 = 0x15;
    pub(super) const HEAPINFO: u32 = 0x16;
    pub(super) const EXIT: u32 = 0x18;
    pub(super) const EXIT_EXTENDED: u32 = 0x20;
    pub(super) const ELAPSED: u32 = 0x30;
    pub(super) const TICKFREQ: u32 = 0x31;
}

/// Values of errno.
mod errno {
    pub(super) const ENOENT: u64 = 2;
    pub(super) const EBADF: u64 = 9;
    pub(super) const EACCES: u64 = 13;
    pub(super) const EBUSY: u64 = 16;
    pub(super) const EISDIR: u64 = 21;
    pub(super) const EINVAL: u64 = 22;
    pub(super) const EMFILE: u64 = 24;
    pub(super) const ENOSPC: u64 = 28;
    pub(super) const ENAMETOOLONG: u64 = 36;
    pub(super) const ENOSYS: u64 = 38;
}

/// An application that exits, among the reasons of SYS_EXIT; the others are errors.
const APPLICATION_EXIT: u64 = 0x2_0026;
/// What `:semihosting-features` holds: its magic number, SYS_EXIT_EXTENDED, and separate standard output and error.
const FEATURES: [u8; 5] = [b'S', b'H', b'F', b'B', 0b11];
/// Bytes that a call moves at most; SYS_READ and SYS_WRITE say how many they left.
const MOST: u64 = 64 << 10;
/// A string without an end is not printed for ever.
const LONGEST: u64 = 16 << 20;
/// Bytes of a file's name at most.
const LONGEST_NAME: u64 = 4096;
/// Handles at most.
const HANDLES: usize = 32;
/// A result that says "failed".
const FAILED: u64 = u64::MAX;

/// What a handle leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum File {
    ConsoleIn,
    ConsoleOut,
    /// The list of features, from this byte on.
    Features(u64),
    /// One of the folder's.
    Plain(Open),
}

/// What changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    /// Handle `n` is element `n - 1`: zero is no handle, so that programs which test for it are right.
    files: Vec<Option<File>>,
    errno: u64,
    changes: Changes,
}

/// The debugger's side of semihosting, which a board has that offers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Semihosting {
    /// The name of the program and its arguments.
    pub command_line: String,
    /// Heap base, heap limit, stack base, stack limit.
    pub memory: [u64; 4],
    /// The date at which the machine starts, in seconds since 1970.
    pub start_date: u64,
    /// The files that the guest may open, if it may open any.
    pub folder: Option<Folder>,
    state: State,
}

impl Semihosting {
    const VERSION: u16 = 2;

    /// The debugger's side, with nothing open and without files.
    #[must_use]
    pub fn new(command_line: String, memory: [u64; 4], start_date: u64) -> Self {
        Self { command_line, memory, start_date, folder: None, state: State::default() }
    }

    /// The program starts again, and finds the files as it left them.
    pub fn reset(&mut self) {
        let changes = std::mem::take(&mut self.state.changes);
        self.state = State { changes, ..State::default() };
    }

    const fn plain(&mut self) -> Files<'_> {
        Files { folder: self.folder.as_ref(), changes: &mut self.state.changes }
    }

    fn is_open(&self, name: &str) -> bool {
        let open = self.state.files.iter().flatten();
        open.into_iter().any(|file| matches!(file, File::Plain(open) if open.name == name))
    }

    fn fail(&mut self, errno: u64) -> u64 {
        self.state.errno = errno;
        FAILED
    }

    fn open(&mut self, name: &[u8], mode: u64) -> u64 {
        let free = self.state.files.iter().position(Option::is_none);
        let free = free.unwrap_or(self.state.files.len());
        if free == HANDLES {
            return self.fail(errno::EMFILE);
        }
        let file = match (name, mode) {
            (b":tt", 0..=3) => File::ConsoleIn,
            (b":tt", 4..=11) => File::ConsoleOut,
            (b":semihosting-features", 0..=1) => File::Features(0),
            (_, 12..) => return self.fail(errno::EINVAL),
            _ => {
                let mode = Mode::from_number(mode);
                match name_of(name).and_then(|name| self.plain().open(name, mode)) {
                    Ok(open) => File::Plain(open),
                    Err(errno) => return self.fail(errno),
                }
            }
        };
        let files = &mut self.state.files;
        if free == files.len() {
            files.push(None);
        }
        files[free] = Some(file);
        free as u64 + 1
    }

    fn file(&mut self, handle: u64) -> Option<&mut File> {
        let index = (handle as usize).wrapping_sub(1);
        let file = self.state.files.get_mut(index).and_then(Option::as_mut);
        if file.is_none() {
            self.state.errno = errno::EBADF;
        }
        file
    }
}

impl SaveState for Semihosting {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, Self::VERSION, &self.state);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        self.state = from.get(name, Self::VERSION)?;
        Ok(())
    }
}

type Outcome = Result<u64, Exit<Aarch64>>;

/// HLT: `args[0]` is its immediate. Gives the address to go on at, which is its own while it waits for input.
pub(crate) fn call(cx: &mut Cx<Aarch64>, [immediate, ..]: [u64; 3]) -> Outcome {
    let offered = immediate == IMMEDIATE && cx.cpu.sys.el != 0;
    if !offered || cx.platform.semihosting().is_none() {
        return Err(Exit::Exception(undefined()));
    }
    let (number, parameter) = (cx.cpu.regs[0] as u32, cx.cpu.regs[1]);
    match answer(cx, number, parameter)? {
        Some(value) => {
            cx.cpu.regs[0] = value;
            Ok(cx.cpu.pc.wrapping_add(4))
        }
        None => {
            wait(cx);
            Ok(cx.cpu.pc)
        }
    }
}

/// Lets the machine be idle until somebody types, if nobody else runs.
fn wait(cx: &mut Cx<Aarch64>) {
    if cx.powers.len() == 1 {
        cx.cpu.power = PowerState::WaitingForEvent;
        crate::pmu::stops(cx);
    }
    cx.attend();
}

/// Calls the debugger's side, which is there.
fn debugger<T>(
    cx: &mut Cx<Aarch64>,
    run: impl FnOnce(&mut Semihosting) -> T,
) -> Result<T, Exit<Aarch64>> {
    match cx.platform.semihosting() {
        Some(semihosting) => Ok(run(semihosting)),
        None => Err(Exit::Exception(undefined())),
    }
}

fn fail(cx: &mut Cx<Aarch64>, errno: u64) -> Outcome {
    debugger(cx, |debugger| debugger.fail(errno))
}

/// Field `n` of the parameter block.
fn field(cx: &mut Cx<Aarch64>, block: u64, n: u64) -> Outcome {
    cx.load(block.wrapping_add(8 * n), Mem::plain(Size::B8))
}

fn put_field(cx: &mut Cx<Aarch64>, block: u64, n: u64, value: u64) -> Result<(), Exit<Aarch64>> {
    cx.store(block.wrapping_add(8 * n), value, Mem::plain(Size::B8))
}

fn byte(cx: &mut Cx<Aarch64>, address: u64) -> Result<u8, Exit<Aarch64>> {
    Ok(cx.load(address, Mem::plain(Size::B1))? as u8)
}

fn put_byte(cx: &mut Cx<Aarch64>, address: u64, value: u8) -> Result<(), Exit<Aarch64>> {
    cx.store(address, value.into(), Mem::plain(Size::B1))
}

/// The result; nothing when the call has to wait.
fn answer(cx: &mut Cx<Aarch64>, number: u32, x: u64) -> Result<Option<u64>, Exit<Aarch64>> {
    let now = cx.bp.now().as_ns();
    Ok(Some(match number {
        op::OPEN => open(cx, x)?,
        op::CLOSE => close(cx, x)?,
        op::WRITEC => {
            let byte = byte(cx, x)?;
            cx.bp.console_out(PORT, byte);
            0
        }
        op::WRITE0 => write_string(cx, x)?,
        op::WRITE => write(cx, x)?,
        op::READ => return read(cx, x),
        op::READC => return Ok(console_in(cx).map(u64::from)),
        op::ISERROR => u64::from((field(cx, x, 0)? as i64) < 0),
        op::ISTTY => with_file(cx, x, |_, file| {
            u64::from(matches!(file, File::ConsoleIn | File::ConsoleOut))
        })?,
        op::SEEK => seek(cx, x)?,
        op::FLEN => with_file(cx, x, |debugger, file| match file {
            File::Features(_) => FEATURES.len() as u64,
            File::Plain(open) => debugger.plain().contents(&open.name).map_or(0, len),
            File::ConsoleIn | File::ConsoleOut => 0,
        })?,
        op::TMPNAM => temporary_name(cx, x)?,
        op::REMOVE => remove(cx, x)?,
        op::RENAME => rename(cx, x)?,
        op::CLOCK => now / 10_000_000,
        op::TIME => debugger(cx, |debugger| debugger.start_date)? + now / 1_000_000_000,
        op::ERRNO => debugger(cx, |debugger| debugger.state.errno)?,
        op::GET_CMDLINE => command_line(cx, x)?,
        op::HEAPINFO => heap_info(cx, x)?,
        op::EXIT | op::EXIT_EXTENDED => exit(cx, x)?,
        op::ELAPSED => {
            put_field(cx, x, 0, now)?;
            0
        }
        op::TICKFREQ => 1_000_000_000,
        // SYS_SYSTEM among them.
        _ => fail(cx, errno::ENOSYS)?,
    }))
}

const fn len(bytes: &[u8]) -> u64 {
    bytes.len() as u64
}

/// The name of `count` bytes at an address.
fn name_at(cx: &mut Cx<Aarch64>, at: u64, count: u64) -> Result<Vec<u8>, Exit<Aarch64>> {
    (0..count).map(|n| byte(cx, at.wrapping_add(n))).collect()
}

fn open(cx: &mut Cx<Aarch64>, block: u64) -> Outcome {
    let (at, mode, len) = (field(cx, block, 0)?, field(cx, block, 1)?, field(cx, block, 2)?);
    if len > LONGEST_NAME {
        return fail(cx, errno::ENAMETOOLONG);
    }
    let name = name_at(cx, at, len)?;
    debugger(cx, |debugger| debugger.open(&name, mode))
}

/// SYS_CLOSE. What was written is given out now, for a program that is killed later may have meant it.
fn close(cx: &mut Cx<Aarch64>, block: u64) -> Outcome {
    let handle = field(cx, block, 0)?;
    let result = debugger(cx, |debugger| match debugger.file(handle) {
        Some(_) => {
            debugger.state.files[handle as usize - 1] = None;
            0
        }
        None => FAILED,
    })?;
    give_out(cx)?;
    Ok(result)
}

/// Shows the outside what was written.
fn give_out(cx: &mut Cx<Aarch64>) -> Result<(), Exit<Aarch64>> {
    let fresh = debugger(cx, |debugger| debugger.plain().take_fresh())?;
    cx.bp.outputs.extend(fresh);
    Ok(())
}

/// Does something with the file that the first field names.
fn with_file(
    cx: &mut Cx<Aarch64>,
    block: u64,
    run: impl FnOnce(&mut Semihosting, &File) -> u64,
) -> Outcome {
    let handle = field(cx, block, 0)?;
    debugger(cx, |debugger| match debugger.file(handle).cloned() {
        Some(file) => run(debugger, &file),
        None => FAILED,
    })
}

/// SYS_REMOVE. A file that is open stays (EBUSY).
fn remove(cx: &mut Cx<Aarch64>, block: u64) -> Outcome {
    let (at, count) = (field(cx, block, 0)?, field(cx, block, 1)?);
    let name = name_at(cx, at, count.min(LONGEST_NAME))?;
    debugger(cx, |debugger| {
        let removed = name_of(&name).and_then(|name| match debugger.is_open(&name) {
            true => Err(errno::EBUSY),
            false => debugger.plain().remove(&name),
        });
        removed.map_or_else(|errno| debugger.fail(errno), |()| 0)
    })
}

/// SYS_RENAME. Neither name may be that of a file that is open (EBUSY).
fn rename(cx: &mut Cx<Aarch64>, block: u64) -> Outcome {
    let (from, from_len) = (field(cx, block, 0)?, field(cx, block, 1)?);
    let (to, to_len) = (field(cx, block, 2)?, field(cx, block, 3)?);
    let from = name_at(cx, from, from_len.min(LONGEST_NAME))?;
    let to = name_at(cx, to, to_len.min(LONGEST_NAME))?;
    debugger(cx, |debugger| {
        let names = name_of(&from).and_then(|from| Ok((from, name_of(&to)?)));
        let renamed = names.and_then(|(from, to)| {
            if debugger.is_open(&from) || debugger.is_open(&to) {
                return Err(errno::EBUSY);
            }
            debugger.plain().rename(&from, &to)
        });
        renamed.map_or_else(|errno| debugger.fail(errno), |()| 0)
    })
}

/// SYS_TMPNAM: a name for each of the identifiers 0 to 255, in the folder.
fn temporary_name(cx: &mut Cx<Aarch64>, block: u64) -> Outcome {
    let (at, id, len) = (field(cx, block, 0)?, field(cx, block, 1)?, field(cx, block, 2)?);
    let name = format!("tmp-{id:03}\0");
    if id > 255 || len < name.len() as u64 {
        return fail(cx, errno::EINVAL);
    }
    for (n, byte) in (0..).zip(name.bytes()) {
        put_byte(cx, at.wrapping_add(n), byte)?;
    }
    Ok(0)
}

fn write_string(cx: &mut Cx<Aarch64>, at: u64) -> Outcome {
    for n in 0..LONGEST {
        match byte(cx, at.wrapping_add(n))? {
            0 => return Ok(0),
            byte => cx.bp.console_out(PORT, byte),
        }
    }
    let report =
        format!("semihosting: SYS_WRITE0 of a string that has no end (pc {:#x})", cx.cpu.pc);
    Err(Exit::Stop(Box::new(StopReason::Unimplemented(report))))
}

/// SYS_WRITE: the bytes that were not written.
fn write(cx: &mut Cx<Aarch64>, block: u64) -> Outcome {
    let (handle, at, len) = (field(cx, block, 0)?, field(cx, block, 1)?, field(cx, block, 2)?);
    let count = len.min(MOST);
    match debugger(cx, |debugger| debugger.file(handle).cloned())? {
        Some(File::ConsoleOut) => {
            for n in 0..count {
                let byte = byte(cx, at.wrapping_add(n))?;
                cx.bp.console_out(PORT, byte);
            }
            Ok(len - count)
        }
        Some(File::Plain(mut open)) if open.mode.write => {
            let bytes = name_at(cx, at, count)?;
            debugger(cx, |debugger| match debugger.plain().write(&mut open, &bytes) {
                Ok(()) => {
                    debugger.state.files[handle as usize - 1] = Some(File::Plain(open));
                    len - count
                }
                Err(errno) => {
                    debugger.state.errno = errno;
                    len
                }
            })
        }
        _ => {
            fail(cx, errno::EBADF)?;
            Ok(len)
        }
    }
}

/// SYS_READ: the bytes that were not read. The console gives what there is, and waits when there is nothing.
fn read(cx: &mut Cx<Aarch64>, block: u64) -> Result<Option<u64>, Exit<Aarch64>> {
    let (handle, at, len) = (field(cx, block, 0)?, field(cx, block, 1)?, field(cx, block, 2)?);
    let most = len.min(MOST);
    let count = match debugger(cx, |debugger| debugger.file(handle).cloned())? {
        Some(File::ConsoleIn) if len == 0 => 0,
        Some(File::ConsoleIn) => match read_console(cx, at, most)? {
            0 => return Ok(None),
            count => count,
        },
        Some(File::Features(from)) => {
            let count = put_from(cx, at, &FEATURES, from, most)?;
            debugger(cx, |debugger| {
                debugger.file(handle).map(|file| *file = File::Features(from + count))
            })?;
            count
        }
        Some(File::Plain(open)) if open.mode.read => {
            let piece = debugger(cx, |debugger| {
                let contents = debugger.plain();
                let contents = contents.contents(&open.name).unwrap_or_default();
                let rest = contents.get(open.at as usize..).unwrap_or_default();
                rest[..rest.len().min(most as usize)].to_vec()
            })?;
            let count = put_from(cx, at, &piece, 0, most)?;
            let moved = Open { at: open.at + count, ..open };
            debugger(cx, |debugger| debugger.file(handle).map(|file| *file = File::Plain(moved)))?;
            count
        }
        _ => {
            fail(cx, errno::EBADF)?;
            0
        }
    };
    Ok(Some(len - count))
}

/// Puts what there is of `bytes` from a place on, `most` at most, to memory. Gives how many that were.
fn put_from(cx: &mut Cx<Aarch64>, at: u64, bytes: &[u8], from: u64, most: u64) -> Outcome {
    let rest = bytes.get(from as usize..).unwrap_or_default();
    let count = most.min(rest.len() as u64);
    for (n, byte) in (0..count).zip(rest) {
        put_byte(cx, at.wrapping_add(n), *byte)?;
    }
    Ok(count)
}

/// What was typed, to memory that has been found writable before it is taken.
fn read_console(cx: &mut Cx<Aarch64>, at: u64, most: u64) -> Outcome {
    let mut count = 0;
    while count < most {
        let to = at.wrapping_add(count);
        let old = byte(cx, to)?;
        put_byte(cx, to, old)?;
        let Some(byte) = console_in(cx) else { break };
        put_byte(cx, to, byte)?;
        count += 1;
    }
    Ok(count)
}

/// SYS_SEEK: to a place that is not behind the end.
fn seek(cx: &mut Cx<Aarch64>, block: u64) -> Outcome {
    let (handle, to) = (field(cx, block, 0)?, field(cx, block, 1)?);
    with_file(cx, block, |debugger, file| {
        let (end, moved) = match file {
            File::Features(_) => (len(&FEATURES), File::Features(to)),
            File::Plain(open) => {
                let end = debugger.plain().contents(&open.name).map_or(0, len);
                (end, File::Plain(Open { at: to, ..open.clone() }))
            }
            File::ConsoleIn | File::ConsoleOut => return debugger.fail(errno::EINVAL),
        };
        if to > end {
            return debugger.fail(errno::EINVAL);
        }
        debugger.state.files[handle as usize - 1] = Some(moved);
        0
    })
}

/// SYS_GET_CMDLINE: into a buffer whose address and length the block has; the length comes back without the final zero.
fn command_line(cx: &mut Cx<Aarch64>, block: u64) -> Outcome {
    let (at, len) = (field(cx, block, 0)?, field(cx, block, 1)?);
    let text = debugger(cx, |debugger| debugger.command_line.clone())?.into_bytes();
    if text.len() as u64 >= len {
        return fail(cx, errno::EINVAL);
    }
    for (n, byte) in (0..).zip(text.iter().chain(&[0])) {
        put_byte(cx, at.wrapping_add(n), *byte)?;
    }
    put_field(cx, block, 1, text.len() as u64)?;
    Ok(0)
}

/// SYS_HEAPINFO: to the block that the parameter points at.
fn heap_info(cx: &mut Cx<Aarch64>, parameter: u64) -> Outcome {
    let block = field(cx, parameter, 0)?;
    let memory = debugger(cx, |debugger| debugger.memory)?;
    for (n, value) in (0..).zip(memory) {
        put_field(cx, block, n, value)?;
    }
    Ok(0)
}

/// SYS_EXIT and SYS_EXIT_EXTENDED, which are the same here: the end of the run.
fn exit(cx: &mut Cx<Aarch64>, block: u64) -> Outcome {
    let (reason, subcode) = (field(cx, block, 0)?, field(cx, block, 1)?);
    let status = if reason == APPLICATION_EXIT { subcode as i32 } else { 1 };
    give_out(cx)?;
    cx.ask(Request::Stop(StopReason::GuestExit(status)));
    Ok(0)
}

/// A byte that was typed.
fn console_in(cx: &mut Cx<Aarch64>) -> Option<u8> {
    let (platform, mut devices) = cx.devices();
    platform.console_in(&mut devices)
}

#[cfg(test)]
mod tests;
