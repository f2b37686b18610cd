//! What a debugger needs of a machine.
//!
//! Looking must not change anything: no TLB entry is filled, no device asked, no event appended. So addresses are
//! translated beside the machine's own way, and bytes come from memory alone. What writes here leaves the run that the log
//! describes; a debugger does that to a copy.

use lockstep_core::VcpuId;
use lockstep_cpu::{DeviceRegion, Guest, Platform, PowerState, RegisterInfo, Traps, Vcpu, peek};

use crate::system::System;

const PAGE: u64 = 4096;
/// Bytes of the longest instruction of any guest.
const LONGEST: usize = 8;

/// A virtual processor, as a debugger lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VcpuInfo {
    /// Which.
    pub id: VcpuId,
    /// The address of its next instruction.
    pub pc: u64,
    /// Running, waiting or off.
    pub power: PowerState,
    /// It is the one that runs next.
    pub current: bool,
}

/// Something that a debugger asked for and cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InspectError {
    /// There is no such vCPU.
    #[error("there is no {0}")]
    NoVcpu(VcpuId),
    /// There is no register of that number, it cannot be written, or not with that value.
    #[error("register {number} cannot be set to {value:#x}")]
    Register {
        /// The number.
        number: usize,
        /// The value.
        value: u128,
    },
    /// Nothing is mapped at a virtual address.
    #[error("nothing is mapped at address {0:#x}")]
    Unmapped(u64),
    /// There is no memory at a physical address: nothing, or a device, which is not asked.
    #[error("no memory at physical address {0:#x}")]
    NoMemory(u64),
}

/// An instruction in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disassembled {
    /// Its text, in the usual assembly syntax.
    pub text: String,
    /// Its bytes, as they are in memory.
    pub bytes: Vec<u8>,
}

/// Looking into a machine, and changing it from outside.
pub trait Inspect {
    /// The guest architecture, as scenarios and logs name it.
    fn arch(&self) -> &'static str;
    /// Whether data in memory is big-endian.
    fn big_endian(&self) -> bool;
    /// The vCPUs, by number.
    fn vcpus(&self) -> Vec<VcpuInfo>;
    /// The registers of every vCPU. A register's number is its place.
    fn registers(&self) -> Vec<RegisterInfo>;
    /// The value of a register; `None` when there is no such vCPU or register.
    fn register(&self, vcpu: VcpuId, number: usize) -> Option<u128>;
    /// Where a virtual address leads for a vCPU at present; `None` where nothing is mapped.
    fn translate(&self, vcpu: VcpuId, address: u64) -> Option<u64>;
    /// Reads physical memory.
    ///
    /// # Errors
    /// There is no memory at one of the addresses.
    fn read_physical(&self, address: u64, into: &mut [u8]) -> Result<(), InspectError>;
    /// The instruction at a virtual address.
    fn disassemble_at(&self, vcpu: VcpuId, address: u64) -> Option<Disassembled>;

    /// Reads memory as a vCPU sees it.
    ///
    /// # Errors
    /// Names the first address that cannot be read; what comes before it has been.
    fn read_virtual(
        &self,
        vcpu: VcpuId,
        address: u64,
        into: &mut [u8],
    ) -> Result<(), InspectError> {
        let mut rest = into;
        let mut at = address;
        while !rest.is_empty() {
            let count = ((PAGE - at % PAGE) as usize).min(rest.len());
            let (piece, others) = rest.split_at_mut(count);
            let physical = self.translate(vcpu, at).ok_or(InspectError::Unmapped(at))?;
            self.read_physical(physical, piece)?;
            (rest, at) = (others, at.wrapping_add(count as u64));
        }
        Ok(())
    }

    /// Sets a register.
    ///
    /// # Errors
    /// There is no such vCPU or register, it cannot be written, or not with that value.
    fn set_register(
        &mut self,
        vcpu: VcpuId,
        number: usize,
        value: u128,
    ) -> Result<(), InspectError>;
    /// Writes physical memory, as a loader does.
    ///
    /// # Errors
    /// There is no memory at one of the addresses; nothing was written.
    fn write_physical(&mut self, address: u64, bytes: &[u8]) -> Result<(), InspectError>;

