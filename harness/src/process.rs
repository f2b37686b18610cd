//! Processes that end: by themselves, at their deadline, or with us.
//!
//! A test harness that leaves processes behind disturbs every later measurement on that machine. So each process leads a
//! group of its own, which is killed as a whole when we are done with it, and which a helper kills if we
//! are killed before that (see `reaper`).

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use duct::unix::HandleExt;
use rustix::process::{Pid, Signal, kill_process_group};

use crate::load::Disturbance;
use crate::reaper;

/// A process and all that it started, killed when this is dropped.
#[derive(Debug)]
pub struct Group {
    handle: duct::Handle,
    leader: Pid,
}

impl Group {
    /// Starts a program in a group of its own.
    pub fn start(program: &duct::Expression) -> io::Result<Self> {
        let own_group = |command: &mut std::process::Command| {
            command.process_group(0);
            Ok(())
        };
        let handle = program.unchecked().before_spawn(own_group).start()?;
        let id = handle.pids().first().and_then(|id| i32::try_from(*id).ok());
        let leader = id.and_then(Pid::from_raw).ok_or_else(|| io::Error::other("no process"))?;
        let group = Self { handle, leader };
        reaper::watch(leader)?;
        Ok(group)
    }

    /// The process group's id.
    #[must_use]
    pub fn id(&self) -> Pid {
        self.leader
    }

    /// Sends the leader a signal; nothing happens if it has ended.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        // Through the handle: it knows whether the number is still that of our process.
        self.handle.send_signal(signal.as_raw())
    }

    /// Waits for the leader to end, but not for longer than this.
    fn wait(&self, timeout: Duration) -> io::Result<Option<ExitStatus>> {
        Ok(self.handle.wait_timeout(timeout)?.map(|output| output.status))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Once the leader is gone its number may be somebody else's.
        if matches!(self.handle.try_wait(), Ok(None)) {
            let _ = kill_process_group(self.leader, Signal::KILL);
            let _ = self.handle.wait();
        }
        reaper::forget(self.leader);
    }
}

/// A command whose output goes to files and that has a deadline.
#[derive(Clone, Debug)]
pub struct Run {
    /// What is run.
    pub program: PathBuf,
    /// With which arguments.
    pub arguments: Vec<OsString>,
    /// Where its standard output goes.
    pub stdout: PathBuf,
    /// Where its standard error goes.
    pub stderr: PathBuf,
    /// After how much wall time it is killed.
    pub timeout: Duration,
    /// What somebody types when the output shows a text, in this order.
    pub typed: Vec<(String, String)>,
    /// What a load does to it.
    pub disturbance: Disturbance,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this status.
    Exited(i32),
    /// By a signal that we did not send.
    Signalled(i32),
    /// It did not, and was killed.
    TimedOut,
}

impl Run {
    /// Runs the command to its end.
    pub fn run(&self) -> io::Result<Ended> {
        let command = duct::cmd(&self.program, &self.arguments)
            .stdout_path(&self.stdout)
            .stderr_path(&self.stderr);
        if self.typed.is_empty() {
            return self.wait(&self.start(&command.stdin_null())?);
        }
        let (input, keyboard) = io::pipe()?;
        // The command holds the pipe's other end, too: it has to be gone before typing can fail.
        let group = self.start(&command.stdin_file(input))?;
        drop(command);
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| self.type_into(keyboard, &over));
            let ended = self.wait(&group);
            over.store(true, Ordering::Relaxed);
            ended
        })
    }

    fn start(&self, command: &duct::Expression) -> io::Result<Group> {
        self.disturbance.cores.start(|| Group::start(command))
    }

    /// Types until everything is typed, nobody reads any more, or the run is over.
    fn type_into(&self, mut keyboard: io::PipeWriter, over: &AtomicBool) {
        const LOOK: Duration = Duration::from_millis(3);
        let mut seen = 0;
        for (pattern, text) in &self.typed {
            loop {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                let output = std::fs::read(&self.stdout).unwrap_or_default();
                let new = output.get(seen..).unwrap_or_default();
                let found = new.windows(pattern.len()).position(|part| part == pattern.as_bytes());
                if let Some(place) = found {
                    seen += place + pattern.len();
                    break;
                }
                thread::sleep(LOOK);
            }
            // A few keys at a time, as they come from a terminal.
            for keys in text.as_bytes().chunks(3) {
                if keyboard.write_all(keys).is_err() {
                    return;
                }
                thread::sleep(LOOK);
            }
        }
    }

    fn wait(&self, group: &Group) -> io::Result<Ended> {
        let wait = || group.wait(self.timeout);
        let status = match &self.disturbance.pulses {
            None => wait()?,
            Some(pulses) => pulses.during(group, wait)?,
        };
        Ok(match status {
            None => Ended::TimedOut,
            Some(status) => match status.code() {
                Some(code) => Ended::Exited(code),
                None => Ended::Signalled(status.signal().unwrap_or_default()),
            },
        })
    }

    /// The command as one would type it.
    #[must_use]
    pub fn command_line(&self) -> String {
        let mut line = self.program.display().to_string();
        for argument in &self.arguments {
            line.extend([" ", &quoted(&argument.to_string_lossy())]);
        }
        line
    }
}

