//! What a scenario file says.
//!
//! A scenario that is read wrongly tests something else than its author thinks, and passes. So nothing here is lenient:
//! a key that is not known, given twice, of the wrong type or without effect is an error that shows the line.
//! The types are the reference; `docs/scenarios.md` explains them with examples.

mod check;
mod debug;
mod error;
mod image;
mod json;
mod load;
mod locate;
mod schedule;
mod script;
mod step;
mod units;

#[cfg(test)]
mod tests;

use std::fmt;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

pub use debug::{
    At, Base, Bytes, CompareSeeks, EventAt, Expectation, Kind, MemoryAt, Move, Place, Repeat,
    StopKind, Target, WatchAt, WatchFor,
};
pub use error::ScenarioError;
pub use image::{Disk, Image, pattern};
pub use json::json_schema_text;
pub use load::{Hog, Load, Part};
pub use schedule::Schedule;
pub use script::{Action, Beginning, ScriptStep, script_text};
pub use step::{Keep, Step};
pub use units::{Seeds, Size, Span};

/// A scenario file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Scenario {
    /// What the scenario shows, in a sentence.
    pub description: String,
    /// The machine.
    pub machine: Machine,
    /// What runs on it.
    pub guest: Guest,
    /// Where trials begin, if that is not where the machine is switched on.
    pub from: Option<Beginning>,
    /// What is typed and pressed.
    #[serde(default)]
    pub script: Vec<ScriptStep>,
    /// What is done with it.
    #[serde(default = "Step::usual")]
    pub steps: Vec<Step>,
    /// The variations in which all of it must hold.
    #[serde(default)]
    pub axes: Axes,
    /// How many recordings a trial makes, unless `--repeat` says otherwise.
    #[serde(default = "default_repeat")]
    pub repeat: NonZeroU32,
    /// How it is recorded.
    #[serde(default)]
    pub record: RecordOptions,
    /// What must come out.
    #[serde(default)]
    pub expect: Expect,
    /// The bug that this scenario is there to catch. Everything else is what must hold without it.
    pub fault: Option<String>,
    /// How long one process may take, in wall time, before it counts as hanging.
    #[serde(default = "default_timeout")]
    pub timeout: Span,
}

/// The fewest that can differ.
fn default_repeat() -> NonZeroU32 {
    const { NonZeroU32::new(2).unwrap() }
}

fn default_timeout() -> Span {
    Span::seconds(60)
}

/// The machine, in the words of `lockstep --machine` and its fellows.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Machine {
    /// Board and options: `virt,gic=3`. May be given by the axis `boards` instead.
    pub board: Option<String>,
    /// Processor model.
    pub cpu: Option<String>,
    /// Size of RAM.
    pub memory: Option<Size>,
    /// Number of vCPUs.
    pub cpus: Option<u16>,
}

/// What runs on the machine.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Guest {
    /// A kernel, or a program in its place.
    pub kernel: Option<Image>,
    /// A firmware.
    pub bios: Option<Image>,
    /// The kernel's initial RAM disk.
    pub initrd: Option<Image>,
    /// Its disks, which no run changes.
    #[serde(default)]
    pub disks: Vec<Disk>,
    /// A folder beside the scenario, whose files the guest can open through semihosting. No run changes it.
    pub files: Option<PathBuf>,
    /// The kernel's command line.
    pub append: Option<String>,
}

/// An axis is a list; every combination is a trial, and so is each point beside them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Axes {
    /// Boards to run on, each with a golden log of its own.
    pub boards: Vec<String>,
    /// How instructions are executed.
    pub engines: Vec<Engine>,
    /// What else keeps the host busy.
    pub loads: Vec<Load>,
    /// Who decides which of the emulator's threads goes next.
    pub schedules: Vec<Schedule>,
    /// Seeds of the guest's random numbers.
    pub seeds: Seeds,
    /// Points beside the combinations: what is worth trying, but not with everything else.
    pub also: Vec<Point>,
}

/// A trial beside the combinations. Where it says nothing, it has the first value of the axis.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Point {
    /// How instructions are executed.
    pub engine: Option<Engine>,
    /// What else keeps the host busy.
    pub load: Option<Load>,
    /// Who decides which of the emulator's threads goes next.
    pub schedule: Option<Schedule>,
    /// Seed of the guest's random numbers.
    pub seed: Option<u64>,
}

impl Default for Axes {
    fn default() -> Self {
        Self {
            boards: Vec::new(),
            engines: vec![Engine::Interp],
            loads: vec![Load::default()],
            schedules: vec![Schedule::Os],
            seeds: Seeds(vec![1]),
            also: Vec::new(),
        }
    }
}

