//! QEMU, on which operating systems run, as the judge of what instructions do.
//!
//! It is given a program as a kernel. When the program has ended, the machine is held, and its memory is read.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{ChildStdout, Command, Stdio};

/// Where in its file a kernel's bytes are.
const OFFSET: u64 = 0x2000;

/// A machine of QEMU.
pub struct Qemu {
    /// The program.
    pub program: &'static str,
    /// The Debian package that has it.
    pub package: &'static str,
    /// The machine, its processor, and what it does not have.
    pub options: &'static [&'static str],
    /// The number of the architecture in ELF files.
    pub elf: u16,
    /// Whether ELF files are big-endian.
    pub big_endian: bool,
}

/// Bytes to run.
pub struct Kernel<'a> {
    /// Where it is entered.
    pub entry: u64,
    /// Where it begins, as the processor sees it.
    pub start: u64,
    /// What it consists of.
    pub image: &'a [u8],
}

impl Qemu {
    /// Whether it is there; says so when a test has to be skipped.
    #[must_use]
    pub fn is_installed(&self) -> bool {
        crate::is_installed(self.program, self.package)
    }

    /// Runs a program until it switches the machine off, or until nothing can run any more; gives the bytes of areas of physical
    /// memory, which are `(address, length)`, one behind the other.
    ///
    /// # Panics
    /// If QEMU ends before, or has not come to an end within two minutes.
    #[must_use]
    pub fn run(&self, kernel: &Kernel<'_>, areas: &[(u64, u64)]) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kernel");
        std::fs::write(&path, self.file(kernel)).unwrap();
        let mut child = Command::new("timeout")
            .args(["120", self.program])
            .args(self.options)
            .args(["-m", "64M", "-display", "none", "-nodefaults", "-qmp", "stdio", "-S"])
            .args(["-no-shutdown", "-action", "panic=pause", "-kernel"])
            .arg(path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut to = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        to.write_all(b"{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"cont\"}\n").unwrap();
        self.wait_for(&mut lines, &["\"SHUTDOWN\"", "\"GUEST_PANICKED\""]);
        let mut found = Vec::new();
        for area in areas {
            let path = folder.path().join("area");
            to.write_all(save(*area, &path).as_bytes()).unwrap();
            self.wait_for(&mut lines, &["\"id\": \"save\""]);
            found.extend(std::fs::read(path).unwrap());
        }
        to.write_all(b"{\"execute\":\"quit\"}\n").unwrap();
        child.wait().unwrap();
        found
    }

    /// Reads its answers up to one that contains one of the texts.
    fn wait_for(&self, lines: &mut Lines<BufReader<ChildStdout>>, texts: &[&str]) {
        for line in lines {
            let line = line.unwrap();
            if texts.iter().any(|text| line.contains(text)) {
                return;
            }
            assert!(!line.contains("\"error\""), "{}: {line}", self.program);
        }
        panic!("{} ended before {texts:?}", self.program);
    }

    /// A kernel file: an ELF file of one segment.
    fn file(&self, kernel: &Kernel<'_>) -> Vec<u8> {
        let mut file = vec![0x7f, b'E', b'L', b'F', 2, 1 + u8::from(self.big_endian), 1];
        file.resize(16, 0);
        let mut put = |value: u64, len: usize| {
            if self.big_endian {
                file.extend(&value.to_be_bytes()[8 - len..]);
            } else {
                file.extend(&value.to_le_bytes()[..len]);
            }
        };
        let (start, len) = (kernel.start, kernel.image.len() as u64);
        // An executable; the header of its only segment follows at 64.
        [2, self.elf.into()].into_iter().for_each(|value| put(value, 2));
        put(1, 4);
        [kernel.entry, 64, 0].into_iter().for_each(|value| put(value, 8));
        put(0, 4);
        [64, 56, 1, 64, 0, 0].into_iter().for_each(|value| put(value, 2));
        // To be loaded, for all uses.
        [1, 7].into_iter().for_each(|value| put(value, 4));
        [OFFSET, start, start, len, len, OFFSET].into_iter().for_each(|value| put(value, 8));
        file.resize(OFFSET as usize, 0);
        file.extend(kernel.image);
        file
    }
}

/// The command that has an area of physical memory written to a file.
fn save((start, len): (u64, u64), path: &Path) -> String {
    let path = path.display();
    format!(
        "{{\"execute\":\"pmemsave\",\"id\":\"save\",\"arguments\":\
         {{\"val\":{start},\"size\":{len},\"filename\":\"{path}\"}}}}\n"
    )
}
