//! Every scenario, every point of its axes: one test each. See `harness::suite`.

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    harness::suite::run(&Arguments::from_args())
}
