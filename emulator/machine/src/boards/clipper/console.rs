//! The console's routines: what an operating system calls through the HWRPB's routine block.
//!
//! Alpha Architecture Handbook, version 4, part III, section 2.3: "Console callback routines". The code at the routines'
//! addresses is a PALcode call; what it does is here. Output goes where the serial port's goes, and input comes from
//! there.

use std::collections::BTreeMap;

use lockstep_alpha::{Alpha, reg, translate};
use lockstep_core::{RestoreError, SaveState, Saved};
use lockstep_cpu::Vcpu;
use lockstep_devices::ns16550::{self, Ns16550};
use lockstep_devices::{Device, DeviceCx};
use lockstep_memory::OutOfRange;
use serde::{Deserialize, Serialize};

use super::hwrpb;

/// Function codes of DISPATCH.
mod code {
    pub(super) const GETC: u64 = 0x01;
    pub(super) const PUTS: u64 = 0x02;
    pub(super) const RESET_TERM: u64 = 0x03;
    pub(super) const SET_TERM_INT: u64 = 0x04;
    pub(super) const SET_TERM_CTL: u64 = 0x05;
    pub(super) const OPEN_CONSOLE: u64 = 0x07;
    pub(super) const CLOSE_CONSOLE: u64 = 0x08;
    pub(super) const OPEN: u64 = 0x10;
    pub(super) const CLOSE: u64 = 0x11;
    pub(super) const IOCTL: u64 = 0x12;
    pub(super) const READ: u64 = 0x13;
    pub(super) const WRITE: u64 = 0x14;
    pub(super) const SET_ENV: u64 = 0x20;
    pub(super) const RESET_ENV: u64 = 0x21;
    pub(super) const GET_ENV: u64 = 0x22;
    pub(super) const SAVE_ENV: u64 = 0x23;
}

/// R0 bits 63:61: done.
const DONE: u64 = 0;
/// GETC: nothing has been typed. RESET_ENV, SET_ENV and GET_ENV: the value did not fit.
const MORE: u64 = 1 << 61;
/// GETC: nothing has been typed.
const NOTHING: u64 = 4 << 61;
/// The environment has no such variable.
const UNKNOWN: u64 = 6 << 61;
/// There is no such device.
const NO_DEVICE: u64 = 3 << 62;

/// The environment variables that there are, and their values at the start (section 2.2.1). BOOTED_OSFLAGS, which is the
/// command line, is the board's.
const VARIABLES: [(u64, &[u8]); 14] = [
    (0x01, b"HALT"),
    (0x02, b""),
    (0x03, b""),
    (BOOTED_DEVICE, b"LOCKSTEP"),
    (0x05, b""),
    (0x06, b""),
    (0x07, b""),
    (BOOTED_FLAGS, b""),
    (0x09, b"OFF"),
    (0x0a, b""),
    (0x0b, b"ON"),
    (0x0c, b"MU"),
    (0x0e, b"0"),
    (0x0f, b"0"),
];
/// BOOTED_DEV.
const BOOTED_DEVICE: u64 = 0x04;
/// BOOTED_OSFLAGS.
const BOOTED_FLAGS: u64 = 0x08;
/// The longest value of a variable.
const LONGEST: u64 = 4096;

/// What of the console can change, and its saved form: values that were set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ConsoleState {
    set: BTreeMap<u64, Vec<u8>>,
}

/// The console.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Console {
    flags: Vec<u8>,
    state: ConsoleState,
}

impl Console {
    const VERSION: u16 = 1;

    /// A console that has booted with `flags`.
    pub(super) fn new(flags: &str) -> Self {
        Self { flags: flags.as_bytes().to_vec(), state: ConsoleState::default() }
    }

    pub(super) fn reset(&mut self) {
        self.state = ConsoleState::default();
    }

    /// The routine at the program counter, with its arguments in R16 and up. The result goes into R0.
    pub(super) fn call(
        &mut self,
        cx: &mut DeviceCx<'_>,
        cpu: &mut Vcpu<Alpha>,
        uart: &mut Ns16550,
    ) -> Result<(), String> {
        let page = cpu.pc % lockstep_alpha::PAGE;
        let result = if page & !7 == hwrpb::FIXUP {
            hwrpb::fix_up(cx.mem, cpu.regs[usize::from(reg::A0)]).map(|()| DONE)
        } else {
            self.dispatch(cx, cpu, uart)?
        };
        let report = |error: OutOfRange| format!("console routine: {error}");
        cpu.regs[usize::from(reg::V0)] = result.map_err(report)?;
        Ok(())
    }

