//! What is in memory when the first instruction runs.
//!
//! Firmware starts at address 0 and finds the device tree at the start of RAM. A kernel is put where the arm64 boot
//! protocol (Documentation/arch/arm64/booting.rst) or its ELF headers want it and gets the device tree's address in X0;
//! initrd and device tree lie behind it. Programs that are ELF files need not know that protocol: those written for the usual
//! `virt` machine look for the device tree at the start of RAM, so there it is, unless they lie there themselves.

use lockstep_log::{ImageRecord, ImageRole};
use lockstep_memory::PhysMem;
use object::read::elf::{ElfFile64, ProgramHeader};
use object::{Endianness, Object, elf};

use super::{Config, device_tree, map, packed};
use crate::{BuildError, Images};

/// Where a flat binary is put, above the start of RAM.
const FLAT_OFFSET: u64 = 0x8_0000;
/// The boot protocol wants the initrd and the device tree within one window above the kernel; further up than this
/// is never needed.
const INITRD_OFFSET: u64 = 128 << 20;
const MIB_2: u64 = 2 << 20;

/// How the first vCPU starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) entry: u64,
    pub(super) device_tree: u64,
    /// Where memory begins that holds none of the images; it may be beyond the end of RAM.
    pub(super) free: u64,
}

/// Where an image was put.
struct Placed {
    entry: u64,
    end: u64,
    /// The start of RAM is nobody's, up to here.
    unused: u64,
}

/// Puts the images and the device tree into memory.
pub(super) fn load(
    config: &Config<'_>,
    images: &Images,
    mem: &mut PhysMem,
) -> Result<Start, BuildError> {
    let kernel = images.get(ImageRole::Kernel);
    let bios = images.get(ImageRole::Bios);
    if let Some((record, _)) = images.get(ImageRole::DeviceTree) {
        return Err(BuildError::image(record, "board virt takes no image of this kind"));
    }
    let has_files = config.record.options.get("semihosting").is_some_and(|value| value == "files");
    if let Some((record, _)) = images.get(ImageRole::File).filter(|_| !has_files) {
        return Err(BuildError::image(record, "board virt has files only with semihosting=files"));
    }
    for role in [ImageRole::Kernel, ImageRole::Initrd, ImageRole::Bios] {
        if let Some((record, [])) = images.get(role) {
            return Err(BuildError::image(record, "the file is empty"));
        }
    }
    match (kernel, bios) {
        (Some(kernel), None) => load_kernel(config, kernel, images.get(ImageRole::Initrd), mem),
        (None, Some(bios)) => load_bios(config, bios, images.get(ImageRole::Initrd), mem),
        (Some((record, _)), Some(_)) => {
            Err(BuildError::image(record, "board virt starts either a kernel or firmware"))
        }
        (None, None) => Err(BuildError::Missing(
            "board virt needs something to run: a kernel (--kernel) or firmware (--bios)"
                .to_owned(),
        )),
    }
}

fn load_bios(
    config: &Config<'_>,
    (record, bytes): (&ImageRecord, &[u8]),
    initrd: Option<(&ImageRecord, &[u8])>,
    mem: &mut PhysMem,
) -> Result<Start, BuildError> {
    if let Some((record, _)) = initrd {
        return Err(BuildError::image(record, "an initrd goes with a kernel, not with firmware"));
    }
    if bytes.len() as u64 > map::FLASH_BANK_SIZE {
        let size = map::FLASH_BANK_SIZE >> 20;
        return Err(BuildError::image(record, format!("larger than a flash bank ({size} MiB)")));
    }
    place(mem, record, map::FLASH_BANKS[0], bytes)?;
    let tree = device_tree::make(config, None)?;
    place_tree(mem, map::RAM, &tree)?;
    let free = map::RAM + (tree.len() as u64).next_multiple_of(MIB_2);
    Ok(Start { entry: map::FLASH_BANKS[0], device_tree: map::RAM, free })
}

