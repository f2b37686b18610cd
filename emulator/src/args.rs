//! What can be typed.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use lockstep_core::Level;
use lockstep_host::ListenAddress;
use lockstep_log::IoMode;
use lockstep_machine::EngineChoice;

use crate::schedule::PolicyName;

const STATUS: &str = "\
Exit status:
  0  the guest switched the machine off; a replay reproduced its recording
  1  a replay diverged from its recording; two logs differ
  2  something given cannot be used: an option, an image, a log, a script
  3  a fault of the emulator or the host
  4  the run ended otherwise: stopped, dead machine, non-zero guest status, something unimplemented";

/// A deterministic emulator: records whole machines, replays them exactly, and says where two runs part.
#[derive(Debug, Parser)]
#[command(name = "lockstep", version, after_help = STATUS, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a machine without recording it
    Run(RunArgs),
    /// Run a machine and write down what replay needs
    Record(RecordArgs),
    /// Run a recording again, checking every event
    Replay(ReplayArgs),
    /// Move over a recording, forwards and backwards, with gdb
    Debug(DebugArgs),
    /// Look at recordings
    #[command(subcommand)]
    Log(LogCommand),
    /// List the boards, their options and processors
    Machines,
}

/// The machine.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Machine")]
pub(crate) struct MachineArgs {
    /// The board and its options: see `lockstep machines`
    #[arg(short = 'M', long, default_value = "virt", value_name = "BOARD[,KEY=VALUE]...")]
    pub(crate) machine: String,
    /// The processor [default: the board's]
    #[arg(long, value_name = "NAME")]
    pub(crate) cpu: Option<String>,
    /// RAM, as in 512M or 2G [default: the board's]
    #[arg(short, long, value_name = "SIZE")]
    pub(crate) memory: Option<String>,
    /// Number of vCPUs
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) cpus: u16,
    /// A kernel: an arm64 Image (also packed: gzip or EFI zboot), an ELF file or a flat binary
    #[arg(short, long, value_name = "FILE")]
    pub(crate) kernel: Option<PathBuf>,
    /// The kernel's initial RAM disk
    #[arg(long, value_name = "FILE")]
    pub(crate) initrd: Option<PathBuf>,
    /// The kernel's command line
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub(crate) append: String,
    /// Firmware, put where the processor starts
    #[arg(long, value_name = "FILE")]
    pub(crate) bios: Option<PathBuf>,
    /// A disk: a raw image, which stays as it is. May be given several times
    #[arg(long, value_name = "FILE")]
    pub(crate) disk: Vec<PathBuf>,
    /// When disk reads complete: after a modelled time, which makes recordings repeatable, or `live`, when the host is done
    #[arg(long, default_value_t = IoMode::Modelled, value_name = "modelled|live")]
    pub(crate) io: IoMode,
    /// Answer the guest's semihosting calls: console, exit status, clock; no files. The same as `-M virt,semihosting=on`
    #[arg(long)]
    pub(crate) semihosting: bool,
    /// The same with the files of this folder, as they are now. They stay as they are: the guest writes to memory
    #[arg(long, value_name = "DIR")]
    pub(crate) semihosting_folder: Option<PathBuf>,
    /// Where the files go that the guest writes through semihosting, when the run has ended
    #[arg(long, value_name = "DIR", requires = "semihosting_folder")]
    pub(crate) semihosting_out: Option<PathBuf>,
    /// Begin where the last keyframe of this recording is, of the same machine with the same images; its seed may be another
    #[arg(long, value_name = "LOG")]
    pub(crate) from: Option<PathBuf>,
    /// What the guest's random numbers derive from: a number, or `random` for a fresh one
    #[arg(long, default_value = "0", value_name = "N|random")]
    pub(crate) seed: String,
    /// The date at which the machine starts: seconds since 1970, or `now`
    #[arg(long, default_value = "946684800", value_name = "SECONDS|now")]
    pub(crate) date: String,
    /// Virtual nanoseconds that one instruction takes
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) ns_per_insn: u32,
    /// Instructions between two digests of the machine's state
    #[arg(long, default_value_t = 50_000_000, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) digest_every: u64,
}

/// The emulator's own threads: a means to find what depends on their order.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Schedule of the emulator's threads")]
pub(crate) struct ScheduleArgs {
    /// Who decides which thread goes next: the operating system, a seed, priorities with D - 1 changes, or a saved schedule
    #[arg(long, default_value = "os", value_name = "os|random|pct:depth=D|replay:FILE")]
    pub(crate) schedule: PolicyName,
    /// What the choices of `random` and `pct` derive from
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) schedule_seed: u64,
    /// Write down the schedule that was taken
    #[arg(long, value_name = "FILE")]
    pub(crate) schedule_trace: Option<PathBuf>,
}

/// The run.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Run")]
pub(crate) struct RunOptions {
    /// What types for you: lines such as `after "=> " type "version\n"`
    #[arg(long, value_name = "FILE")]
    pub(crate) script: Option<PathBuf>,
    /// Stop after so many instructions
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// What executes the guest's instructions
    #[arg(long, default_value = "auto", value_enum)]
    pub(crate) engine: Engine,
    /// Do not read standard input
    #[arg(long)]
    pub(crate) no_input: bool,
    /// Print counts and speed at the end
    #[arg(long)]
    pub(crate) stats: bool,
    #[command(flatten)]
    pub(crate) faults: FaultArgs,
    #[command(flatten)]
    pub(crate) schedule: ScheduleArgs,
}