    /// DISPATCH: the function code is the first argument.
    fn dispatch(
        &mut self,
        cx: &mut DeviceCx<'_>,
        cpu: &Vcpu<Alpha>,
        uart: &mut Ns16550,
    ) -> Result<Result<u64, OutOfRange>, String> {
        let [function, a, b, c] = std::array::from_fn(|n| cpu.regs[usize::from(reg::A0) + n]);
        Ok(match function {
            code::GETC => Ok(getc(cx, uart)),
            code::PUTS => puts(cx, cpu, uart, b, c),
            code::RESET_TERM
            | code::SET_TERM_INT
            | code::SET_TERM_CTL
            | code::OPEN_CONSOLE
            | code::CLOSE_CONSOLE
            | code::SAVE_ENV => Ok(DONE),
            code::OPEN | code::CLOSE | code::IOCTL | code::READ | code::WRITE => Ok(NO_DEVICE),
            code::GET_ENV => self.get(cx, cpu, a, b, c),
            code::SET_ENV => self.set(cx, cpu, a, b, c),
            code::RESET_ENV => {
                self.state.set.remove(&a);
                self.get(cx, cpu, a, b, c)
            }
            other => return Err(format!("console routine {other:#x} is not implemented")),
        })
    }

    fn value(&self, variable: u64) -> Option<&[u8]> {
        let (_, value) = VARIABLES.iter().find(|(number, _)| *number == variable)?;
        let first = if variable == BOOTED_FLAGS { &self.flags } else { *value };
        Some(self.state.set.get(&variable).map_or(first, Vec::as_slice))
    }

    fn get(
        &self,
        cx: &mut DeviceCx<'_>,
        cpu: &Vcpu<Alpha>,
        variable: u64,
        buffer: u64,
        len: u64,
    ) -> Result<u64, OutOfRange> {
        let Some(value) = self.value(variable) else { return Ok(UNKNOWN) };
        let count = (value.len() as u64).min(len);
        for (address, byte) in (buffer..).zip(value).take(count as usize) {
            let physical = find(cx, cpu, address)?;
            cx.mem.write_bytes(physical, &[*byte])?;
        }
        let status = if count < value.len() as u64 { MORE } else { DONE };
        Ok(status | count)
    }

    fn set(
        &mut self,
        cx: &mut DeviceCx<'_>,
        cpu: &Vcpu<Alpha>,
        variable: u64,
        buffer: u64,
        len: u64,
    ) -> Result<u64, OutOfRange> {
        if self.value(variable).is_none() {
            return Ok(UNKNOWN);
        }
        let value = read(cx, cpu, buffer, len.min(LONGEST))?;
        let status = if len > LONGEST { MORE } else { DONE };
        let count = value.len() as u64;
        self.state.set.insert(variable, value);
        Ok(status | count)
    }
}

/// The physical address of one of the caller's.
fn find(cx: &DeviceCx<'_>, cpu: &Vcpu<Alpha>, address: u64) -> Result<u64, OutOfRange> {
    translate(cx.mem, &cpu.sys, address).ok_or(OutOfRange { address, len: 1 })
}

/// Bytes at the caller's address.
fn read(
    cx: &DeviceCx<'_>,
    cpu: &Vcpu<Alpha>,
    address: u64,
    len: u64,
) -> Result<Vec<u8>, OutOfRange> {
    let byte = |offset: u64| {
        let address = address.wrapping_add(offset);
        let physical = find(cx, cpu, address)?;
        cx.mem.read::<1>(physical).map(|[byte]| byte).ok_or(OutOfRange { address, len: 1 })
    };
    (0..len).map(byte).collect()
}

/// GETC: what was typed at the serial port.
fn getc(cx: &mut DeviceCx<'_>, uart: &mut Ns16550) -> u64 {
    if uart.unread() == 0 {
        return NOTHING;
    }
    // The port has this register.
    let byte = uart.read(cx, ns16550::spec::DATA, 1).unwrap_or_default();
    let status = if uart.unread() > 0 { MORE } else { DONE };
    status | byte
}

/// PUTS: as much as a routine may write at once.
fn puts(
    cx: &mut DeviceCx<'_>,
    cpu: &Vcpu<Alpha>,
    uart: &Ns16550,
    address: u64,
    len: u64,
) -> Result<u64, OutOfRange> {
    let bytes = read(cx, cpu, address, len.min(LONGEST))?;
    for byte in &bytes {
        cx.bp.console_out(uart.port(), *byte);
    }
    Ok(DONE | bytes.len() as u64)
}

impl SaveState for Console {
    fn save(&self, name: &str, to: &mut Saved) {
        to.put(name, Self::VERSION, &self.state);
    }

