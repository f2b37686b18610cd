//! What a user may get wrong, and what is said about it.
//!
//! The messages are here word for word: a table to review, not only to pass. Each is one line that names what is wrong, on
//! standard error, with status 2 and nothing on standard output.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests stand outside the machine"
)]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use std::fs;
use std::path::Path;

use common::{guest, run, words};

/// A folder with everything that the tables name.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let elf = fs::read(guest("hello")).unwrap();
    write("hello.elf", &elf);
    write("empty", b"");
    write("flat", &[0x1f, 0x20, 0x03, 0xd5]);
    write("cut.elf", &elf[..1000]);
    write("head.elf", &elf[..10]);
    let garbage: Vec<u8> = (0..500_u32).map(|n| (n * 167 % 251) as u8).collect();
    write("garbage.elf", &[b"\x7fELF", &garbage[..]].concat());
    let mut other = elf.clone();
    // The machine: x86-64.
    other[18] = 62;
    write("x86.elf", &other);
    let mut no_segments = elf;
    // The number of program headers.
    no_segments[56] = 0;
    write("nothing.elf", &no_segments);
    fs::create_dir(folder.path().join("dir")).unwrap();
    write("sector", &[0; 512]);
    write("513", &[0; 513]);
    write("disk.qcow2", &[b"QFI\xfb\0\0\0\x03", &[0; 504][..]].concat());
    write("packed", &[0x1f, 0x8b, 8, 0, 1, 2, 3]);
    // These have a length, and take no room.
    for (name, megabytes) in [("17M", 17), ("65M", 65), ("5000M", 5000)] {
        let file = fs::File::create(folder.path().join(name)).unwrap();
        file.set_len(megabytes << 20).unwrap();
    }
    folder
}

/// Runs the rows of a table: words, and the one line that they must get.
#[track_caller]
fn check_table(folder: &Path, rows: &[(&str, &str)]) {
    for (line, error) in rows {
        let mut command = words(line.split(' ').map(|word| word.trim_matches('\'')));
        let ran = run(command.current_dir(folder)).with_status(2);
        assert_eq!(ran.err, format!("{error}\n"), "{line}");
        assert_eq!(ran.out, b"", "{line}");
    }
}

/// Catches a file that is taken for a disk, or a disk that is left out without a word.
#[test]
fn disks() {
    let sixteen = "run -k hello.elf".to_owned() + &" --disk sector".repeat(17);
    let rows = [
        ("run -k hello.elf --disk nope", "lockstep: cannot read 'nope': no such file or folder"),
        ("run -k hello.elf --disk dir", "lockstep: cannot read 'dir': it is a folder"),
        (
            "run -k hello.elf --disk empty",
            "lockstep: disk image empty: an empty file cannot be a disk",
        ),
        (
            "run -k hello.elf --disk sector --disk 513",
            "lockstep: disk image 513: 513 bytes are no whole number of 512-byte sectors: this is not a raw \
             disk image",
        ),
        (
            "run -k hello.elf --disk disk.qcow2",
            "lockstep: disk image disk.qcow2: a qcow2 image; only raw images can be used, `qemu-img convert \
             -O raw` makes one",
        ),
        (sixteen.as_str(), "lockstep: disk image sector: board virt has room for 16 disks"),
        (
            "record -o 513 -k hello.elf --disk 513",
            "lockstep: 513: would be overwritten by the recording",
        ),
        (
            "run -k packed",
            "lockstep: kernel image packed: cannot be unpacked (gzip): unexpected end of file",
        ),
    ];
    check_table(folder().path(), &rows);
}

