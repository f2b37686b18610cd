//! The images in memory when the first instruction runs.
//!
//! A kernel is an ELF file for the superpage, compressed or not, or a flat binary for where Linux begins. Command line
//! and initrd are where Linux's own boot loaders leave them: in the page before the kernel's tables
//! (arch/alpha/include/asm/setup.h).

use std::borrow::Cow;
use std::io::Read;

use lockstep_log::{ImageRecord, ImageRole, MachineRecord};
use lockstep_memory::PhysMem;
use object::read::elf::{ElfFile64, ProgramHeader};
use object::{Endianness, Object, elf};

use super::hwrpb::{CONSOLE_END, superpage};
use super::map;
use crate::{BuildError, Images};

/// Where Linux begins, and flat binaries are put and entered.
const START: u64 = 0x31_0000;
/// How far before its beginning Linux looks for what its boot loader has to say: at 0x30a000 or, for kernels that are not
/// made for old consoles, at 0x100a000.
const PARAMETERS: u64 = 0x6000;
/// Of the parameters: the command line.
const COMMAND_LINE: u64 = 0x000;
/// Bytes of the command line, its end included.
const COMMAND_LINE_SIZE: usize = 256;
/// Of the parameters: the initrd's virtual address and its size.
const INITRD: u64 = 0x100;
/// Bits of a superpage address that are the physical one.
const PHYSICAL: u64 = (1 << 41) - 1;
const PAGE: u64 = 8192;
/// A decompressed kernel is refused beyond this: nobody has one, but a small file can say so.
const LARGEST: u64 = 1 << 30;

/// Puts the images into memory. Gives the entry point.
pub(super) fn load(
    record: &MachineRecord,
    images: &Images,
    mem: &mut PhysMem,
) -> Result<u64, BuildError> {
    for role in [ImageRole::DeviceTree, ImageRole::Bios, ImageRole::File] {
        if let Some((image, _)) = images.get(role) {
            return Err(BuildError::image(image, "board clipper takes no image of this kind"));
        }
    }
    for role in [ImageRole::Kernel, ImageRole::Initrd] {
        if let Some((image, [])) = images.get(role) {
            return Err(BuildError::image(image, "the file is empty"));
        }
    }
    if record.memory < 2 * CONSOLE_END {
        return Err(BuildError::Missing("board clipper needs at least 4M of memory".to_owned()));
    }
    let kernel = images.get(ImageRole::Kernel).ok_or_else(|| {
        BuildError::Missing("board clipper needs something to run: a kernel (--kernel)".to_owned())
    })?;
    let (entry, low, end) = load_kernel(kernel, mem)?;
    load_parameters(record, images.get(ImageRole::Initrd), (low, end), mem)?;
    Ok(entry)
}

/// Loads a kernel; gives its entry point and the physical addresses from which and up to which it lies.
fn load_kernel(
    (record, bytes): (&ImageRecord, &[u8]),
    mem: &mut PhysMem,
) -> Result<(u64, u64, u64), BuildError> {
    let bytes = decompress(record, bytes)?;
    if bytes.starts_with(b"\x7fELF") {
        return load_elf(record, &bytes, mem);
    }
    place(mem, record, START, &bytes)?;
    Ok((superpage(START), START, START + bytes.len() as u64))
}

/// What is in a file that may be compressed with gzip.
fn decompress<'a>(record: &ImageRecord, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, BuildError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut whole = Vec::new();
    let mut decoder = flate2::read::MultiGzDecoder::new(bytes).take(LARGEST + 1);
    decoder
        .read_to_end(&mut whole)
        .map_err(|error| BuildError::image(record, format!("bad gzip file: {error}")))?;
    if whole.len() as u64 > LARGEST {
        return Err(BuildError::image(record, "more than 1 GiB when it is decompressed"));
    }
    Ok(Cow::Owned(whole))
}