fn load_kernel(
    config: &Config<'_>,
    (record, bytes): (&ImageRecord, &[u8]),
    initrd: Option<(&ImageRecord, &[u8])>,
    mem: &mut PhysMem,
) -> Result<Start, BuildError> {
    let unpacked = packed::unpack(bytes).map_err(|detail| BuildError::image(record, detail))?;
    let bytes = unpacked.as_deref().unwrap_or(bytes);
    let placed = if bytes.starts_with(b"\x7fELF") {
        load_elf(record, bytes, mem)?
    } else {
        let (offset, size) = arm64_image(bytes).unwrap_or((FLAT_OFFSET, 0));
        let base = map::RAM + offset;
        place(mem, record, base, bytes)?;
        Placed { entry: base, end: base + size.max(bytes.len() as u64), unused: map::RAM }
    };
    let mut next = (map::RAM + (config.record.memory / 2).min(INITRD_OFFSET)).max(placed.end);
    next = next.next_multiple_of(MIB_2);
    let mut range = None;
    if let Some((record, bytes)) = initrd {
        place(mem, record, next, bytes)?;
        let end = next + bytes.len() as u64;
        range = Some((next, end));
        next = end.next_multiple_of(MIB_2);
    }
    let tree = device_tree::make(config, range)?;
    let len = tree.len() as u64;
    let first = map::RAM + len <= placed.unused;
    let (device_tree, free) =
        if first { (map::RAM, next) } else { (next, next + len.next_multiple_of(MIB_2)) };
    place_tree(mem, device_tree, &tree)?;
    Ok(Start { entry: placed.entry, device_tree, free })
}

/// Offset and size that an arm64 Image's header asks for.
fn arm64_image(bytes: &[u8]) -> Option<(u64, u64)> {
    let field =
        |at: usize| bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map(u64::from_le_bytes);
    (bytes.get(56..60)? == b"ARM\x64").then_some(())?;
    match (field(8)?, field(16)?) {
        // Kernels before 3.17 leave the size zero and mean this offset.
        (_, 0) => Some((FLAT_OFFSET, 0)),
        (offset, size) => Some((offset, size)),
    }
}

/// Loads the segments of an ELF file.
fn load_elf(record: &ImageRecord, bytes: &[u8], mem: &mut PhysMem) -> Result<Placed, BuildError> {
    let broken = |error: object::Error| BuildError::image(record, format!("bad ELF file: {error}"));
    let file = ElfFile64::<Endianness>::parse(bytes).map_err(broken)?;
    let endian = file.endian();
    let header = file.elf_header();
    if header.e_machine.get(endian) != elf::EM_AARCH64 || !file.is_little_endian() {
        return Err(BuildError::image(record, "an ELF file, but not for little-endian AArch64"));
    }
    let (mut end, mut unused) = (0, u64::MAX);
    let mut entry = file.entry();
    for segment in file.elf_program_headers() {
        if segment.p_type(endian) != elf::PT_LOAD {
            continue;
        }
        let data = segment.data(endian, bytes).map_err(|()| {
            BuildError::image(record, "bad ELF file: a segment lies outside the file")
        })?;
        let (physical, size) = (segment.p_paddr(endian), segment.p_memsz(endian));
        mem.check_range(physical, size.max(data.len() as u64)).map_err(|error| {
            BuildError::image(record, format!("an ELF segment does not fit: {error}"))
        })?;
        place(mem, record, physical, data)?;
        end = end.max(physical + size);
        if physical + size > map::RAM {
            unused = unused.min(physical);
        }
        // The entry point is virtual; the MMU is off.
        let inside = file.entry().wrapping_sub(segment.p_vaddr(endian));
        if inside < size {
            entry = physical + inside;
        }
    }
    if end == 0 {
        return Err(BuildError::image(record, "an ELF file with nothing to load"));
    }
    Ok(Placed { entry, end, unused })
}

