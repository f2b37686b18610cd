//! The `clipper` board for Alpha: a machine of the DP264 family, with the Typhoon chipset.
//!
//! Operating systems find the chipset by the system type in the HWRPB, and everything else behind it: two PCI buses,
//! and on the first an ISA bridge with the usual devices. There is no firmware to run: PALcode is the processor's
//! (`lockstep_alpha`), the console's routines are the board's, and both are in place as after a bootstrap.

mod boot;
mod console;
mod hwrpb;
mod isa;
mod map;
mod pci;
mod platform;

use lockstep_alpha::{Alpha, reg};
use lockstep_core::{Backplane, Clock, Journal, NoObserver, VcpuId};
use lockstep_cpu::{Guest, PowerState, Vcpu};
use lockstep_log::MachineRecord;
use lockstep_memory::{PhysMem, RegionKind};

use super::{BoardInfo, BoardOption};
use crate::system::System;
use crate::{BuildError, Images, Machine};

pub(super) const INFO: BoardInfo = BoardInfo {
    name: "clipper",
    arch: "alpha",
    about: "DP264-class Alpha machine: Typhoon chipset, PCI, ISA bridge with 16550s, SRM console routines, OSF/1 PALcode",
    options: &[
        BoardOption {
            name: "console",
            values: &["off", "virtio"],
            about: "a virtio console, which is then the one typed to; the first UART is shown as well",
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
    cpus: &["ev67"],
    most_vcpus: 1,
    default_memory: 256 << 20,
    most_memory: 32 << 30,
};

/// Cycles per second that RPCC counts: one that an EV67 can have, and that virtual time divides evenly.
const CYCLE_FREQUENCY: u64 = 625_000_000;
/// Ticks per second of the interval timer.
const TICK_FREQUENCY: u64 = 1024;

pub(super) fn build(
    record: &MachineRecord,
    images: &Images,
) -> Result<Box<dyn Machine>, BuildError> {
    let mut mem = PhysMem::default();
    mem.add_region(map::RAM, record.memory, RegionKind::Ram);
    let mut bp = Backplane::new(Clock::new(record.ns_per_insn), Journal::new(Box::new(NoObserver)));
    let entry = boot::load(record, images, &mut mem)?;
    hwrpb::write(record, &mut mem)
        .map_err(|error| BuildError::Missing(format!("board clipper: {error}")))?;
    let platform = platform::ClipperPlatform::new(record, images, &mut mem, &mut bp)?;
    let vcpus = (0..record.vcpus).map(|number| processor(VcpuId(number), entry)).collect();
    bp.attention = false;
    let system = System::<Alpha>::new(vcpus, mem, bp, Box::new(platform), record.digest_interval);
    // The configuration has been checked: there is at least one vCPU.
    let system = system.ok_or_else(|| BuildError::Missing("a machine needs a vCPU".to_owned()))?;
    Ok(Box::new(system))
}

/// A processor as the console leaves it: the first one enters the image on the console's page tables and stack.
fn processor(id: VcpuId, entry: u64) -> Vcpu<Alpha> {
    let mut cpu = Alpha::reset(id, entry, 0);
    cpu.regs[usize::from(reg::SP)] = hwrpb::superpage(hwrpb::STACK_END);
    // By convention the procedure that is called.
    cpu.regs[27] = entry;
    cpu.sys.ptbr = hwrpb::L1 >> hwrpb::PAGE_SHIFT;
    cpu.sys.vptb = hwrpb::VPTB;
    cpu.sys.pcbb = hwrpb::slot(id.0);
    cpu.sys.ksp = cpu.regs[usize::from(reg::SP)];
    cpu.power = if id.0 == 0 { PowerState::Running } else { PowerState::Off };
    cpu
}