/// Loads the segments of an ELF file.
fn load_elf(
    record: &ImageRecord,
    bytes: &[u8],
    mem: &mut PhysMem,
) -> Result<(u64, u64, u64), BuildError> {
    let broken = |error: object::Error| BuildError::image(record, format!("bad ELF file: {error}"));
    let file = ElfFile64::<Endianness>::parse(bytes).map_err(broken)?;
    let endian = file.endian();
    if file.elf_header().e_machine.get(endian) != elf::EM_ALPHA || !file.is_little_endian() {
        return Err(BuildError::image(record, "an ELF file, but not for Alpha"));
    }
    let (mut low, mut end) = (u64::MAX, 0);
    for segment in file.elf_program_headers() {
        if segment.p_type(endian) != elf::PT_LOAD {
            continue;
        }
        let data = segment.data(endian, bytes).map_err(|()| {
            BuildError::image(record, "bad ELF file: a segment lies outside the file")
        })?;
        let address = physical(record, segment.p_vaddr(endian))?;
        let size = segment.p_memsz(endian).max(data.len() as u64);
        mem.check_range(address, size).map_err(|error| {
            BuildError::image(record, format!("an ELF segment does not fit: {error}"))
        })?;
        if address < CONSOLE_END {
            let detail = format!("a segment at {address:#x} is in the console's memory");
            return Err(BuildError::image(record, detail));
        }
        place(mem, record, address, data)?;
        (low, end) = (low.min(address), end.max(address + size));
    }
    if end == 0 {
        return Err(BuildError::image(record, "an ELF file with nothing to load"));
    }
    physical(record, file.entry())?;
    Ok((file.entry(), low, end))
}

/// The physical address of one in the superpage, which is all that is mapped.
fn physical(record: &ImageRecord, address: u64) -> Result<u64, BuildError> {
    if address >> 41 == superpage(0) >> 41 && address & 1 << 40 == 0 {
        return Ok(address & PHYSICAL);
    }
    let detail = format!(
        "address {address:#x} is not in the superpage (0xfffffc0000000000 and up), where kernels live"
    );
    Err(BuildError::image(record, detail))
}

/// Puts the command line and the initrd where Linux looks.
fn load_parameters(
    record: &MachineRecord,
    initrd: Option<(&ImageRecord, &[u8])>,
    (low, end): (u64, u64),
    mem: &mut PhysMem,
) -> Result<(), BuildError> {
    let error = |error| BuildError::Missing(format!("board clipper, kernel parameters: {error}"));
    let parameters = low.saturating_sub(PARAMETERS);
    if parameters < CONSOLE_END {
        if initrd.is_some() || !record.append.is_empty() {
            return Err(BuildError::Missing(
                "this image begins where a command line and an initrd would be described"
                    .to_owned(),
            ));
        }
        return Ok(());
    }
    let line = record.append.as_bytes();
    if line.len() >= COMMAND_LINE_SIZE {
        let detail = format!("the command line has {} bytes; Alpha's has at most 255", line.len());
        return Err(BuildError::Missing(detail));
    }
    mem.write_bytes(parameters + COMMAND_LINE, line).map_err(error)?;
    let Some((image, bytes)) = initrd else { return Ok(()) };
    let at = initrd_place(mem, record, end, bytes.len() as u64)
        .ok_or_else(|| BuildError::image(image, "does not fit into memory beside the kernel"))?;
    place(mem, image, at, bytes)?;
    let words = [superpage(at), bytes.len() as u64].map(u64::to_le_bytes).concat();
    mem.write_bytes(parameters + INITRD, &words).map_err(error)
}

/// An initrd goes to the end of memory, out of the way of what the kernel takes first.
fn initrd_place(mem: &PhysMem, record: &MachineRecord, end: u64, len: u64) -> Option<u64> {
    let at = (map::RAM + record.memory).checked_sub(len)? / PAGE * PAGE;
    (at >= end && mem.check_range(at, len).is_ok()).then_some(at)
}

