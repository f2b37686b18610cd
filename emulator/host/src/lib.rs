//! All host effects of the emulator.
//!
//! The layers below are pure: they cannot see a thread, a clock, a file or a signal. Everything of that kind is here,
//! and only here, so that there is one place to look when two runs differ, and one place where a schedule can
//! decide who goes next:
//!
//! * [`Baton`]: threads ([`Baton::spawn`]; [`side_by_side`] for those that share nothing), channels ([`Baton::channel`]) and who goes next ([`schedule`]);
//! * [`ChannelDoor`]: the machine's door for live inputs;
//! * [`Console`]: the user's terminal or pipe, and [`signals`] from it;
//! * [`HostDisks`]: disk reads whose completions are the host's;
//! * [`Listener`]: sockets at which a debugger attaches;
//! * [`FileSink`] and [`read_file`]: files, with errors that name them;
//! * [`WorkThread`]: a thread that compiles for a machine;
//! * [`Stopwatch`], [`ticks`], [`Pacer`] and [`date_now`]: wall time, which no guest ever sees unless it was made an input;
//! * [`fresh_seed`]: a seed for a run that was given none.

mod channel;
mod clock;
mod console;
mod disks;
mod door;
mod entropy;
#[cfg(feature = "faults")]
pub mod faults;
mod file;
mod folder;
mod listen;
pub mod schedule;
pub mod signals;
mod sink;
pub mod terminal;
mod thread;
mod worker;

pub use channel::{Disconnected, ReceiveError, Receiver, SendError, Sender, Urgent};
pub use clock::{Pacer, Stopwatch, date_now, ticks};
pub use console::{Console, ConsoleError, ConsoleOptions, ConsoleOutcome, ConsoleOutput};
pub use disks::{DiskFile, HostDisks};
pub use door::{ChannelDoor, DEFAULT_POLL_INTERVAL};
pub use entropy::fresh_seed;
pub use file::{FileError, Problem, read_file, write_file};
pub use folder::{FolderOut, read_folder};
pub use listen::{Arrival, Closed, Closer, Connection, ListenAddress, ListenError, Listener};
pub use schedule::Baton;
pub use sink::{FileSink, SinkError, SinkFailed, Written};
pub use thread::{JoinHandle, Panicked, SpawnError, message_of, side_by_side};
pub use worker::WorkThread;
