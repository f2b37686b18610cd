//! Programs of other compilers, held against QEMU: what compilers make of C is not what the guests of this project happen to use.
//!
//! One program (`compiled/s390x/varied.c`) is compiled for several processors and at several levels, and must print here what it
//! prints there. Without a cross compiler or QEMU there is nothing to try, and the test says so. `LOCKSTEP_COMPILERS=all` tries
//! every combination.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests stand outside the machine"
)]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::words;

const COMPILER: &str = "s390x-linux-gnu-gcc";
const QEMU: &str = "qemu-system-s390x";

/// Processors and options that are always tried.
const SOME: &[(&str, &str)] = &[("z10", "-O2"), ("z13", "-O3 -funroll-loops"), ("z14", "-O2")];
const PROCESSORS: &[&str] = &["z900", "z9-109", "z10", "z196", "zEC12", "z13", "z14"];
const LEVELS: &[&str] = &[
    "-O0",
    "-O1",
    "-O2",
    "-Os",
    "-O3 -funroll-loops",
    "-O3 -ffast-math",
    "-O3 -ffp-contract=off -fno-inline",
];

/// Of the program and of what it is linked with.
const FLAGS: &str = "-std=gnu11 -w -ffreestanding -nostdlib -static -fno-pic -no-pie -fno-stack-protector \
    -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -fno-math-errno -fno-trapping-math";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn is_missing(program: &str) -> bool {
    let found = Command::new(program).arg("--version").stdout(Stdio::null()).status();
    let missing = !found.is_ok_and(|status| status.success());
    if missing {
        println!("SKIPPED: {program} is not installed, so no other compiler's program was tried");
    }
    missing
}

fn compile(folder: &Path, processor: &str, options: &str, sources: &[PathBuf], to: &Path) {
    let runtime = root().join("scenarios/s390x/guests/runtime");
    let mut command = Command::new(COMPILER);
    command.current_dir(folder).arg(format!("-march={processor}"));
    command.args(FLAGS.split_whitespace()).args(options.split_whitespace());
    command.arg("-I").arg(runtime).arg("-o").arg(to).args(sources);
    let out = command.output().unwrap();
    assert!(out.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&out.stderr));
}

/// The program for a processor: its image.
fn build(folder: &Path, processor: &str, options: &str) -> PathBuf {
    let guests = root().join("scenarios/s390x/guests/runtime");
    let [own, image] = ["varied.o", "varied.elf"].map(|name| folder.join(name));
    let source = root().join("emulator/tests/compiled/s390x/varied.c");
    compile(folder, processor, &format!("{options} -c"), &[source], &own);
    // The runtime runs before floating point is enabled, so it does without.
    let mut sources: Vec<_> =
        ["start.S", "console.c", "runtime.c"].iter().map(|name| guests.join(name)).collect();
    sources.push(own);
    let script = guests.join("guest.ld");
    let link = format!("-O1 -msoft-float -Wl,--build-id=none,-n -T {}", script.display());
    compile(folder, "z900", &link, &sources, &image);
    image
}

fn console(mut command: Command) -> String {
    let out = command.stdin(Stdio::null()).output().unwrap();
    String::from_utf8_lossy(&out.stdout).replace('\r', "")
}

fn under_qemu(image: &Path) -> String {
    let mut command = Command::new(QEMU);
    command.args(["-nographic", "-m", "128", "-cpu", "max", "-kernel"]).arg(image);
    console(command)
}

fn under_lockstep(image: &Path) -> String {
    let mut command = words(["run", "--no-input", "--machine", "ccw", "--memory", "128M"]);
    command.arg("--kernel").arg(image);
    console(command)
}

/// Catches instructions that compilers use and that are missing, or mean something else here.
#[test]
fn a_varied_program_prints_what_it_prints_elsewhere() {
    if is_missing(COMPILER) || is_missing(QEMU) {
        return;
    }
    let all = std::env::var("LOCKSTEP_COMPILERS").is_ok_and(|value| value == "all");
    let every = PROCESSORS.iter().flat_map(|cpu| LEVELS.iter().map(|level| (*cpu, *level)));
    let tried: Vec<_> = if all { every.collect() } else { SOME.to_vec() };
    for (processor, options) in tried {
        let folder = tempfile::tempdir().unwrap();
        let image = build(folder.path(), processor, options);
        let expected = under_qemu(&image);
        assert!(expected.contains("atomics: "), "QEMU, for {processor} {options}:\n{expected}");
        assert_eq!(under_lockstep(&image), expected, "for {processor} {options}");
    }
}
