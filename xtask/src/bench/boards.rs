//! What is timed on each architecture, and how both emulators are told to run it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::Timed;

/// One architecture's part.
pub(super) struct Board {
    pub(super) arch: &'static str,
    /// Our board's name.
    name: &'static str,
    /// Small guests; all run without input and switch the machine off.
    pub(super) guests: &'static [&'static str],
    /// The kernel's file in the folder of the fetched Linux.
    kernel: &'static str,
    /// Linux's command line.
    append: &'static str,
    pub(super) qemu: &'static str,
    qemu_machine: &'static [&'static str],
}

pub(super) const BOARDS: [Board; 3] = [
    Board {
        arch: "aarch64",
        name: "virt",
        guests: &["loop", "compute", "crc", "sort", "matrix", "bytecode", "chase"],
        kernel: "vmlinuz",
        append: "console=ttyAMA0 quiet",
        qemu: "qemu-system-aarch64",
        qemu_machine: &["-M", "virt,gic-version=3", "-cpu", "neoverse-n1", "-nic", "none"],
    },
    Board {
        arch: "alpha",
        name: "clipper",
        guests: &["loop"],
        kernel: "vmlinux",
        append: "console=ttyS0 quiet",
        qemu: "qemu-system-alpha",
        qemu_machine: &["-M", "clipper", "-vga", "none", "-net", "none"],
    },
    Board {
        arch: "s390x",
        name: "ccw",
        guests: &["loop", "compute", "sort", "matrix", "bytecode", "chase"],
        kernel: "vmlinuz",
        append: "console=ttysclp0 quiet",
        qemu: "qemu-system-s390x",
        qemu_machine: &["-M", "s390-ccw-virtio", "-cpu", "qemu", "-nic", "none"],
    },
];

/// Both sides alike.
const MEMORY: &str = "512M";

/// What a machine starts.
pub(super) struct Guest {
    /// In the tables.
    pub(super) label: String,
    kernel: PathBuf,
    /// The initial RAM disk and the command line: a Linux has both, a small guest neither.
    linux: Option<(PathBuf, &'static str)>,
}

impl Board {
    pub(super) fn small(&self, root: &Path, name: &str) -> Guest {
        let kernel =
            root.join("scenarios").join(self.arch).join("guests").join(format!("{name}.elf"));
        Guest { label: format!("{} {name}", self.arch), kernel, linux: None }
    }

    /// Linux, if it has been fetched.
    pub(super) fn linux(&self, root: &Path) -> Option<Guest> {
        let folder = root.join("guests").join(format!("linux-{}", self.arch));
        let [kernel, initrd] = [self.kernel, "initrd.gz"].map(|name| folder.join(name));
        let label = format!("{} linux", self.arch);
        let there = kernel.is_file() && initrd.is_file();
        there.then_some(Guest { label, kernel, linux: Some((initrd, self.append)) })
    }

    /// Runs, records and replays; with a QEMU, runs and records there, too. (QEMU's replay may not end.)
    pub(super) fn commands(
        &self,
        guest: &Guest,
        lockstep: &Path,
        qemu: Option<&OsString>,
        folder: &Path,
    ) -> Vec<Timed> {
        let log = recording(guest, folder, "log");
        let ours = |name, words: &[&str]| Timed::new(name, lockstep, words);
        let record = ours("record", &["record", "--no-input", "--output"]).with(&log);
        let replay = ours("replay", &["replay", "--quiet"]).with(&log);
        let mut all = vec![
            guest.described(self.machine(ours("run", &["run", "--no-input"]))),
            guest.described(self.machine(record)),
            guest.images(replay),
        ];
        if let Some(program) = qemu {
            let file = recording(guest, folder, "qemu");
            let record = format!("shift=5,rr=record,rrfile={}", file.display());
            for (name, icount) in [("QEMU run", "shift=5"), ("QEMU record", record.as_str())] {
                let timed = Timed::new(name, program, self.qemu_machine).with("-m").with(MEMORY);
                let timed = HEADLESS.iter().fold(timed, Timed::with);
                all.push(guest.described(timed.with("-icount").with(icount)));
            }
        }
        all
    }

    fn machine(&self, timed: Timed) -> Timed {
        timed.with("--machine").with(self.name).with("--memory").with(MEMORY)
    }
}

/// Where the commands of [`Board::commands`] are.
pub(super) const RUN: usize = 0;
pub(super) const RECORD: usize = 1;
pub(super) const REPLAY: usize = 2;
pub(super) const QEMU_RUN: usize = 3;
pub(super) const QEMU_RECORD: usize = 4;

const HEADLESS: [&str; 6] = ["-display", "none", "-monitor", "none", "-serial", "file:/dev/null"];

/// The file that an emulator records to.
pub(super) fn recording(guest: &Guest, folder: &Path, emulator: &str) -> PathBuf {
    folder.join(format!("{}.{emulator}", guest.label.replace(' ', "-")))
}

impl Guest {
    /// Both emulators take these options with two dashes.
    fn images(&self, timed: Timed) -> Timed {
        let timed = timed.with("--kernel").with(&self.kernel);
        match &self.linux {
            Some((initrd, _)) => timed.with("--initrd").with(initrd),
            None => timed,
        }
    }

    fn described(&self, timed: Timed) -> Timed {
        let timed = self.images(timed);
        match self.linux {
            Some((_, append)) => timed.with("--append").with(append),
            None => timed,
        }
    }
}
