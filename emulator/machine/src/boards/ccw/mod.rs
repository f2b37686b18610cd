//! The `ccw` board for s390x: processors, storage, a channel subsystem and a service processor.
//!
//! There is no address map: storage begins at 0, and everything else is reached by instructions. A kernel is
//! loaded as the usual machine of this kind loads it.

mod devices;
mod diagnose;
mod ipl;
mod platform;

use lockstep_core::{Backplane, Clock, Journal, NoObserver, VcpuId};
use lockstep_cpu::{Guest, PowerState};
use lockstep_log::MachineRecord;
use lockstep_memory::{PhysMem, RegionKind};
use lockstep_s390x::S390x;

use super::{BoardInfo, BoardOption};
use crate::system::System;
use crate::{BuildError, Images, Machine};

pub(super) const INFO: BoardInfo = BoardInfo {
    name: "ccw",
    arch: "s390x",
    about: "channel-I/O machine for s390x: SCLP consoles, channel subsystem, TOD clock",
    options: &[
        BoardOption {
            name: "sclp",
            values: &["ascii", "line", "both"],
            about: "which consoles the service processor has: bytes, lines of the operator, or both",
        },
        BoardOption {
            name: "console",
            values: &["off", "virtio"],
            about: "a virtio console, which is then the one typed to; the others are shown as well",
        },
        BoardOption {
            name: "entropy",
            values: &["off", "virtio"],
            about: "a virtio entropy device, which gives the seed's random bytes",
        },
        BoardOption {
            name: "net",
            values: &["off", "virtio"],
            about: "a virtio network card, whose peer 192.0.2.1 answers ARP, ping and UDP echo",
        },
    ],
    cpus: &["z14"],
    most_vcpus: 8,
    default_memory: 512 << 20,
    most_memory: 64 << 30,
};

pub(super) fn build(
    record: &MachineRecord,
    images: &Images,
) -> Result<Box<dyn Machine>, BuildError> {
    let mut mem = PhysMem::default();
    mem.add_region(0, record.memory, RegionKind::Ram);
    let bp = Backplane::new(Clock::new(record.ns_per_insn), Journal::new(Box::new(NoObserver)));
    let entry = ipl::load(record, images, &mut mem)?;
    let platform = platform::CcwPlatform::new(record, images, &mut mem)?;
    let cpu = |number: u16| {
        let boots = number == 0;
        let mut cpu = S390x::reset(VcpuId(number), if boots { entry } else { 0 }, 0);
        if boots {
            lockstep_s390x::psw::set(&mut cpu, ipl::MASK, entry);
        }
        cpu.power = if boots { PowerState::Running } else { PowerState::Off };
        cpu
    };
    let vcpus = (0..record.vcpus).map(cpu).collect();
    let system = System::<S390x>::new(vcpus, mem, bp, Box::new(platform), record.digest_interval);
    // The configuration has been checked: there is at least one vCPU.
    let system = system.ok_or_else(|| BuildError::Missing("a machine needs a vCPU".to_owned()))?;
    Ok(Box::new(system))
}