    fn restore(&mut self, name: &str, from: &Saved) -> Result<(), RestoreError> {
        self.state = from.get(name, Self::VERSION)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::{
        Backplane, Clock, DEFAULT_NS_PER_INSN, Journal, NoObserver, Output, VcpuId,
    };
    use lockstep_cpu::Guest;
    use lockstep_memory::{PhysMem, RegionKind};

    use super::*;

    /// Where the caller's buffer is.
    const BUFFER: u64 = 0x30_0000;

    struct World {
        mem: PhysMem,
        bp: Backplane,
        cpu: Vcpu<Alpha>,
        uart: Ns16550,
        console: Console,
    }

    impl World {
        fn new() -> Self {
            let mut mem = PhysMem::default();
            mem.add_region(0, 4 << 20, RegionKind::Ram);
            let journal = Journal::new(Box::new(NoObserver));
            let cpu = Alpha::reset(VcpuId(0), hwrpb::superpage(0x6000 + hwrpb::DISPATCH), 0);
            Self {
                mem,
                bp: Backplane::new(Clock::new(DEFAULT_NS_PER_INSN), journal),
                cpu,
                uart: Ns16550::new(0),
                console: Console::new("root=x"),
            }
        }

        /// DISPATCH with these arguments; gives R0.
        fn call(&mut self, arguments: [u64; 4]) -> Result<u64, String> {
            self.cpu.regs[16..20].copy_from_slice(&arguments);
            let mut cx = DeviceCx { mem: &mut self.mem, bp: &mut self.bp };
            self.console.call(&mut cx, &mut self.cpu, &mut self.uart)?;
            Ok(self.cpu.regs[0])
        }
    }

    /// Catches a routine that prints elsewhere, loses what is typed, or answers with another status than systems expect.
    #[test]
    fn terminal_routines() {
        let mut world = World::new();
        let buffer = hwrpb::superpage(BUFFER);
        world.mem.write_bytes(BUFFER, b"hi\n").unwrap();
        assert_eq!(world.call([code::PUTS, 0, buffer, 3]), Ok(3));
        let shown: Vec<u8> = world
            .bp
            .outputs
            .iter()
            .map(|output| match output {
                Output::Console { byte, .. } => *byte,
                _ => 0,
            })
            .collect();
        assert_eq!(shown, b"hi\n");
        assert_eq!(world.call([code::GETC, 0, 0, 0]), Ok(NOTHING));
        world.uart.receive(&mut DeviceCx { mem: &mut world.mem, bp: &mut world.bp }, b"ab");
        assert_eq!(world.call([code::GETC, 0, 0, 0]), Ok(MORE | u64::from(b'a')));
        assert_eq!(world.call([code::GETC, 0, 0, 0]), Ok(u64::from(b'b')));
        assert_eq!(world.call([code::OPEN_CONSOLE, 0, 0, 0]), Ok(DONE));
        assert_eq!(world.call([code::OPEN, buffer, 3, 0]), Ok(NO_DEVICE));
        assert!(world.call([0x77, 0, 0, 0]).is_err());
        assert!(world.call([code::PUTS, 0, hwrpb::superpage(1 << 30), 1]).is_err());
    }

    /// Catches a variable that cannot be read back, that is cut without saying so, or that a reset keeps.
    #[test]
    fn environment() {
        let mut world = World::new();
        let buffer = hwrpb::superpage(BUFFER);
        assert_eq!(world.call([code::GET_ENV, BOOTED_FLAGS, buffer, 64]), Ok(6));
        assert_eq!(&world.mem.read::<6>(BUFFER).unwrap(), b"root=x");
        assert_eq!(world.call([code::GET_ENV, BOOTED_FLAGS, buffer, 4]), Ok(MORE | 4));
        assert_eq!(world.call([code::GET_ENV, 0x99, buffer, 4]), Ok(UNKNOWN));
        world.mem.write_bytes(BUFFER, b"BOOT").unwrap();
        assert_eq!(world.call([code::SET_ENV, 1, buffer, 4]), Ok(4));
        let saved = world.console.clone();
        assert_eq!(world.call([code::GET_ENV, 1, buffer + 8, 64]), Ok(4));
        assert_eq!(&world.mem.read::<4>(BUFFER + 8).unwrap(), b"BOOT");
        assert_eq!(world.call([code::RESET_ENV, 1, buffer, 64]), Ok(4));
        assert_eq!(&world.mem.read::<4>(BUFFER).unwrap(), b"HALT");
        let mut parts = Saved::default();
        saved.save("console", &mut parts);
        world.console.restore("console", &parts).unwrap();
        assert_eq!(world.console, saved);
        world.console.reset();
        assert_eq!(world.console, Console::new("root=x"));
    }
}
