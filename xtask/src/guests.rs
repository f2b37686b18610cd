//! `cargo xtask guests`: the programs that the machines run.
//!
//! Small guests are written here and committed with their built images, so that
//! tests need no cross compiler; `build` renews the images and `build --check` proves
//! that they come from their sources. Real guests belong to others and are too
//! large to commit; `fetch` gets them from where everybody gets them.

mod build;
mod fetch;

use std::io;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use crate::process;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Build the small guests with the cross compilers.
    Build {
        /// Change nothing: build elsewhere and compare with the committed images.
        #[arg(long)]
        check: bool,
    },
    /// Get real guests from their distribution into the ignored folder `guests/`.
    Fetch {
        /// Which ones; all that are known if none is named.
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// Only list what is known and what is here.
        #[arg(long, conflicts_with = "names")]
        list: bool,
    },
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Process(#[from] process::Error),
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("{0} of the guests are not what their sources build; {1}")]
    Differ(usize, String),
    #[error("there is no guest `{0}`; known are: {1}")]
    Unknown(String, String),
    #[error("package {package} has no file `{pattern}`")]
    NotInPackage { package: String, pattern: &'static str },
    #[error("package {0} depends on no package `{1}...`")]
    NoDependency(&'static str, &'static str),
    #[error("{guest} could not be fetched: {reason}\n{advice}")]
    Fetch { guest: &'static str, reason: process::Error, advice: &'static str },
}

impl Error {
    /// For `map_err` on whatever was done to `path`.
    fn file(path: &Path) -> impl FnOnce(io::Error) -> Error + '_ {
        move |source| Error::File { path: path.to_owned(), source }
    }
}

pub(crate) fn run(command: &Command) -> Result<(), Error> {
    match command {
        Command::Build { check: false } => build::build(crate::root()),
        Command::Build { check: true } => build::check(crate::root()),
        Command::Fetch { list: true, .. } => {
            fetch::list(crate::root());
            Ok(())
        }
        Command::Fetch { names, .. } => fetch::fetch(crate::root(), names),
    }
}
