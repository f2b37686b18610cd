//! What is in storage when the first instruction runs.
//!
//! An ELF file is put where its headers say. Anything else is put at address 0, as an image of storage: a Linux image of that
//! kind has its entry and its parameter area at fixed places (arch/s390/include/asm/setup.h), and the command line and the
//! initrd's place are written there. Linux as an ELF file has the same entry and the same area. Other images of storage start as
//! after a load from a device: where the short PSW at address 0 says.

use lockstep_log::{ImageRecord, ImageRole, MachineRecord};
use lockstep_memory::PhysMem;
use object::read::elf::{ElfFile64, ProgramHeader};
use object::{Endianness, Object, elf};

use crate::{BuildError, Images};

/// The PSW's mask at the start: 64-bit mode, everything disabled.
pub(super) const MASK: u64 = 0x0000_0001_8000_0000;

/// Where Linux begins.
const LINUX_ENTRY: u64 = 0x1_0000;
/// What an image of Linux has, and where.
const LINUX_MAGIC: (u64, &[u8; 6]) = (0x1_0008, b"S390EP");
/// Where the address of the short PSW is.
const SHORT_PSW_ADDRESS: u64 = 4;
/// The entry that older ELF files of Linux name: the loader of its own.
const LINUX_LOADER: u64 = 0x800;
/// Linux's parameter area.
mod parameters {
    /// Address of the initrd (doubleword).
    pub(super) const INITRD_START: u64 = 0x1_0408;
    /// Its size (doubleword).
    pub(super) const INITRD_SIZE: u64 = 0x1_0410;
    /// Room for the command line, with its final zero (doubleword); zero in older kernels.
    pub(super) const LINE_SIZE: u64 = 0x1_0430;
    /// The command line.
    pub(super) const LINE: u64 = 0x1_0480;
    /// Room in older kernels.
    pub(super) const OLD_LINE_SIZE: u64 = 896;
}
/// The lowest address for an initrd.
const INITRD: u64 = 8 << 20;
const MIB: u64 = 1 << 20;

/// Puts the images into storage; gives the entry point.
pub(super) fn load(
    record: &MachineRecord,
    images: &Images,
    mem: &mut PhysMem,
) -> Result<u64, BuildError> {
    for role in [ImageRole::Bios, ImageRole::DeviceTree, ImageRole::File] {
        if let Some((record, _)) = images.get(role) {
            return Err(BuildError::image(record, "board ccw takes no image of this kind"));
        }
    }
    for role in [ImageRole::Kernel, ImageRole::Initrd] {
        if let Some((record, [])) = images.get(role) {
            return Err(BuildError::image(record, "the file is empty"));
        }
    }
    let Some((kernel, bytes)) = images.get(ImageRole::Kernel) else {
        let needs = "board ccw needs something to run: a kernel (--kernel)";
        return Err(BuildError::Missing(needs.to_owned()));
    };
    let (entry, end) = if bytes.starts_with(b"\x7fELF") {
        load_elf(kernel, bytes, mem)?
    } else {
        place(mem, kernel, 0, bytes)?;
        (flat_entry(kernel, mem)?, bytes.len() as u64)
    };
    let linux = entry == LINUX_ENTRY || entry == LINUX_LOADER;
    if linux {
        put_command_line(kernel, &record.append, mem)?;
    } else if !record.append.is_empty() {
        return Err(BuildError::image(kernel, "not a Linux kernel: it takes no command line"));
    }
    if let Some((initrd, bytes)) = images.get(ImageRole::Initrd) {
        if !linux {
            return Err(BuildError::image(initrd, "the kernel is not Linux: it takes no initrd"));
        }
        let at = (end + MIB).next_multiple_of(MIB).max(INITRD);
        place(mem, initrd, at, bytes)?;
        place(mem, initrd, parameters::INITRD_START, &at.to_be_bytes())?;
        place(mem, initrd, parameters::INITRD_SIZE, &(bytes.len() as u64).to_be_bytes())?;
    }
    Ok(entry)
}

/// Where an image of storage starts.
fn flat_entry(record: &ImageRecord, mem: &PhysMem) -> Result<u64, BuildError> {
    let (at, magic) = LINUX_MAGIC;
    if mem.read(at).is_some_and(|found: [u8; 6]| found == *magic) {
        return Ok(LINUX_ENTRY);
    }
    match mem.read(SHORT_PSW_ADDRESS).map_or(0, u32::from_be_bytes) & 0x7fff_ffff {
        0 => {
            let detail =
                "neither an ELF file nor Linux, and without a PSW at address 0 to start by";
            Err(BuildError::image(record, detail))
        }
        address => Ok(address.into()),
    }
}

fn put_command_line(kernel: &ImageRecord, line: &str, mem: &mut PhysMem) -> Result<(), BuildError> {
    let size = mem.read(parameters::LINE_SIZE).map_or(0, u64::from_be_bytes);
    let room = if size == 0 { parameters::OLD_LINE_SIZE } else { size };
    if line.len() as u64 >= room {
        let detail = format!("takes a command line of {} bytes at most", room.saturating_sub(1));
        return Err(BuildError::image(kernel, detail));
    }
    let mut bytes = line.as_bytes().to_vec();
    bytes.push(0);
    place(mem, kernel, parameters::LINE, &bytes)
}

/// Loads the segments of an ELF file; gives the entry point and the end of the highest one.
fn load_elf(
    record: &ImageRecord,
    bytes: &[u8],
    mem: &mut PhysMem,
) -> Result<(u64, u64), BuildError> {
    let broken = |error: object::Error| BuildError::image(record, format!("bad ELF file: {error}"));
    let file = ElfFile64::<Endianness>::parse(bytes).map_err(broken)?;
    let endian = file.endian();
    if file.elf_header().e_machine.get(endian) != elf::EM_S390 || file.is_little_endian() {
        return Err(BuildError::image(record, "an ELF file, but not for s390x"));
    }
    let mut end = 0;
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
    }
    if end == 0 {
        return Err(BuildError::image(record, "an ELF file with nothing to load"));
    }
    Ok((file.entry(), end))
}

fn place(mem: &mut PhysMem, record: &ImageRecord, at: u64, bytes: &[u8]) -> Result<(), BuildError> {
    mem.write_bytes(at, bytes)
        .map_err(|error| BuildError::image(record, format!("does not fit into storage: {error}")))
}
