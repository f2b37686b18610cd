//! `cargo xtask scenario`: new scenarios, and the schema that editors read.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Write a scenario with comments to start from.
    New(New),
    /// Write `scenarios/schema.json` again, after the types have changed.
    Schema,
}

/// What the scenario is to be.
#[derive(Args)]
pub(crate) struct New {
    /// Its name: `aarch64/timer` becomes `scenarios/aarch64/timer.yaml`.
    #[arg(value_name = "ARCH/NAME")]
    name: String,
    /// The kernel, or the program in its place: a file below the scenario's folder, or below `guests/`.
    #[arg(long, value_name = "FILE")]
    kernel: PathBuf,
}

/// Why there is no new file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("`{0}` is no name of a scenario: write ARCH/NAME, in small letters, digits and -")]
    Name(String),
    #[error("there is no architecture `{0}`; known are: aarch64, alpha, s390x")]
    Arch(String),
    #[error("{0}: is there already")]
    Exists(PathBuf),
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    #[error("{0}: a kernel is a file below {1} or guests/; copy it there")]
    Elsewhere(PathBuf, PathBuf),
    #[error("the schema could not be written:\n{0}")]
    Schema(String),
}

/// The board of each architecture.
const BOARDS: [(&str, &str); 3] = [("aarch64", "virt"), ("alpha", "clipper"), ("s390x", "ccw")];

const SKELETON: &str = include_str!("scenario/skeleton.yaml");

pub(crate) fn run(command: &Command) -> Result<(), Error> {
    match command {
        Command::New(new) => {
            let path = write(crate::root(), &std::env::current_dir().unwrap_or_default(), new)?;
            println!("wrote {}", path.display());
            Ok(())
        }
        Command::Schema => write_schema(crate::root()),
    }
}

fn write(root: &Path, here: &Path, new: &New) -> Result<PathBuf, Error> {
    let wrong = || Error::Name(new.name.clone());
    let (arch, name) = new.name.split_once('/').ok_or_else(wrong)?;
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_name = |part: &str| !part.is_empty() && part.chars().all(is_plain);
    if !name.split('/').all(is_name) || name.split('/').next() == Some("guests") {
        return Err(wrong());
    }
    let board = BOARDS.iter().find(|(known, _)| *known == arch);
    let (_, board) = board.ok_or_else(|| Error::Arch(arch.to_owned()))?;
    let path = root.join("scenarios").join(format!("{}.yaml", new.name));
    let folder = path.parent().unwrap_or(root).to_owned();
    let kernel = kernel(root, here, &folder, &new.kernel)?;
    let levels = name.split('/').count();
    let text = SKELETON
        .replace("@NAME@", &new.name)
        .replace("@BOARD@", board)
        .replace("@KERNEL@", &kernel)
        .replace("../schema.json", &format!("{}schema.json", "../".repeat(levels)));
    fs::create_dir_all(&folder).map_err(|error| Error::File(folder.clone(), error))?;
    match fs::File::create_new(&path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(Error::Exists(path)),
        Err(error) => Err(Error::File(path, error)),
        Ok(mut file) => {
            let written = io::Write::write_all(&mut file, text.as_bytes());
            written.map_err(|error| Error::File(path.clone(), error)).map(|()| path)
        }
    }
}

/// The kernel, as the scenario names it.
fn kernel(root: &Path, here: &Path, folder: &Path, file: &Path) -> Result<String, Error> {
    let absolute = here.join(file);
    let named = |error| Error::File(file.to_owned(), error);
    let real = fs::canonicalize(&absolute).map_err(named)?;
    let below = |folder: &Path| {
        let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        real.strip_prefix(folder).ok().map(Path::to_owned)
    };
    if let Some(path) = below(&root.join("guests")) {
        if path.components().filter(|part| matches!(part, Component::Normal(_))).count() >= 2 {
            return Ok(format!("{{ fetched: {:?} }}", path.to_string_lossy()));
        }
    } else if let Some(path) = below(folder) {
        return Ok(format!("{:?}", path.to_string_lossy()));
    }
    Err(Error::Elsewhere(file.to_owned(), folder.to_owned()))
}

/// The schema follows from the harness's types; a test of the harness, which compares them, can also write it.
fn write_schema(root: &Path) -> Result<(), Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let test = "schema::json::tests::the_committed_schema_is_that_of_the_types";
    let arguments = ["test", "--quiet", "--package", "harness", "--lib", "--", "--exact", test];
    let output = duct::cmd(cargo, arguments)
        .dir(root)
        .env("LOCKSTEP_WRITE_SCHEMA", "1")
        .stdin_null()
        .stderr_to_stdout()
        .stdout_capture()
        .unchecked()
        .run()
        .map_err(|error| Error::Schema(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::Schema(String::from_utf8_lossy(&output.stdout).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (folder, file) in [("scenarios/aarch64/guests", "x.elf"), ("guests/linux", "Image")] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
            fs::write(root.path().join(folder).join(file), "").unwrap();
        }
        fs::write(root.path().join("other.elf"), "").unwrap();
        root
    }

    fn new(root: &Path, name: &str, kernel: &str) -> Result<String, String> {
        let new = New { name: name.to_owned(), kernel: kernel.into() };
        let path = write(root, root, &new).map_err(|error| error.to_string())?;
        Ok(fs::read_to_string(path).unwrap())
    }

    /// Catches paths that only work from where the command was typed. (That the text is a scenario, the harness's tests hold.)
    #[test]
    fn a_scenario_names_its_kernel_as_scenarios_do() {
        let stage = stage();
        let beside = new(stage.path(), "aarch64/x", "scenarios/aarch64/guests/x.elf").unwrap();
        assert!(beside.contains("\n  kernel: \"guests/x.elf\"\n"), "{beside}");
        assert!(beside.contains("\n  board: virt\n") && !beside.contains('@'), "{beside}");
        let fetched = new(stage.path(), "s390x/deep/y", "guests/linux/Image").unwrap();
        assert!(fetched.contains("\n  kernel: { fetched: \"linux/Image\" }\n"), "{fetched}");
        assert!(fetched.contains("$schema=../../schema.json"), "{fetched}");
    }

    /// Catches a file that is overwritten, and one that no scenario could name.
    #[test]
    fn what_cannot_be_is_told() {
        let stage = stage();
        let kernel = "scenarios/aarch64/guests/x.elf";
        new(stage.path(), "aarch64/x", kernel).unwrap();
        for (name, kernel, message) in [
            ("aarch64/x", kernel, "is there already"),
            ("x", kernel, "no name of a scenario"),
            ("aarch64/../x", kernel, "no name of a scenario"),
            ("aarch64/guests/x", kernel, "no name of a scenario"),
            ("riscv/x", kernel, "no architecture `riscv`"),
            ("aarch64/y", "other.elf", "a kernel is a file below"),
            ("aarch64/y", "none.elf", "No such file"),
        ] {
            let error = new(stage.path(), name, kernel).expect_err(name);
            assert!(error.contains(message), "{name}: {error}");
        }
    }
}