/// A word as one would type it.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,=:+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::fs;
    use std::time::Instant;

    /// Whether a process is there. One that is dead and not yet waited for (by some lazy init) is not.
    pub(crate) fn is_running(id: &str) -> bool {
        let stat = fs::read_to_string(format!("/proc/{id}/stat"));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    }

    /// Waits for a process of somebody else to end.
    pub(crate) fn ends(id: &str) -> bool {
        let deadline = Instant::now() + Duration::from_secs(20);
        while is_running(id) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
        }
        !is_running(id)
    }

    fn shell(script: &str, timeout: Duration) -> (tempfile::TempDir, Run) {
        let folder = tempfile::tempdir().unwrap();
        let run = Run {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            stdout: folder.path().join("out"),
            stderr: folder.path().join("err"),
            timeout,
            typed: Vec::new(),
            disturbance: Disturbance::default(),
        };
        (folder, run)
    }

    #[test]
    fn status_and_output_are_kept() {
        let (_folder, run) = shell("echo out; echo err >&2; exit 4", Duration::from_secs(20));
        assert_eq!(run.run().unwrap(), Ended::Exited(4));
        assert_eq!(fs::read_to_string(&run.stdout).unwrap(), "out\n");
        assert_eq!(fs::read_to_string(&run.stderr).unwrap(), "err\n");
        assert_eq!(run.command_line(), "/bin/sh -c 'echo out; echo err >&2; exit 4'");
    }

    #[test]
    fn a_signal_is_not_a_status() {
        let (_folder, run) = shell("kill -SEGV $$", Duration::from_secs(20));
        assert_eq!(run.run().unwrap(), Ended::Signalled(11));
    }

    /// Catches typing that comes too early or in another order, and a program that ends before all is typed and is waited
    /// for.
    #[test]
    fn somebody_types() {
        let script = "echo one; read a; echo two; read b; echo $b $a";
        let (_folder, mut run) = shell(script, Duration::from_secs(20));
        let step = |after: &str, text: &str| (after.to_owned(), text.to_owned());
        run.typed = vec![step("one", "first\n"), step("two", "second\n"), step("never", "x")];
        assert_eq!(run.run().unwrap(), Ended::Exited(0));
        assert_eq!(fs::read_to_string(&run.stdout).unwrap(), "one\ntwo\nsecond first\n");
    }

    /// duct's own kill would leave the grandchild, which holds the output open.
    #[test]
    fn a_deadline_ends_grandchildren_too() {
        let script = "sleep 60 & echo $!; sleep 60";
        let (_folder, run) = shell(script, Duration::from_millis(300));
        let start = Instant::now();
        assert_eq!(run.run().unwrap(), Ended::TimedOut);
        assert!(start.elapsed() < Duration::from_secs(20));
        let grandchild = fs::read_to_string(&run.stdout).unwrap();
        assert!(ends(grandchild.trim()), "{grandchild} is running");
    }

    #[test]
    fn what_cannot_be_started_is_an_error() {
        let (_folder, mut run) = shell("", Duration::from_secs(1));
        run.program = "/no/such/program".into();
        assert_eq!(run.run().unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