    /// Writes memory as a vCPU sees it, whatever its permissions.
    ///
    /// # Errors
    /// Names the first address that cannot be written; nothing was written if it is not mapped.
    fn write_virtual(
        &mut self,
        vcpu: VcpuId,
        address: u64,
        bytes: &[u8],
    ) -> Result<(), InspectError> {
        let mut pieces = Vec::new();
        let (mut rest, mut at) = (bytes, address);
        while !rest.is_empty() {
            let count = ((PAGE - at % PAGE) as usize).min(rest.len());
            let (piece, others) = rest.split_at(count);
            pieces.push((self.translate(vcpu, at).ok_or(InspectError::Unmapped(at))?, piece));
            (rest, at) = (others, at.wrapping_add(count as u64));
        }
        pieces.into_iter().try_for_each(|(physical, piece)| self.write_physical(physical, piece))
    }

    /// Where devices have registers in memory; nowhere on a board whose devices are reached by instructions of their own.
    fn device_regions(&self) -> Vec<DeviceRegion>;

    /// Bytes of guest memory that the machine shares with no snapshot.
    fn bytes_owned(&self) -> u64;

    /// Replaces what [`crate::Machine::run`] stops at. Cannot be seen in the run.
    fn set_traps(&mut self, traps: Traps);
}

impl<G: Guest> System<G> {
    fn existing(&self, id: VcpuId) -> Option<&Vcpu<G>> {
        self.vcpu_ids().any(|known| known == id).then(|| self.vcpu(id))
    }
}

impl<G: Guest> Inspect for System<G> {
    fn arch(&self) -> &'static str {
        G::NAME
    }

    fn big_endian(&self) -> bool {
        G::BIG_ENDIAN
    }

    fn vcpus(&self) -> Vec<VcpuInfo> {
        let current = self.cx.cpu.id;
        let info = |id| {
            let cpu = self.vcpu(id);
            VcpuInfo { id, pc: cpu.pc, power: cpu.power, current: id == current }
        };
        self.vcpu_ids().map(info).collect()
    }

    fn registers(&self) -> Vec<RegisterInfo> {
        G::registers()
    }

    fn register(&self, vcpu: VcpuId, number: usize) -> Option<u128> {
        G::register(self.existing(vcpu)?, number)
    }

    fn translate(&self, vcpu: VcpuId, address: u64) -> Option<u64> {
        let entry = peek(self.existing(vcpu)?, &self.cx.mem, address)?;
        Some(entry.physical(address))
    }

    fn read_physical(&self, address: u64, into: &mut [u8]) -> Result<(), InspectError> {
        self.cx.mem.read_bytes(address, into).map_err(|_| InspectError::NoMemory(address))
    }

    fn disassemble_at(&self, vcpu: VcpuId, address: u64) -> Option<Disassembled> {
        let mut bytes = [0; LONGEST];
        self.read_virtual(vcpu, address, &mut bytes[..2]).ok()?;
        let length = G::length([bytes[0], bytes[1]]).min(LONGEST);
        self.read_virtual(vcpu, address, &mut bytes[..length]).ok()?;
        let bytes = bytes[..length].to_vec();
        Some(Disassembled { text: G::disassemble(&bytes, address), bytes })
    }

    fn set_register(
        &mut self,
        vcpu: VcpuId,
        number: usize,
        value: u128,
    ) -> Result<(), InspectError> {
        self.existing(vcpu).ok_or(InspectError::NoVcpu(vcpu))?;
        let set = G::set_register(self.vcpu_mut(vcpu), number, value);
        if set { Ok(()) } else { Err(InspectError::Register { number, value }) }
    }

    fn write_physical(&mut self, address: u64, bytes: &[u8]) -> Result<(), InspectError> {
        self.cx.mem.write_bytes(address, bytes).map_err(|_| InspectError::NoMemory(address))
    }

    fn device_regions(&self) -> Vec<DeviceRegion> {
        self.cx.platform.regions()
    }

    fn bytes_owned(&self) -> u64 {
        self.cx.mem.bytes_owned()
    }

    fn set_traps(&mut self, traps: Traps) {
        self.cx.set_traps(traps);
    }
}
