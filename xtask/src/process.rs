//! Other programs, run so that their failure explains itself.
//!
//! Output is kept rather than shown: it matters only when the program fails,
//! and is then part of the error.

use std::ffi::OsString;
use std::io;
use std::path::Path;

/// Why a program gave no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It is not on the PATH.
    #[error("`{program}` is not installed: {advice}")]
    Missing {
        /// Its name.
        program: String,
        /// How to get it.
        advice: String,
    },
    /// It could not be started or waited for.
    #[error("`{program}` could not be run: {source}")]
    Start {
        /// Its name.
        program: String,
        /// What the host said.
        source: io::Error,
    },
    /// It ran and failed.
    #[error("`{command}` failed:\n{output}")]
    Failed {
        /// The whole command.
        command: String,
        /// What it printed.
        output: String,
    },
}

/// A program of the harness that ends with this process, or before: when what else this gives is dropped. The program must have no other
/// standard input: the one that is said first counts.
pub(crate) fn owned(program: &duct::Expression) -> io::Result<(duct::Expression, io::PipeWriter)> {
    let (reader, writer) = io::pipe()?;
    Ok((program.stdin_file(reader).env("LOCKSTEP_OWNED", "1"), writer))
}

/// A program, and what to tell those who do not have it.
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) advice: &'static str,
}

impl Program {
    /// Runs the program in `folder` and gives back what it printed to standard output.
    pub(crate) fn run<A: Into<OsString>>(
        &self,
        folder: &Path,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<String, Error> {
        let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
        let mut expression = duct::cmd(self.name, &arguments)
            .dir(folder)
            .env("LC_ALL", "C")
            .stdin_null()
            .stdout_capture()
            .stderr_capture()
            .unchecked();
        // What would let the environment add to a build.
        for name in ["CPATH", "C_INCLUDE_PATH", "LIBRARY_PATH", "COMPILER_PATH", "GCC_EXEC_PREFIX"]
        {
            expression = expression.env_remove(name);
        }
        let output = expression.run().map_err(|source| self.not_started(source))?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(printed);
        }
        let complaint = String::from_utf8_lossy(&output.stderr);
        Err(Error::Failed {
            command: command_line(self.name, &arguments),
            output: format!("{}\n{}", printed.trim(), complaint.trim()).trim().to_owned(),
        })
    }

    fn not_started(&self, source: io::Error) -> Error {
        let program = self.name.to_owned();
        if source.kind() == io::ErrorKind::NotFound {
            let advice = self.advice.to_owned();
            Error::Missing { program, advice }
        } else {
            Error::Start { program, source }
        }
    }
}

fn command_line(name: &str, arguments: &[OsString]) -> String {
    let mut line = name.to_owned();
    for argument in arguments {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::{Error, Program};
    use std::path::Path;

    #[test]
    fn a_missing_program_comes_with_advice() {
        let program = Program { name: "no-such-program-anywhere", advice: "install it" };
        let error = program.run(Path::new("."), ["x"]).expect_err("nothing has this name");
        assert_eq!(error.to_string(), "`no-such-program-anywhere` is not installed: install it");
    }

    #[test]
    fn a_failure_shows_the_command_and_what_it_printed() {
        let shell = Program { name: "sh", advice: "" };
        let error = shell
            .run(Path::new("."), ["-c", "echo out; echo err >&2; exit 3"])
            .expect_err("it exits with 3");
        assert!(matches!(&error, Error::Failed { output, .. } if output == "out\nerr"));
        assert!(error.to_string().contains("sh -c"));
    }
}
