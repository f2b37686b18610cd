//! The most memory that an emulator holds while it boots a real kernel.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{Error, Timed};

/// How often a process is asked how much memory it has held.
const INTERVAL: Duration = Duration::from_millis(20);
/// A boot that takes longer is ended.
const LONGEST: Duration = Duration::from_secs(600);

/// The most memory that a command's process held, in megabytes.
pub(super) fn peak(command: &Timed) -> Result<u64, Error> {
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
        if start.elapsed() > LONGEST {
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
