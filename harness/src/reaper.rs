//! Who ends our processes when we cannot.
//!
//! Destructors do not run in a process that is killed, and then a busy loop that was started as load would run for ever. The
//! kernel's own remedy (a signal at the parent's death) takes unsafe code, and reaches no grandchildren. So a
//! shell of a few lines waits on a pipe from us, keeping a list of the groups that live; when the pipe
//! closes, which it does however we end, it kills what is left. It is in a group of its own: the interrupt
//! key must not end it first.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use rustix::process::Pid;

const SCRIPT: &str = r#"
groups=' '
while read -r what group; do
    case $what in
        watch) groups="$groups$group " ;;
        forget) groups="${groups%% $group *} ${groups#* $group }" ;;
    esac
done
for group in $groups; do
    kill -s KILL -- "-$group" 2>/dev/null
done
"#;

/// Has the group killed when this process ends.
pub(crate) fn watch(group: Pid) -> io::Result<()> {
    tell("watch", group)
}

/// The group is gone.
pub(crate) fn forget(group: Pid) {
    // If the reaper is gone there is nobody to tell.
    let _ = tell("forget", group);
}

fn tell(what: &str, group: Pid) -> io::Result<()> {
    static REAPER: OnceLock<Mutex<Option<ChildStdin>>> = OnceLock::new();
    let mut pipe =
        REAPER.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
    let pipe = match &mut *pipe {
        Some(pipe) => pipe,
        none => none.insert(start()?),
    };
    let line = format!("{what} {}\n", group.as_raw_nonzero());
    pipe.write_all(line.as_bytes())
}

fn start() -> io::Result<ChildStdin> {
    let reaper = Command::new("sh")
        .args(["-c", SCRIPT, "lockstep-reaper"])
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    reaper.stdin.ok_or_else(|| io::Error::other("no pipe to the reaper"))
}