/// Bugs to switch on.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct FaultArgs {
    /// Have a bug that emulators once had, to see whether it is caught; only in builds with the feature `faults`. May be given
    /// several times
    #[arg(long = "fault", value_name = "NAME")]
    pub(crate) names: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// The interpreter
    Interp,
    /// Compiles hot code; an error where the host has no compiler
    Jit,
    /// The fastest that the host has
    Auto,
    /// Compiles everything on first sight: slow, for tests
    #[value(hide = true)]
    JitNow,
}

impl From<Engine> for EngineChoice {
    fn from(engine: Engine) -> Self {
        match engine {
            Engine::Interp => Self::Interp,
            Engine::Jit => Self::Jit,
            Engine::Auto => Self::Auto,
            Engine::JitNow => Self::JitNow,
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) machine: MachineArgs,
    #[command(flatten)]
    pub(crate) run: RunOptions,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RecordArgs {
    /// The log to write
    #[arg(short, long, value_name = "LOG")]
    pub(crate) output: PathBuf,
    /// How much to write down: inputs, events or full
    #[arg(long, default_value_t = Level::Events)]
    pub(crate) level: Level,
    /// Put the images into the log, so that it replays anywhere
    #[arg(long)]
    pub(crate) bundle: bool,
    /// Keep the machine's state in the log each time the guest has computed for so long, as in 1s or 250ms, so that a
    /// debugger can begin late in a long recording
    #[arg(long, value_name = "TIME")]
    pub(crate) keyframes: Option<String>,
    #[command(flatten)]
    pub(crate) machine: MachineArgs,
    #[command(flatten)]
    pub(crate) run: RunOptions,
}

/// A recording and its images.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct RecordingArgs {
    /// The recording
    pub(crate) log: PathBuf,
    /// The kernel, if it is not beside the log under the name that was recorded
    #[arg(short, long, value_name = "FILE")]
    pub(crate) kernel: Option<PathBuf>,
    /// The initial RAM disk, likewise
    #[arg(long, value_name = "FILE")]
    pub(crate) initrd: Option<PathBuf>,
    /// The firmware, likewise
    #[arg(long, value_name = "FILE")]
    pub(crate) bios: Option<PathBuf>,
    /// The disks, likewise, in the order in which they were given
    #[arg(long, value_name = "FILE")]
    pub(crate) disk: Vec<PathBuf>,
    /// The folder of the files that the guest opened through semihosting
    #[arg(long, value_name = "DIR")]
    pub(crate) semihosting_folder: Option<PathBuf>,
    /// The recording from whose keyframe this one goes on
    #[arg(long, value_name = "LOG")]
    pub(crate) from: Option<PathBuf>,
    /// A folder to look for the images in
    #[arg(long, value_name = "DIR")]
    pub(crate) images: Option<PathBuf>,
    /// Replay with images other than those recorded, to see what differs first
    #[arg(long)]
    pub(crate) allow_other_images: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    pub(crate) recording: RecordingArgs,
    /// What executes the guest's instructions
    #[arg(long, default_value = "auto", value_enum)]
    pub(crate) engine: Engine,
    /// Do not show the guest's console
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Write a divergence, if there is one, to this file as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Print counts and speed at the end
    #[arg(long)]
    pub(crate) stats: bool,
    #[command(flatten)]
    pub(crate) faults: FaultArgs,
    #[command(flatten)]
    pub(crate) schedule: ScheduleArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DebugArgs {
    #[command(flatten)]
    pub(crate) recording: RecordingArgs,
    /// Where gdb attaches: HOST:PORT, where port 0 is any that is free, or unix:PATH
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    pub(crate) listen: ListenAddress,
    /// Run gdb, attached and with symbols, and end with it; what follows `--` goes to it
    #[arg(long, value_name = "PROGRAM", num_args = 0..=1, require_equals = true,
          default_missing_value = "gdb-multiarch")]
    pub(crate) gdb: Option<PathBuf>,
    /// The guest's ELF file, if the kernel or firmware that was recorded is none
    #[arg(long, value_name = "FILE")]
    pub(crate) symbols: Option<PathBuf>,
    /// What executes the guest's instructions
    #[arg(long, default_value = "auto", value_enum)]
    pub(crate) engine: Engine,
    /// Memory for the states that are kept for going back, as in 512M or 2G
    #[arg(long, default_value = "512M", value_name = "SIZE")]
    pub(crate) checkpoint_memory: String,
    #[command(flatten)]
    pub(crate) faults: FaultArgs,
    #[command(flatten)]
    pub(crate) schedule: ScheduleArgs,
    /// Options for gdb
    #[arg(last = true, requires = "gdb")]
    pub(crate) gdb_options: Vec<OsString>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BisectArgs {
    #[command(flatten)]
    pub(crate) recording: RecordingArgs,
    /// The recording to compare with; without it, the first is compared with its own replay
    pub(crate) other: Option<PathBuf>,
    /// What executes the guest's instructions
    #[arg(long, default_value = "auto", value_enum)]
    pub(crate) engine: Engine,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Print every event, a line each
    Dump {
        /// The logs
        #[arg(required = true)]
        logs: Vec<PathBuf>,
        #[command(flatten)]
        faults: FaultArgs,
    },
    /// Print counts and sizes
    Stat {
        /// The logs
        #[arg(required = true)]
        logs: Vec<PathBuf>,
    },
    /// Print a readable summary, as golden snapshots have it
    Render {
        /// The log
        log: PathBuf,
    },
    /// Say where two logs part
    Diff {
        /// What is expected
        expected: PathBuf,
        /// What is compared with it
        actual: PathBuf,
    },
    /// Say at which instruction two runs part: of two recordings, or of one and its replay
    Bisect(BisectArgs),
    /// Check every byte
    Verify {
        /// The logs
        #[arg(required = true)]
        logs: Vec<PathBuf>,
    },
}
