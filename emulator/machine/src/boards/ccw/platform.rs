//! The parts of the board, and how they are wired.

use lockstep_core::{Input, RestoreError, Rng, SaveState, Saved, StopReason, Use, VcpuId};
use lockstep_cpu::{BusError, Platform};
use lockstep_devices::css::{Css, IoFault, Protection};
use lockstep_devices::sclp::{Call, CallFault, Sclp, SclpConfig};
use lockstep_log::MachineRecord;
use lockstep_memory::{DeviceCx, PhysMem};
use lockstep_s390x::{
    Diagnose, Diagnosed, FETCH_PROTECTION, Halt, IoInterruption, Outcome, Refusal, S390xPlatform,
    StorageKeys, StorageKeysState, line, tod_of_unix_seconds,
};
use serde::{Deserialize, Serialize};

use super::{devices, diagnose};
use crate::boards::plugged;
use crate::{BuildError, Images};

/// The operator's console port. The ASCII console has port 0, or 1 beside a virtio console.
const OPERATOR_PORT: u8 = 2;

/// Places of devices on the board: in the calendar, in the log.
mod place {
    pub(super) const CSS: u16 = 0;
}

/// A disabled wait with this code is how programs say that they are done (Linux when it is told to stop or power off).
const DONE: u64 = 0xfff;

/// Program-interruption codes.
mod code {
    pub(super) const ADDRESSING: u16 = 0x05;
    pub(super) const SPECIFICATION: u16 = 0x06;
    pub(super) const OPERAND: u16 = 0x15;
}

/// What the board itself can change, and its saved form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct BoardState {
    /// The TOD clock at virtual time zero.
    tod_origin: u64,
    /// Words that instructions have drawn from the seed's stream.
    drawn: u128,
}

const VERSION: u16 = 1;

/// The board.
pub(super) struct CcwPlatform {
    storage: u64,
    processors: u16,
    seed: u64,
    start: BoardState,
    state: BoardState,
    keys: StorageKeys,
    sclp: Sclp,
    css: Css,
    ascii_port: u8,
}

impl CcwPlatform {
    pub(super) fn new(
        record: &MachineRecord,
        images: &Images,
        mem: &mut PhysMem,
    ) -> Result<Self, BuildError> {
        let consoles = record.options.get("sclp").map_or("ascii", String::as_str);
        let ascii_port = plugged::serial_port(record);
        let start = BoardState { tod_origin: tod_of_unix_seconds(record.start_date), drawn: 0 };
        let sclp = SclpConfig {
            memory: record.memory,
            cpus: record.vcpus,
            loadparm: *b"        ",
            ascii_port: (consoles != "line").then_some(ascii_port),
            operator_port: (consoles != "ascii").then_some(OPERATOR_PORT),
        };
        Ok(Self {
            storage: record.memory,
            processors: record.vcpus,
            seed: record.seed,
            start,
            state: start,
            keys: StorageKeys::new(record.memory),
            sclp: Sclp::new(sclp),
            css: devices::make(place::CSS, record, images, mem)?,
            ascii_port,
        })
    }
}

/// Storage keys, as channel programs meet them.
struct Keys<'a>(&'a StorageKeys);

impl Protection for Keys<'_> {
    fn permits(&self, address: u64, key: u8) -> (bool, bool) {
        let storage = self.0.get(address);
        let same = storage >> 4 == key;
        (same || storage & FETCH_PROTECTION == 0, same)
    }
}

/// The outcome of an I/O instruction.
fn outcome(result: Result<u8, IoFault>) -> Outcome {
    result.map_err(|IoFault::Operand| Refusal::Program(code::OPERAND))
}

impl Platform for CcwPlatform {
    // Nothing answers at addresses beyond storage.
    fn read(&mut self, _cx: &mut DeviceCx<'_>, _address: u64, _size: u8) -> Result<u64, BusError> {
        Err(BusError::Abort)
    }