/// A closed set of names: one for each value, the same in files, on the command line and in names of trials.
macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$value_doc:meta])* $value:ident = $name:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
        pub enum $type {
            $($(#[$value_doc])* #[serde(rename = $name)] $value),+
        }

        impl $type {
            /// All values.
            pub const ALL: &[Self] = &[$(Self::$value),+];

            /// The name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$value => $name),+ }
            }

            /// The value of this name.
            #[must_use]
            pub fn of_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name() == name)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

names! {
    /// How instructions are executed.
    Engine {
        /// One after another, from a cache of decoded blocks.
        Interp = "interp",
        /// Code that runs often is compiled.
        Jit = "jit",
        /// All code is compiled at first sight: slow, and leaves the interpreter the least to hide.
        JitNow = "jit-now",
        /// Whatever is fastest on this host.
        Auto = "auto",
    }
}

names! {
    /// How much a recording says.
    Level {
        /// What replay needs.
        Inputs = "inputs",
        /// Interrupts, timers, console output and so on too.
        Events = "events",
        /// Exceptions and TLB fills too.
        Full = "full",
    }
}

names! {
    /// When disk reads complete.
    #[derive(Default)]
    Io {
        /// After a modelled time.
        #[default]
        Modelled = "modelled",
        /// When the host has done them.
        Live = "live",
    }
}

names! {
    /// How the script is typed.
    #[derive(Default)]
    Typing {
        /// By the machine itself, at moments that are the same in every recording.
        #[default]
        Scripted = "scripted",
        /// Into the emulator's standard input, by somebody who watches the console and is never in time.
        Live = "live",
    }
}

names! {
    /// How a recording ends.
    Exit {
        /// The guest switched the machine off, content.
        PowerOff = "power-off",
        /// In another way that leaves a whole recording: script's `stop`, limit, failed guest, dead machine.
        Stopped = "stopped",
    }
}

impl Exit {
    /// The emulator's exit status.
    #[must_use]
    pub const fn status(self) -> i32 {
        match self {
            Self::PowerOff => 0,
            Self::Stopped => 4,
        }
    }
}

names! {
    /// What gives a fault away.
    Caught {
        /// Two recordings are not the same file.
        DifferentLogs = "different-logs",
        /// A replay says that it is not the run that was recorded.
        Divergence = "divergence",
        /// Moving over a recording does.
        Debug = "debug",
        /// A machine that can neither go on nor be woken.
        Dead = "dead",
        /// The dump of a log is not the log.
        Dump = "dump",
        /// The guest prints something else.
        Console = "console",
        /// The log is not the reviewed one.
        Golden = "golden",
    }
}

/// How it is recorded.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct RecordOptions {
    /// How much is written down.
    pub level: Option<Level>,
    /// Instructions between two digests of the machine's state.
    pub digest_every: Option<u64>,
    /// Nanoseconds of virtual time for one instruction.
    pub ns_per_insn: Option<u32>,
    /// Instructions after which the run is stopped.
    pub limit: Option<u64>,
    /// When disk reads complete.
    pub io: Io,
    /// How the script is typed.
    pub typing: Typing,
}

/// What must come out.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Expect {
    /// How the recording ends.
    pub exit: Exit,
    /// What the emulator says on standard error contains this.
    pub message: Option<String>,
    /// What the guest prints.
    pub console: Option<Console>,
    /// Whether the log must be the reviewed one, in `golden/`.
    pub golden: bool,
    /// Whether all recordings must be the same file.
    pub repeatable: bool,
    /// What gives the scenario's fault away, when it is on.
    pub caught: Option<Caught>,
    /// What is then said contains this.
    pub says: Option<String>,
}

impl Default for Expect {
    fn default() -> Self {
        Self {
            exit: Exit::PowerOff,
            message: None,
            console: None,
            golden: true,
            repeatable: true,
            caught: None,
            says: None,
        }
    }
}

/// What the guest prints.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Console {
    /// Texts that appear, in this order.
    pub contains: Vec<String>,
    /// The file that has exactly what is printed.
    pub equals: Option<PathBuf>,
}

impl Guest {
    /// The images, with the key and the option that name them.
    pub fn images(&self) -> impl Iterator<Item = (&'static str, &Image)> {
        [("kernel", &self.kernel), ("bios", &self.bios), ("initrd", &self.initrd)]
            .into_iter()
            .filter_map(|(key, image)| Some((key, image.as_ref()?)))
    }

    /// The guests that have to be fetched for all of this.
    #[must_use]
    pub fn fetched(&self) -> Vec<String> {
        let mut names: Vec<_> = self.files().filter_map(Image::fetched_guest).collect();
        names.dedup();
        names
    }

    /// All files that have to be there.
    pub fn files(&self) -> impl Iterator<Item = &Image> {
        let disks = self.disks.iter().filter_map(|disk| match disk {
            Disk::Image(image) => Some(image),
            Disk::Pattern(_) => None,
        });
        self.images().map(|(_, image)| image).chain(disks)
    }
}

/// Reads a scenario: `text` is that of `file`, and `root` is the repository's.
pub fn parse(file: &Path, text: &str, root: &Path) -> Result<Scenario, Box<ScenarioError>> {
    let shown = file.strip_prefix(root).unwrap_or(file);
    let scenario = error::deserialize(text).map_err(|problem| problem.show(shown, text))?;
    let folder = file.parent().unwrap_or(root);
    check::check(&scenario, folder).map_err(|problem| problem.show(shown, text))?;
    Ok(scenario)
}
