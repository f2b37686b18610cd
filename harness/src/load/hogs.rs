//! The processes of `lockstep-load`.

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use crate::schema::Hog;

/// As many processes as are wanted, or one for each core.
pub(super) fn programs(
    hog: Hog,
    processes: Option<u32>,
    folder: &Path,
) -> io::Result<Vec<duct::Expression>> {
    let cores = available_parallelism().map_or(1, NonZeroUsize::get);
    let processes = processes.map_or(cores, |processes| processes as usize);
    let owner = std::process::id().to_string();
    let path = find()?;
    let program = duct::cmd!(path, hog.name(), "--owner", owner, "--folder", folder);
    let program = program.stdin_null().stdout_null().stderr_null();
    Ok(vec![program; processes])
}

/// cargo puts the package's programs beside the folder of its tests, and so does nextest when it unpacks an archive.
fn find() -> io::Result<PathBuf> {
    let tests = std::env::current_exe()?;
    let beside = tests.ancestors().skip(1).take(2).map(|folder| folder.join("lockstep-load"));
    let told = std::env::var_os("NEXTEST_BIN_EXE_lockstep-load").map(PathBuf::from);
    let mut places = told.into_iter().chain(beside);
    places.find(|place| place.is_file()).ok_or_else(|| {
        let build = "`cargo build -p harness` makes it";
        io::Error::other(format!("there is no lockstep-load beside {}; {build}", tests.display()))
    })
}