    fn write(
        &mut self,
        _cx: &mut DeviceCx<'_>,
        _address: u64,
        _size: u8,
        _value: u64,
    ) -> Result<(), BusError> {
        Err(BusError::Abort)
    }

    fn due(&mut self, cx: &mut DeviceCx<'_>, place: u16, number: u32) {
        match place.checked_sub(place::CSS + 1) {
            None => self.css.due(cx, number, &Keys(&self.keys)),
            Some(device) => self.css.device(cx, device.into(), |device, cx, signals| {
                device.due(cx, number, signals);
            }),
        }
    }

    fn input(&mut self, cx: &mut DeviceCx<'_>, input: &Input) {
        match input {
            Input::Console { port, bytes } if [self.ascii_port, OPERATOR_PORT].contains(port) => {
                self.sclp.receive(cx, bytes);
            }
            Input::PowerKey => self.sclp.press_power_key(cx),
            // Each device takes what is its own; the rest is the run loop's.
            _ => self.css.input(cx, input),
        }
    }

    fn lines(&self, _vcpu: VcpuId) -> u32 {
        let service = if self.sclp.signals() { line::SERVICE } else { 0 };
        u32::from(self.css.pending()) | service
    }

    fn reset(&mut self, cx: &mut DeviceCx<'_>) {
        self.state = self.start;
        self.keys = StorageKeys::new(self.storage);
        self.sclp.reset();
        self.css.reset(cx);
    }

    fn save(&self, to: &mut Saved) {
        to.put("board", VERSION, &self.state);
        to.put("keys", VERSION, &self.keys.state());
        self.sclp.save("sclp", to);
        self.css.save("css", to);
    }

    fn restore(&mut self, from: &Saved) -> Result<(), RestoreError> {
        self.state = from.get("board", VERSION)?;
        let keys: StorageKeysState = from.get("keys", VERSION)?;
        if !self.keys.restore(&keys) {
            let detail = "keys for another amount of storage".to_owned();
            return Err(RestoreError::Damaged { part: "keys".to_owned(), detail });
        }
        self.sclp.restore("sclp", from)?;
        self.css.restore("css", from)
    }
}

impl S390xPlatform for CcwPlatform {
    fn keys(&mut self) -> &mut StorageKeys {
        &mut self.keys
    }

    fn tod_origin(&self) -> u64 {
        self.state.tod_origin
    }

    fn set_tod_origin(&mut self, value: u64) {
        self.state.tod_origin = value;
    }

    fn random(&mut self, bytes: &mut [u8]) {
        let mut rng = Rng::new(self.seed, Use::Processor);
        rng.seek(self.state.drawn);
        rng.fill(bytes);
        self.state.drawn = rng.position();
    }

    fn processors(&self) -> u16 {
        self.processors
    }

    fn storage_len(&self) -> u64 {
        self.storage
    }

    fn service_call(&mut self, cx: &mut DeviceCx<'_>, command: u32, block: u64) -> Outcome {
        match self.sclp.call(cx, command, block) {
            Ok(Call::Accepted) => Ok(0),
            Ok(Call::Busy) => Ok(2),
            Err(CallFault::Specification) => Err(Refusal::Program(code::SPECIFICATION)),
            Err(CallFault::Addressing) => Err(Refusal::Program(code::ADDRESSING)),
        }
    }

    fn take_service_signal(&mut self, _cx: &mut DeviceCx<'_>) -> Option<u32> {
        self.sclp.signals().then(|| self.sclp.take_signal())
    }

    fn take_io(&mut self, _cx: &mut DeviceCx<'_>, subclasses: u8) -> Option<IoInterruption> {
        let taken = self.css.take(subclasses)?;
        Some(IoInterruption {
            subchannel: taken.id,
            parameter: taken.parameter,
            identification: taken.word,
        })
    }

