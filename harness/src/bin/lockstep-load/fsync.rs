//! A disk that always has something to finish: short writes, each flushed.

use std::fs::{self, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

/// Of one write, and of the file.
const CHUNK: usize = 4 << 10;
const FILE: usize = 1 << 20;

pub(crate) fn run(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!("lockstep-load-{}", std::process::id()));
    let named = |error: io::Error| io::Error::other(format!("{}: {error}", path.display()));
    let file = OpenOptions::new().write(true).create_new(true).open(&path);
    let mut file = file.map_err(named)?;
    // Nothing is left of a file without a name, however this ends.
    fs::remove_file(&path).map_err(named)?;
    let mut chunk = [0_u8; CHUNK];
    loop {
        file.seek(SeekFrom::Start(0))?;
        for _ in 0..FILE / CHUNK {
            chunk[0] = chunk[0].wrapping_add(1);
            file.write_all(&chunk)?;
            file.sync_all()?;
        }
    }
}
