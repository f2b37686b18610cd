//! A kernel's initial RAM disk, made of fetched parts and of a script of our own.
//!
//! A cpio archive in the form that Linux documents (initramfs/buffer-format.rst: "newc"), in a gzip envelope. It is made here, so
//! that the same parts give the same bytes everywhere: no times, no owners, files in a fixed order, and nothing
//! compressed, because compressors differ from version to version. Everything in it is small or compressed already.

/// What is in an archive.
#[derive(Debug, Default)]
pub(super) struct Archive {
    bytes: Vec<u8>,
    files: u32,
}

const FOLDER: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
const LINK: u32 = 0o120_777;
/// A character device that only root reads and writes.
const DEVICE: u32 = 0o020_600;

impl Archive {
    pub(super) fn folder(&mut self, name: &str) {
        self.entry(name, FOLDER, (0, 0), &[]);
    }

    pub(super) fn program(&mut self, name: &str, content: &[u8]) {
        self.entry(name, PROGRAM, (0, 0), content);
    }

    pub(super) fn link(&mut self, name: &str, target: &str) {
        self.entry(name, LINK, (0, 0), target.as_bytes());
    }

    pub(super) fn device(&mut self, name: &str, major: u32, minor: u32) {
        self.entry(name, DEVICE, (major, minor), &[]);
    }

    /// A header of hexadecimal fields, the name, the content; each padded to a multiple of four.
    fn entry(&mut self, name: &str, mode: u32, device: (u32, u32), content: &[u8]) {
        self.files += 1;
        let end = name == TRAILER;
        let number = if end { 0 } else { self.files };
        let links = 1;
        let (len, name_len) = (content.len() as u32, name.len() as u32 + 1);
        let fields = [number, mode, 0, 0, links, 0, len, 0, 0, device.0, device.1, name_len, 0];
        self.bytes.extend(b"070701");
        for field in fields {
            self.bytes.extend(format!("{field:08x}").bytes());
        }
        self.bytes.extend(name.bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend(content);
        self.pad();
    }

    fn pad(&mut self) {
        let len = self.bytes.len().next_multiple_of(4);
        self.bytes.resize(len, 0);
    }

    /// The finished archive in its envelope.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.entry(TRAILER, 0, (0, 0), &[]);
        gzip(&self.bytes)
    }
}

const TRAILER: &str = "TRAILER!!!";

/// RFC 1952 around RFC 1951's blocks that are not compressed.
fn gzip(content: &[u8]) -> Vec<u8> {
    const MOST: usize = 0xffff;
    // Magic, deflate, no flags, no time, no extra flags, unknown system.
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let count = content.len().div_ceil(MOST).max(1);
    for place in 0..count {
        let start = place * MOST;
        let block = &content[start..content.len().min(start + MOST)];
        let len = block.len() as u16;
        bytes.push(u8::from(place + 1 == count));
        bytes.extend(len.to_le_bytes());
        bytes.extend((!len).to_le_bytes());
        bytes.extend(block);
    }
    bytes.extend(crc32fast::hash(content).to_le_bytes());
    bytes.extend((content.len() as u32).to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::Archive;
    use std::process::{Command, Stdio};

    /// Catches an archive that the usual tools read otherwise, in so far as they are installed.
    #[test]
    fn the_usual_tools_read_it() {
        let mut archive = Archive::default();
        archive.folder("bin");
        archive.program("bin/a", &[7; 70_001]);
        archive.link("bin/b", "a");
        let bytes = archive.finish();
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("x.gz"), &bytes).expect("writable");
        let mut gunzip = Command::new("gzip");
        gunzip.args(["-dc", "x.gz"]).current_dir(folder.path()).stderr(Stdio::inherit());
        let output = gunzip.output().expect("gzip is everywhere");
        assert!(output.status.success());
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.starts_with("070701") && text.contains("TRAILER!!!"));
        assert!(output.stdout.len() > 70_001 && output.stdout.len().is_multiple_of(4));
    }
}
