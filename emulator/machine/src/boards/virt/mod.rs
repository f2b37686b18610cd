//! The `virt` board for AArch64.
//!
//! Its memory map is the one that U-Boot and Linux know from the usual `virt` machine, so that they run unmodified. Nothing
//! here is a real product: what a guest has to know beyond the map, it reads in the device tree.

mod boot;
mod device_tree;
mod map;
mod packed;
mod platform;
mod slots;

use std::sync::Arc;

use lockstep_aarch64::{Aarch64, Semihosting};
use lockstep_core::{Backplane, Clock, Journal, NoObserver, VcpuId};
use lockstep_cpu::{Guest, PowerState};
use lockstep_log::{ImageRole, MachineRecord};
use lockstep_memory::{PhysMem, RegionKind};

use super::{BoardInfo, BoardOption};
use crate::system::System;
use crate::{BuildError, Images, Machine};

pub(super) const INFO: BoardInfo = BoardInfo {
    name: "virt",
    arch: "aarch64",
    about: "generic AArch64 machine: GIC, PL011, PL031, PL061, CFI flash, virtio-mmio, PSCI, device tree",
    options: &[
        BoardOption {
            name: "gic",
            values: &["3", "2"],
            about: "version of the interrupt controller",
        },
        BoardOption {
            name: "console",
            values: &["off", "virtio"],
            about: "a virtio console, which is then the one typed to; the PL011 is shown as well",
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
        BoardOption {
            name: "semihosting",
            values: &["off", "on", "files"],
            about: "HLT #0xF000 asks the emulator: console, exit status, clock, and files of one folder",
        },
    ],
    cpus: &["armv8"],
    most_vcpus: 8,
    default_memory: 512 << 20,
    most_memory: 64 << 30,
};

/// The board's choices, taken from its record.
struct Config<'a> {
    record: &'a MachineRecord,
    gic: GicVersion,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum GicVersion {
    V2,
    V3,
}

/// The debugger's side of semihosting, if it is wanted. The heap and the stack have what is above the images.
fn semihosting(config: &Config<'_>, images: &Images, start: boot::Start) -> Option<Semihosting> {
    let record = config.record;
    let choice = record.options.get("semihosting").filter(|value| *value != "off")?;
    let program =
        [ImageRole::Kernel, ImageRole::Bios].into_iter().find_map(|role| images.get(role));
    let name = program.map_or("", |(record, _)| record.name.as_str());
    let line = format!("{name} {}", record.append);
    let (base, top) = (start.free, map::RAM + record.memory);
    let base = base.min(top);
    let memory = [base, top, top, base];
    let mut semihosting = Semihosting::new(line.trim_end().to_owned(), memory, record.start_date);
    if choice == "files" {
        let files = images.all(ImageRole::File);
        let files = files.map(|(record, bytes)| (record.name.clone(), Arc::clone(bytes)));
        semihosting.folder = Some(files.collect());
    }
    Some(semihosting)
}

pub(super) fn build(
    record: &MachineRecord,
    images: &Images,
) -> Result<Box<dyn Machine>, BuildError> {
    let gic = match record.options.get("gic").map(String::as_str) {
        Some("2") => GicVersion::V2,
        _ => GicVersion::V3,
    };
    let config = Config { record, gic };
    let mut mem = PhysMem::default();
    mem.add_region(map::RAM, record.memory, RegionKind::Ram);
    for base in map::FLASH_BANKS {
        mem.add_region(base, map::FLASH_BANK_SIZE, RegionKind::Rom);
    }
    let mut bp = Backplane::new(Clock::new(record.ns_per_insn), Journal::new(Box::new(NoObserver)));
    let start = boot::load(&config, images, &mut mem)?;
    let slots = slots::Slots::new(record, images, &mut mem)?;
    let semihosting = semihosting(&config, images, start);
    let platform = platform::VirtPlatform::new(&config, slots, semihosting, &mut mem, &mut bp)?;
    let cpu = |number: u16| {
        let boots = number == 0;
        let (entry, arg) = if boots { (start.entry, start.device_tree) } else { (0, 0) };
        let mut cpu = Aarch64::reset(VcpuId(number), entry, arg);
        cpu.power = if boots { PowerState::Running } else { PowerState::Off };
        cpu
    };
    let vcpus = (0..record.vcpus).map(cpu).collect();
    bp.attention = false;
    let system = System::<Aarch64>::new(vcpus, mem, bp, Box::new(platform), record.digest_interval);
    // The configuration has been checked: there is at least one vCPU.
    let system = system.ok_or_else(|| BuildError::Missing("a machine needs a vCPU".to_owned()))?;
    Ok(Box::new(system))
}
