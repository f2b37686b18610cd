//! Kernels that come packed.
//!
//! An arm64 kernel is often kept in an envelope: gzip's, or a small EFI program that would unpack it ("zboot": in Linux,
//! drivers/firmware/efi/libstub/zboot-header.S). Without EFI somebody else has to open it, and that is the loader.

use std::io::Read;

/// Bytes of an unpacked kernel at most: a few bytes must not fill the host's memory.
const LIMIT: u64 = 512 << 20;

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Offsets in the head of a zboot image.
mod zboot {
    use std::ops::Range;

    /// What it is known by.
    pub(super) const MAGIC: (Range<usize>, &[u8]) = (4..8, b"zimg");
    /// Where the packed kernel begins: 32 bits.
    pub(super) const OFFSET: usize = 8;
    /// How long it is: 32 bits.
    pub(super) const SIZE: usize = 12;
    /// How it is packed: a name that ends with a zero byte.
    pub(super) const METHOD: Range<usize> = 24..56;
}

/// The kernel in an envelope; `None` when there is no envelope.
pub(super) fn unpack(bytes: &[u8]) -> Result<Option<Vec<u8>>, String> {
    if bytes.starts_with(&GZIP) {
        return gunzip(bytes).map(Some);
    }
    let (place, magic) = zboot::MAGIC;
    if !bytes.starts_with(b"MZ") || bytes.get(place) != Some(magic) {
        return Ok(None);
    }
    let word = |at: usize| {
        let bytes = bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u32::from_le_bytes) as usize
    };
    let start = word(zboot::OFFSET);
    let end = start.saturating_add(word(zboot::SIZE));
    let payload = bytes.get(start..end).filter(|payload| !payload.is_empty());
    let payload = payload.ok_or("an EFI zboot image that ends before its kernel")?;
    let method = bytes.get(zboot::METHOD).unwrap_or_default();
    let method: Vec<u8> = method.iter().copied().take_while(|byte| *byte != 0).collect();
    match method.as_slice() {
        b"gzip" => gunzip(payload).map(Some),
        b"zstd" | b"zstd22" => unzstd(payload).map(Some),
        other => {
            let name = String::from_utf8_lossy(other).into_owned();
            Err(format!("an EFI zboot image packed with '{name}'; gzip and zstd can be unpacked"))
        }
    }
}

fn gunzip(bytes: &[u8]) -> Result<Vec<u8>, String> {
    read("gzip", flate2::read::GzDecoder::new(bytes))
}

fn unzstd(bytes: &[u8]) -> Result<Vec<u8>, String> {
    // Linux adds the length at the end: there is one frame, and what follows is not another.
    let decoder = zstd::stream::read::Decoder::new(bytes).map_err(|error| error.to_string())?;
    read("zstd", decoder.single_frame())
}

fn read(method: &str, packed: impl Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    packed
        .take(LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be unpacked ({method}): {error}"))?;
    if bytes.len() as u64 > LIMIT {
        return Err(format!("unpacks to more than {} MiB", LIMIT >> 20));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zboot(method: &[u8], payload: &[u8]) -> Vec<u8> {
        let mut image = vec![0; 64];
        image[..8].copy_from_slice(b"MZ\0\0zimg");
        image[8..12].copy_from_slice(&64u32.to_le_bytes());
        image[12..16].copy_from_slice(&(payload.len() as u32).to_le_bytes());
        image[24..24 + method.len()].copy_from_slice(method);
        [&image, payload].concat()
    }

    /// Catches an envelope that is taken for the kernel, and a kernel that is taken for an envelope.
    #[test]
    fn envelopes_are_opened() {
        let kernel = b"a kernel, more or less".repeat(1000);
        assert_eq!(unpack(&kernel), Ok(None));
        assert_eq!(unpack(b"MZ"), Ok(None));
        assert_eq!(unpack(&gzipped(&kernel)), Ok(Some(kernel.clone())));
        assert_eq!(unpack(&zboot(b"gzip", &gzipped(&kernel))), Ok(Some(kernel.clone())));
        let packed = zstd::stream::encode_all(kernel.as_slice(), 3).unwrap();
        let with_size = [packed.as_slice(), &[1, 2, 3, 4]].concat();
        assert_eq!(unpack(&zboot(b"zstd22", &with_size)), Ok(Some(kernel)));
    }

    /// Catches a panic, or a kernel of which half is missing, when the envelope is cut or in a form that is not known.
    #[test]
    fn broken_envelopes_are_errors() {
        let image = zboot(b"gzip", &gzipped(&[7; 10_000]));
        for cut in 8..image.len() {
            assert!(unpack(&image[..cut]).is_err(), "{cut}");
        }
        let error = unpack(&zboot(b"lzma", b"x")).unwrap_err();
        assert!(error.contains("'lzma'"), "{error}");
        assert!(unpack(&zboot(b"zstd", b"not zstd at all")).is_err());
    }
}
