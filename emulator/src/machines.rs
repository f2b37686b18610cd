//! `lockstep machines`.

use std::io::Write;

use lockstep_machine::BOARDS;

use crate::failure::{Failure, Status};

pub(crate) fn list() -> Result<Status, Failure> {
    let mut out = std::io::stdout().lock();
    for board in BOARDS {
        writeln!(out, "{} ({})", board.name, board.arch)?;
        writeln!(out, "    {}", board.about)?;
        for option in board.options {
            let values = option.values.join("|");
            writeln!(
                out,
                "    {}={values}  {} (default {})",
                option.name, option.about, option.values[0]
            )?;
        }
        writeln!(out, "    processors: {}", board.cpus.join(", "))?;
        writeln!(
            out,
            "    vCPUs: 1 to {}; memory: {}M, at most {}M",
            board.most_vcpus,
            board.default_memory >> 20,
            board.most_memory >> 20
        )?;
    }
    Ok(Status::Good)
}