fn place(mem: &mut PhysMem, record: &ImageRecord, at: u64, bytes: &[u8]) -> Result<(), BuildError> {
    mem.write_bytes(at, bytes)
        .map_err(|error| BuildError::image(record, format!("does not fit into memory: {error}")))
}

#[cfg(test)]
mod tests {
    use lockstep_memory::RegionKind;

    use super::*;

    const HELLO: &[u8] = include_bytes!("../../../../../scenarios/alpha/guests/hello.elf");

    fn memory() -> PhysMem {
        let mut mem = PhysMem::default();
        mem.add_region(map::RAM, 64 << 20, RegionKind::Ram);
        mem
    }

    fn load_all(kernel: &[u8], initrd: Option<&[u8]>, append: &str) -> Result<PhysMem, BuildError> {
        let mut images = Images::default();
        images.add(ImageRole::Kernel, "kernel", kernel.to_vec());
        if let Some(initrd) = initrd {
            images.add(ImageRole::Initrd, "initrd", initrd.to_vec());
        }
        let append = append.to_owned();
        let record = MachineRecord { memory: 64 << 20, append, ..MachineRecord::default() };
        let mut mem = memory();
        load(&record, &images, &mut mem).map(|_| mem)
    }

    /// Catches a command line or an initrd that Linux does not find.
    #[test]
    fn parameters_are_where_linux_looks() {
        let mem = load_all(HELLO, Some(b"initrd"), "console=ttyS0").unwrap();
        assert_eq!(&mem.read::<8>(0x30_a000).unwrap(), b"console=");
        let word = |at: u64| mem.read::<8>(at).map_or(0, u64::from_le_bytes);
        assert_eq!((word(0x30_a100), word(0x30_a108)), (superpage((64 << 20) - 8192), 6));
        assert_eq!(&mem.read::<6>((64 << 20) - 8192).unwrap(), b"initrd");
        assert!(load_all(HELLO, None, &"x".repeat(256)).is_err());
        assert!(load_all(HELLO, Some(&vec![1; 63 << 20]), "").is_err());
        assert!(load_all(b"", None, "").is_err());
    }

    /// Catches a compressed kernel that is run as it is, and one that is damaged and run.
    #[test]
    fn compressed_kernels() {
        let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 1];
        let len = HELLO.len() as u16;
        bytes.extend([len.to_le_bytes(), (!len).to_le_bytes()].concat());
        bytes.extend(HELLO);
        let mut crc = flate2::Crc::new();
        crc.update(HELLO);
        bytes.extend([crc.sum().to_le_bytes(), u32::from(len).to_le_bytes()].concat());
        let (plain, packed) =
            (load_all(HELLO, None, "").unwrap(), load_all(&bytes, None, "").unwrap());
        assert_eq!(plain.read::<64>(START), packed.read::<64>(START));
        for cut in 2..bytes.len() {
            assert!(load_all(&bytes[..cut], None, "").is_err(), "cut at {cut}");
        }
    }

    /// Catches a panic on a hostile ELF file: cut anywhere, or with any byte wrong; and a kernel on top of the console.
    #[test]
    fn broken_elf_files_are_errors() {
        let load = |bytes: &[u8]| {
            let record = ImageRecord::of(ImageRole::Kernel, "x", bytes);
            load_elf(&record, bytes, &mut memory())
        };
        assert!(load(HELLO).is_ok());
        for cut in 0..HELLO.len().min(2048) {
            let _ = load(&HELLO[..cut]);
        }
        for place in 0..HELLO.len().min(256) {
            let mut wrong = HELLO.to_vec();
            wrong[place] ^= 0xff;
            let _ = load(&wrong);
        }
        let mut low = HELLO.to_vec();
        // The segment's virtual address: the first megabyte.
        low[0x50..0x58].copy_from_slice(&superpage(0x10_0000).to_le_bytes());
        assert!(load(&low).is_err());
    }
}