/// Catches an image that is run although it cannot be meant, and errors that do not say which image and why.
#[test]
fn images() {
    let rows = [
        ("run -k nope", "lockstep: cannot read 'nope': no such file or folder"),
        ("run -k dir", "lockstep: cannot read 'dir': it is a folder"),
        (
            "run -k hello.elf/x",
            "lockstep: cannot read 'hello.elf/x': Not a directory (os error 20)",
        ),
        ("run -k empty", "lockstep: kernel image empty: the file is empty"),
        ("run --bios empty", "lockstep: bios image empty: the file is empty"),
        ("run -k flat --initrd empty", "lockstep: initrd image empty: the file is empty"),
        ("run -k flat --initrd nope", "lockstep: cannot read 'nope': no such file or folder"),
        (
            "run -k garbage.elf",
            "lockstep: kernel image garbage.elf: bad ELF file: Unsupported ELF header",
        ),
        (
            "run -k head.elf",
            "lockstep: kernel image head.elf: bad ELF file: Invalid ELF header size or alignment",
        ),
        (
            "run -k cut.elf",
            "lockstep: kernel image cut.elf: bad ELF file: \
             Invalid ELF section header offset/size/alignment",
        ),
        (
            "run -k x86.elf",
            "lockstep: kernel image x86.elf: an ELF file, but not for little-endian AArch64",
        ),
        (
            "run -k nothing.elf",
            "lockstep: kernel image nothing.elf: an ELF file with nothing to load",
        ),
        (
            "run -k hello.elf -m 1M",
            "lockstep: kernel image hello.elf: an ELF segment does not fit: \
             no memory at physical address 0x40200000 (40960 bytes)",
        ),
        (
            "run -k 17M -m 16M",
            "lockstep: kernel image 17M: does not fit into memory: \
             no memory at physical address 0x40080000 (17825792 bytes)",
        ),
        (
            "run -k flat --initrd 17M -m 16M",
            "lockstep: initrd image 17M: does not fit into memory: \
             no memory at physical address 0x40800000 (17825792 bytes)",
        ),
        ("run -k 5000M", "lockstep: cannot read '5000M': it is larger than 4294967296 bytes"),
        ("run --bios 65M", "lockstep: bios image 65M: larger than a flash bank (64 MiB)"),
        (
            "run --bios flat --initrd flat",
            "lockstep: initrd image flat: an initrd goes with a kernel, not with firmware",
        ),
        (
            "run --bios flat -k flat",
            "lockstep: kernel image flat: board virt starts either a kernel or firmware",
        ),
        (
            "run",
            "lockstep: board virt needs something to run: a kernel (--kernel) or firmware (--bios)",
        ),
        (
            "run --initrd flat",
            "lockstep: board virt needs something to run: a kernel (--kernel) or firmware (--bios)",
        ),
    ];
    let folder = folder();
    check_table(folder.path(), &rows);
    // Nothing is begun for an image that cannot be run.
    for (line, error) in rows {
        let line = line.replacen("run", "record -o log", 1);
        check_table(folder.path(), &[(&line, error)]);
    }
    assert!(!folder.path().join("log").exists());
}

