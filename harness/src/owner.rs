//! Ending with whoever started us.
//!
//! `cargo xtask` runs the harness's programs, and may be killed while they run. A program that then goes on for nobody would disturb
//! whatever is measured next on that machine. So it gets a pipe for its standard input, and `LOCKSTEP_OWNED` says so: the pipe closes when
//! xtask ends, however it does. The processes of this one end with it (see `reaper`).

use std::{io, process, thread};

/// Ends this process when its owner has ended, if it has one.
pub fn end_with_owner() {
    if std::env::var_os("LOCKSTEP_OWNED").is_none() {
        return;
    }
    thread::spawn(|| {
        // Nothing is written to it.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        eprintln!("error: who started this has ended");
        process::exit(2);
    });
}
