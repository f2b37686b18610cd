//! Context switches: two processes that pass a byte to and fro, and each time both sleep and wake.

use std::io::{self, Read, Write};
use std::process::{Command, Stdio};

/// The word that makes this program the other end.
pub(crate) const CHILD: &str = "switch-echo";

pub(crate) fn run() -> io::Result<()> {
    let mut other = Command::new(std::env::current_exe()?)
        .arg(CHILD)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let missing = || io::Error::other("no pipe to the other end");
    let mut to = other.stdin.take().ok_or_else(missing)?;
    let mut from = other.stdout.take().ok_or_else(missing)?;
    let mut byte = [0];
    loop {
        to.write_all(&byte)?;
        from.read_exact(&mut byte)?;
    }
}

/// The other end. The pipe closes when the first one ends, however it ends.
pub(crate) fn echo() -> io::Result<()> {
    let (mut from, mut to) = (io::stdin().lock(), io::stdout().lock());
    let mut byte = [0];
    while from.read(&mut byte)? > 0 {
        to.write_all(&byte)?;
        to.flush()?;
    }
    Ok(())
}