/// Catches a machine that is not the one that was asked for: silently another size, another board, another option.
#[test]
fn machines() {
    let unit = "write a number with K, M or G, as in 512M";
    let sizes = [
        ("''", unit),
        ("M", unit),
        ("-1M", unit),
        ("1.5G", unit),
        ("0x10M", unit),
        ("12T", "units are K, M and G"),
        ("99999999999G", "too large"),
        ("0", "must not be 0"),
        ("0M", "must not be 0"),
        ("12345", "board virt has 1M to 65536M, in whole megabytes"),
        ("1025K", "board virt has 1M to 65536M, in whole megabytes"),
        ("1000G", "board virt has 1M to 65536M, in whole megabytes"),
    ];
    let folder = folder();
    for (size, detail) in sizes {
        let line = format!("run -k hello.elf --memory={size}");
        let mut ran = run(words(line.replace('\'', "").split(' ')).current_dir(folder.path()));
        ran = ran.with_status(2);
        // A size that is a number is shown in bytes.
        assert!(ran.err.starts_with("lockstep: memory size '"), "{}", ran.err);
        assert!(ran.err.ends_with(&format!("': {detail}\n")), "{line}: {}", ran.err);
        assert_eq!((ran.err.lines().count(), ran.out), (1, Vec::new()));
    }
    let rows = [
        ("run -k hello.elf --cpus 0", "lockstep: 0 vCPUs: board virt has 1 to 8"),
        ("run -k hello.elf --cpus 9", "lockstep: 9 vCPUs: board virt has 1 to 8"),
        (
            "run -k hello.elf --cpu z80",
            "lockstep: board virt has no processor 'z80'; known processors: armv8",
        ),
        (
            "run -k hello.elf -M pc",
            "lockstep: there is no board 'pc'; known boards: virt, clipper, ccw",
        ),
        ("run -k hello.elf -M ,", "lockstep: board option '': write KEY=VALUE"),
        ("run -k hello.elf -M virt,gic", "lockstep: board option 'gic': write KEY=VALUE"),
        ("run -k hello.elf -M virt,gic=9", "lockstep: board option 'gic=9': values are 3, 2"),
        (
            "run -k hello.elf -M virt,gicv=3",
            "lockstep: board option 'gicv=3': board virt has these options: gic, console, \
             entropy, net, semihosting",
        ),
        ("run -k hello.elf -M virt,gic=2,gic=3", "lockstep: board option 'gic=3': given twice"),
        (
            "record -o x.log -k hello.elf --keyframes 1",
            "lockstep: --keyframes: '1' is not a time: write a number with s, ms, us or ns, as in 2.5s",
        ),
        (
            "record -o x.log -k hello.elf --keyframes 999us",
            "lockstep: --keyframes: '999us' is too short: write at least 1ms",
        ),
        (
            "record -o x.log -k hello.elf --keyframes 99999999999s",
            "lockstep: --keyframes: '99999999999s' is not a time: write a number with s, ms, us or ns, as in 2.5s",
        ),
        ("run -k hello.elf --seed x", "lockstep: --seed 'x': write a number, or 'random'"),
        ("run -k hello.elf --seed=-1", "lockstep: --seed '-1': write a number, or 'random'"),
        ("run -k hello.elf --date x", "lockstep: --date 'x': write a number, or 'now'"),
        ("run -k hello.elf --date=-5", "lockstep: --date '-5': write a number, or 'now'"),
    ];
    check_table(folder.path(), &rows);
}

/// Catches options that are taken as something else. The words are those of the option parser; that the first line says
/// which option is what matters.
#[test]
fn options() {
    let rows = [
        ("run --cpus=-1", "invalid value '-1' for '--cpus <N>'"),
        ("run --cpus x", "invalid value 'x' for '--cpus <N>'"),
        ("run --cpus 99999", "invalid value '99999' for '--cpus <N>'"),
        ("run --ns-per-insn 0", "invalid value '0' for '--ns-per-insn <N>'"),
        ("run --digest-every 0", "invalid value '0' for '--digest-every <N>'"),
        ("run --limit x", "invalid value 'x' for '--limit <N>'"),
        ("run --engine qemu", "invalid value 'qemu' for '--engine <ENGINE>'"),
        ("run --level full", "unexpected argument '--level'"),
        ("run -k a -k b", "the argument '--kernel <FILE>' cannot be used multiple times"),
        ("record -o x --level most", "'most' is not a level: inputs, events or full"),
        ("record -k hello.elf", "the following required arguments were not provided:"),
        ("replay", "the following required arguments were not provided:"),
        ("log dump", "the following required arguments were not provided:"),
        ("explode", "unrecognized subcommand 'explode'"),
    ];
    for (line, error) in rows {
        let ran = run(&mut words(line.split(' '))).with_status(2);
        let first = ran.err.lines().next().unwrap();
        assert!(first.starts_with("error: ") && first.contains(error), "{line}: {}", ran.err);
        assert_eq!(ran.out, b"", "{line}");
    }
}