    fn diagnose(
        &mut self,
        cx: &mut DeviceCx<'_>,
        call: Diagnose<'_>,
    ) -> Result<Diagnosed, Refusal> {
        let done = diagnose::call(&mut self.css, cx, call)?;
        if matches!(done, Diagnosed::LoadNormal { .. }) {
            self.css.reset(cx);
            self.sclp.reset();
        }
        Ok(done)
    }

    fn start_subchannel(
        &mut self,
        cx: &mut DeviceCx<'_>,
        subchannel: u32,
        orb: &[u8; 32],
    ) -> Outcome {
        let mut block = [0; lockstep_devices::css::spec::orb::LEN];
        let len = block.len();
        block.copy_from_slice(&orb[..len]);
        outcome(self.css.start(cx, subchannel, &block))
    }

    fn store_subchannel(
        &mut self,
        _cx: &mut DeviceCx<'_>,
        subchannel: u32,
        schib: &mut [u8; 52],
    ) -> Outcome {
        outcome(self.css.store(subchannel).map(|found| match found {
            Some(block) => {
                *schib = block;
                0
            }
            None => 3,
        }))
    }

    fn modify_subchannel(
        &mut self,
        _cx: &mut DeviceCx<'_>,
        subchannel: u32,
        schib: &[u8; 52],
    ) -> Outcome {
        outcome(self.css.modify(subchannel, schib))
    }

    fn test_subchannel(
        &mut self,
        cx: &mut DeviceCx<'_>,
        subchannel: u32,
        irb: &mut [u8; 96],
    ) -> Outcome {
        outcome(self.css.test(cx, subchannel).map(|(code, block)| {
            if let Some(block) = block {
                *irb = block;
            }
            code
        }))
    }

    fn clear_subchannel(&mut self, cx: &mut DeviceCx<'_>, subchannel: u32) -> Outcome {
        outcome(self.css.clear(cx, subchannel))
    }

    fn halt_subchannel(&mut self, cx: &mut DeviceCx<'_>, subchannel: u32) -> Outcome {
        outcome(self.css.halt(cx, subchannel))
    }

    fn resume_subchannel(&mut self, cx: &mut DeviceCx<'_>, subchannel: u32) -> Outcome {
        outcome(self.css.resume(cx, subchannel))
    }

    fn cancel_subchannel(&mut self, cx: &mut DeviceCx<'_>, subchannel: u32) -> Outcome {
        outcome(self.css.cancel(cx, subchannel))
    }

    fn reset_channel_path(&mut self, _cx: &mut DeviceCx<'_>, path: u8) -> Outcome {
        Err(Refusal::Unimplemented(format!("RESET CHANNEL PATH of path {path:#04x}")))
    }

    // Nothing is ever plugged in or out.
    fn store_channel_report(&mut self, _cx: &mut DeviceCx<'_>) -> (u8, u32) {
        (1, 0)
    }

    fn set_channel_monitor(&mut self, _cx: &mut DeviceCx<'_>, mode: u64, _origin: u64) -> Outcome {
        // Both measurements off is what there is.
        if mode & 3 == 0 {
            return Ok(0);
        }
        Err(Refusal::Unimplemented(format!("SET CHANNEL MONITOR with {mode:#x}")))
    }

    fn set_address_limit(&mut self, _cx: &mut DeviceCx<'_>, _limit: u64) -> Outcome {
        Ok(0)
    }

    fn channel_subsystem_call(
        &mut self,
        _cx: &mut DeviceCx<'_>,
        block: &mut [u8; 4096],
    ) -> Outcome {
        outcome(self.css.call(block).map(|()| 0))
    }

    fn halted(&mut self, _cx: &mut DeviceCx<'_>, vcpu: VcpuId, halt: Halt) -> StopReason {
        match halt {
            Halt::DisabledWait { address: DONE, .. } | Halt::Stopped => StopReason::PowerOff,
            Halt::DisabledWait { mask, address } => StopReason::Dead(format!(
                "{vcpu} is in a disabled wait: code {address:#x}, PSW {mask:016x} {address:016x}"
            )),
        }
    }
}