fn place(mem: &mut PhysMem, record: &ImageRecord, at: u64, bytes: &[u8]) -> Result<(), BuildError> {
    mem.write_bytes(at, bytes)
        .map_err(|error| BuildError::image(record, format!("does not fit into memory: {error}")))
}

fn place_tree(mem: &mut PhysMem, at: u64, tree: &[u8]) -> Result<(), BuildError> {
    let error = |error| BuildError::DeviceTree(format!("does not fit into memory: {error}"));
    mem.write_bytes(at, tree).map_err(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(offset: u64, size: u64) -> Vec<u8> {
        let mut bytes = vec![0; 64];
        bytes[8..16].copy_from_slice(&offset.to_le_bytes());
        bytes[16..24].copy_from_slice(&size.to_le_bytes());
        bytes[56..60].copy_from_slice(b"ARM\x64");
        bytes
    }

    /// Catches a header that is read at the wrong place, and old kernels put where new ones go.
    #[test]
    fn image_headers() {
        assert_eq!(arm64_image(&image(0, 0x10_0000)), Some((0, 0x10_0000)));
        assert_eq!(arm64_image(&image(0, 0)), Some((FLAT_OFFSET, 0)));
        assert_eq!(arm64_image(&[0; 64]), None);
        assert_eq!(arm64_image(b"short"), None);
    }

    /// Catches a program for the usual `virt` machine that does not find the device tree at the start of RAM, and one that lies
    /// there itself and is overwritten.
    #[test]
    fn elf_files_find_the_tree_at_the_start_of_ram() {
        let hello = include_bytes!("../../../../../scenarios/aarch64/guests/hello.elf");
        let config_record = lockstep_log::MachineRecord {
            memory: 64 << 20,
            vcpus: 1,
            ..lockstep_log::MachineRecord::default()
        };
        let config = Config { record: &config_record, gic: super::super::GicVersion::V3 };
        let start = |bytes: &[u8]| {
            let record = ImageRecord::of(ImageRole::Kernel, "x", bytes);
            let mut mem = PhysMem::default();
            mem.add_region(map::RAM, config_record.memory, lockstep_memory::RegionKind::Ram);
            let start = load_kernel(&config, (&record, bytes), None, &mut mem).unwrap();
            let mut magic = [0; 4];
            mem.read_bytes(start.device_tree, &mut magic).unwrap();
            assert_eq!(magic, [0xd0, 0x0d, 0xfe, 0xed]);
            start
        };
        let half = map::RAM + (32 << 20);
        assert_eq!(start(hello), Start { entry: 0x4020_0000, device_tree: map::RAM, free: half });
        // The same, with its first segment moved to the start of RAM.
        let mut moved = hello.to_vec();
        let headers = u64::from_le_bytes(hello[32..40].try_into().unwrap()) as usize;
        let count = usize::from(hello[56]);
        let loads = (0..count).map(|number| headers + 56 * number).filter(|at| hello[*at] == 1);
        let first = loads.min().unwrap();
        moved[first + 24..first + 32].copy_from_slice(&map::RAM.to_le_bytes());
        assert_eq!(start(&moved).device_tree, half);
        assert_eq!(start(&image(0x20_0000, 0x1000)).device_tree, half);
    }

    /// Catches a panic on a hostile ELF file: cut anywhere, or with any byte wrong.
    #[test]
    fn broken_elf_files_are_errors() {
        let good = include_bytes!("../../../../../scenarios/aarch64/guests/hello.elf");
        let load = |bytes: &[u8]| {
            let record = ImageRecord::of(ImageRole::Kernel, "x", bytes);
            let mut mem = PhysMem::default();
            mem.add_region(map::RAM, 16 << 20, lockstep_memory::RegionKind::Ram);
            load_elf(&record, bytes, &mut mem)
        };
        assert!(load(good).is_ok());
        for cut in 0..good.len().min(4096) {
            let _ = load(&good[..cut]);
        }
        for place in 0..good.len().min(512) {
            let mut wrong = good.to_vec();
            wrong[place] ^= 0xff;
            let _ = load(&wrong);
        }
    }
}
