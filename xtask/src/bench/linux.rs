//! The boot of a real kernel, to power-off: seconds, bytes of the log, and the most memory that a process held.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{Error, Qemu, Timed, summary};

const FOLDER: &str = "guests/linux-aarch64";
/// How often a process is asked how much memory it has held.
const INTERVAL: Duration = Duration::from_millis(20);

/// Times the boot on both, where the kernel is there.
pub(super) fn run(
    root: &Path,
    lockstep: &Path,
    qemu: Option<&Qemu>,
    folder: &Path,
    rounds: u32,
) -> Result<(), Error> {
    let [kernel, initrd] = ["vmlinuz", "initrd.gz"].map(|name| root.join(FOLDER).join(name));
    if !kernel.exists() || !initrd.exists() {
        println!("linux: not fetched (`cargo xtask guests fetch`), so not timed");
        return Ok(());
    }
    let log = folder.join("linux.log");
    let boot = |name, program: OsString, words: &[&str]| {
        Timed::new(name, program, words)
            .with("--kernel")
            .with(&kernel)
            .with("--initrd")
            .with(&initrd)
            .with("--append")
            .with("console=ttyAMA0 quiet")
    };
    let ours = || lockstep.as_os_str().to_owned();
    let mut record = boot("record", ours(), &["record", "--no-input"]);
    record = record.with("--output").with(&log);
    let replay = Timed::new("replay", ours(), &["replay", "--quiet"]);
    let replay = replay.with("--images").with(root.join(FOLDER)).with(&log);
    let mut commands = vec![boot("run", ours(), &["run", "--no-input"]), record, replay];
    if let Some(qemu) = qemu {
        let recording = folder.join("linux.qemu");
        let icount = |mode: &str| format!("shift=5,rr={mode},rrfile={}", recording.display());
        let plain = boot("QEMU run", qemu.program.clone(), super::QEMU_MACHINE);
        let record = boot("QEMU record", qemu.program.clone(), super::QEMU_MACHINE);
        let replay = boot("QEMU replay", qemu.program.clone(), super::QEMU_MACHINE);
        commands.push(plain);
        commands.push(record.with("-icount").with(icount("record")));
        commands.push(replay.with("-icount").with(icount("replay")));
    }
    let mut times = vec![Vec::new(); commands.len()];
    for round in 1..=rounds {
        eprintln!("linux: round {round} of {rounds}");
        for (command, times) in commands.iter().zip(&mut times) {
            times.push(command.time()?);
        }
    }
    println!(
        "{:<12} {:>9} {:>9} {:>9} {:>12} {:>9}",
        "linux", "min s", "median s", "max s", "log bytes", "peak MB"
    );
    for (command, times) in commands.iter().zip(&times) {
        let [min, median, max] = summary(times);
        let file =
            if command.name.starts_with("QEMU") { folder.join("linux.qemu") } else { log.clone() };
        let bytes = if command.name.ends_with("record") { size(&file) } else { String::new() };
        let peak = peak_memory(command)?;
        println!("{:<12} {min:>9.2} {median:>9.2} {max:>9.2} {bytes:>12} {peak:>9}", command.name);
    }
    Ok(())
}

fn size(path: &Path) -> String {
    fs::metadata(path).map_or_else(|_| "?".to_owned(), |data| data.len().to_string())
}

/// The most memory that a command's process held, in megabytes.
fn peak_memory(command: &Timed) -> Result<u64, Error> {
    let failed = |source| Error::Start { command: command.line(), source };
    let mut child = Command::new(&command.program)
        .args(&command.arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    let start = Instant::now();
    while child.try_wait().map_err(failed)?.is_none() {
        let held = fs::read_to_string(&status).ok().and_then(|text| high_water(&text));
        peak = peak.max(held.unwrap_or(0));
        if start.elapsed() > Duration::from_secs(600) {
            let _ = child.kill();
        }
        std::thread::sleep(INTERVAL);
    }
    Ok(peak / 1024)
}

/// The line `VmHWM` of a process's status, in kilobytes.
fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches another line, or another unit.
    #[test]
    fn memory_is_read() {
        let status = "VmPeak:\t  999 kB\nVmHWM:\t  512 kB\nVmRSS:\t  1 kB\n";
        assert_eq!(high_water(status), Some(512));
        assert_eq!(high_water("Name:\tinit\n"), None);
    }
}
