//! The program of that name, for those who have it: it knows more ways to be a nuisance than we do.

/// Runs until it is killed, unless the arguments say otherwise.
pub(super) fn program(arguments: &str) -> duct::Expression {
    let program = duct::cmd("stress-ng", arguments.split_whitespace());
    program.stdin_null().stdout_null().stderr_null()
}

pub(super) fn is_installed() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join("stress-ng").is_file())
}
