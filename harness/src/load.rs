//! Other work for the host.
//!
//! What a run is must not depend on when the host's scheduler runs it. On an idle machine it is hard to notice that it does;
//! so trials are also run while something else wants every core, the disk or the kernel's attention, and while the
//! emulator itself is stopped at random, or has to share one core. What a load is called is in [`schema::Load`]; the hogs
//! themselves are the program `lockstep-load`.

mod hogs;
mod one_cpu;
mod pulse;
mod stress_ng;

use std::io;
use std::path::Path;

use crate::process::Group;
use crate::schema::{self, Part};

pub use one_cpu::Cores;
pub use pulse::Pulses;

/// Load that goes on until it is dropped.
#[derive(Debug)]
pub struct Running {
    groups: Vec<Group>,
    disturbance: Disturbance,
}

/// What a load does to the emulator's own processes.
#[derive(Clone, Debug, Default)]
pub struct Disturbance {
    /// The cores it may use.
    pub cores: Cores,
    /// How it is stopped and continued.
    pub pulses: Option<Pulses>,
}

impl Running {
    /// Starts a load; its processes are there when this returns. Files, which have no names, are in `folder`; what is random
    /// about the load follows from `seed`.
    pub fn start(load: &schema::Load, seed: u64, folder: &Path) -> io::Result<Self> {
        let mut disturbance = Disturbance::default();
        for part in load.parts() {
            match part {
                Part::Pulse(longest) => disturbance.pulses = Some(Pulses::new(*longest, seed)),
                Part::OneCpu => disturbance.cores = Cores::one(seed)?,
                Part::Hog { .. } | Part::StressNg(_) => {}
            }
        }
        let mut programs = Vec::new();
        for part in load.parts() {
            match part {
                Part::Hog { hog, processes } => {
                    programs.extend(hogs::programs(*hog, *processes, folder)?);
                }
                Part::StressNg(arguments) => programs.push(stress_ng::program(arguments)),
                Part::Pulse(_) | Part::OneCpu => {}
            }
        }
        if load.parts() == [Part::OneCpu] {
            // Alone on it, the emulator would not be disturbed.
            programs.extend(hogs::programs(schema::Hog::Cpu, Some(1), folder)?);
        }
        let start = |program| disturbance.cores.start(|| Group::start(program));
        let groups = programs.iter().map(start).collect::<io::Result<_>>()?;
        Ok(Self { groups, disturbance })
    }

    /// The processes' groups.
    #[must_use]
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// What is done to the emulator.
    #[must_use]
    pub fn disturbance(&self) -> &Disturbance {
        &self.disturbance
    }
}

/// Why this host cannot have a load, if it cannot.
#[must_use]
pub fn impossible(load: &schema::Load) -> Option<String> {
    let needs_stress_ng = load.parts().iter().any(|part| matches!(part, Part::StressNg(_)));
    (needs_stress_ng && !stress_ng::is_installed()).then(|| "stress-ng is not installed".to_owned())
}