/// Catches errors of scripts without their line, and scripts of which a part is ignored.
#[test]
fn scripts() {
    let forms = "begin with after \"TEXT\" [delay TIME], at COUNT, or at-time TIME";
    let end = "end with type \"TEXT\", power-key, reset, keyframe or stop";
    let time = "is not a time: write a number with s, ms, us or ns, as in 2.5s";
    let rows = [
        ("after x", 1, forms.to_owned()),
        ("type \"x\"", 1, forms.to_owned()),
        ("\n# one\nat 5 stop\nafter \"x\"", 4, end.to_owned()),
        ("at 5 stop\n\nat 6 explode", 3, end.to_owned()),
        ("at 5 type \"x\" \"y\"", 1, end.to_owned()),
        ("at 5 stop now", 1, end.to_owned()),
        ("at x stop", 1, "at wants a count of instructions".to_owned()),
        ("at 99999999999999999999 stop", 1, "at wants a count of instructions".to_owned()),
        ("at-time 5 stop", 1, format!("'5' {time}")),
        ("at-time 99999999999s stop", 1, format!("'99999999999s' {time}")),
        ("after \"x\" delay 1h stop", 1, format!("'1h' {time}")),
        ("after \"\" stop", 1, "after wants a text that is not empty".to_owned()),
        ("after \"x", 1, "the text has no closing quote".to_owned()),
        ("at 5 type \"\\q\"", 1, "unknown escape \\q".to_owned()),
        ("at 5 type \"\\xg0\"", 1, "\\x wants two hexadecimal digits".to_owned()),
    ];
    let folder = folder();
    let run_script = |name: &str| {
        let mut command = words(["run", "-k", "hello.elf", "--script", name]);
        run(command.current_dir(folder.path())).with_status(2)
    };
    for (script, line, detail) in rows {
        fs::write(folder.path().join("script"), script).unwrap();
        let ran = run_script("script");
        assert_eq!(
            ran.err,
            format!("lockstep: script: script line {line}: {detail}\n"),
            "{script}"
        );
        assert_eq!(ran.out, b"");
    }
    fs::write(folder.path().join("latin"), b"after \"\xe9\" stop").unwrap();
    assert_eq!(run_script("latin").err, "lockstep: latin: not UTF-8\n");
    assert_eq!(run_script("dir").err, "lockstep: cannot read 'dir': it is a folder\n");
    let large = "lockstep: cannot read '17M': it is larger than 1048576 bytes\n";
    assert_eq!(run_script("17M").err, large);
}

/// Catches what is no log being taken for one, and a log whose images cannot be found or are others.
#[test]
fn logs() {
    let folder = folder();
    run(words(["record", "-m", "16M", "-k", "hello.elf", "-o", "log"]).current_dir(folder.path()))
        .with_status(0);
    let short = "at offset 0: the log ends inside its header; nothing was recorded";
    for command in ["replay", "log dump", "log stat", "log render", "log verify"] {
        let rows = [
            (format!("{command} nope"), "lockstep: cannot read 'nope': no such file or folder"),
            (format!("{command} dir"), "lockstep: cannot read 'dir': it is a folder"),
            (format!("{command} empty"), &format!("lockstep: empty: {short}")),
            (format!("{command} flat"), "lockstep: flat: at offset 0: not a Lockstep log"),
            (
                format!("{command} hello.elf"),
                "lockstep: hello.elf: at offset 0: not a Lockstep log",
            ),
        ];
        for (line, error) in &rows {
            check_table(folder.path(), &[(line, error)]);
        }
    }
    fs::create_dir(folder.path().join("elsewhere")).unwrap();
    fs::copy(folder.path().join("log"), folder.path().join("elsewhere/log")).unwrap();
    let ran = run(words(["replay", "log"]).current_dir(folder.path().join("elsewhere")));
    let ran = ran.with_status(2);
    let start = "lockstep: the kernel image 'hello.elf' (blake3 ";
    let end = "...) is not beside the log; say where it is with --kernel FILE or --images DIR\n";
    assert!(ran.err.starts_with(start) && ran.err.ends_with(end), "{}", ran.err);
    let ran = run(words(["replay", "-k", "flat", "log"]).current_dir(folder.path()));
    let ran = ran.with_status(2);
    let start = "lockstep: kernel image: recorded with 'hello.elf', ";
    let end = "; --allow-other-images replays with it all the same\n";
    assert!(ran.err.starts_with(start) && ran.err.ends_with(end), "{}", ran.err);
}

/// Catches a bug that somebody asks for and does not get.
#[cfg(not(feature = "faults"))]
#[test]
fn faults() {
    let folder = folder();
    let advice = "this build has no faults to switch on; build one that has with `cargo build --release --package \
                  lockstep --features faults`";
    let refused = format!("lockstep: --fault two-writers: {advice}");
    check_table(
        folder.path(),
        &[
            ("run -k hello.elf --fault two-writers", &refused),
            ("record -o log -k hello.elf --fault two-writers", &refused),
            ("log dump nothing --fault two-writers", &refused),
        ],
    );
}
