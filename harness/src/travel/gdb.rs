//! A real gdb, as somebody who can move: attached to `lockstep debug`, driven by typed lines.
//!
//! What gdb shows is believed wherever gdb has words for it: the program counter, registers, memory, why it stopped. Moments
//! and digests it asks the server for.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lockstep_core::{EventKind, Moment, StateDigest};
use lockstep_log::quote;

use super::{Driver, Ended, Library, Stops, Watched};
use crate::gdb::{Gdb, GdbError};
use crate::process::Group;
use crate::schema::{EventAt, StopKind, WatchFor};

/// How long the server may take to say where it listens.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server of a recording. Ends with its owner.
struct Server {
    _process: Group,
    /// What it wants gdb to be told, the last of which attaches.
    commands: Vec<String>,
}

impl Server {
    fn start(program: &Path, arguments: &[OsString], folder: &Path) -> Result<Self, String> {
        let (out, err) = (folder.join("debug.out"), folder.join("debug.err"));
        let to = |path: &PathBuf| File::create(path).map_err(|error| error.to_string());
        let command = duct::cmd(program, arguments)
            .stdin_null()
            .stdout_file(to(&out)?)
            .stderr_file(to(&err)?);
        let process = Group::start(&command).map_err(|error| error.to_string())?;
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let said = fs::read_to_string(&out).unwrap_or_default();
            if said.contains("target remote ") && said.ends_with('\n') {
                let quoted = said.split("-ex '").skip(1);
                let commands = quoted.filter_map(|rest| rest.split_once('\''));
                let commands = commands.map(|(command, _)| command.to_owned()).collect();
                return Ok(Self { _process: process, commands });
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let said = fs::read_to_string(&err).unwrap_or_default();
        Err(format!("`lockstep debug` does not say where it listens: {said}"))
    }
}

/// A gdb that is attached to a server of its own.
pub struct RealGdb<'a> {
    gdb: Gdb,
    /// Asked for what gdb cannot do: run without a debugger.
    library: &'a mut Library,
    server: Server,
}

impl<'a> RealGdb<'a> {
    /// Serves a recording with `program` and `arguments`, and attaches gdb to it.
    ///
    /// # Errors
    /// The server does not come up, or gdb cannot attach.
    pub fn attach(
        program: &Path,
        arguments: &[OsString],
        folder: &Path,
        library: &'a mut Library,
    ) -> Result<Self, String> {
        let server = Server::start(program, arguments, folder)?;
        let mut gdb = Gdb::start(None)?;
        attach(&mut gdb, &server)?;
        Ok(Self { gdb, library, server })
    }

    /// Everything that was typed and printed.
    #[must_use]
    pub fn transcript(&self) -> &str {
        self.gdb.transcript()
    }

    fn type_in(&mut self, line: &str) -> Result<String, String> {
        Ok(self.gdb.command(line)?)
    }

    /// Moves, and says why it ended. A step is not stopped by what it comes to, only by what it does.
    fn go(&mut self, line: &str, step: bool) -> Result<Ended, String> {
        let printed = self.type_in(line)?;
        let backward = line.starts_with("reverse");
        let over = printed.contains("No more reverse-execution history")
            || printed.contains("lockstep: history ");
        let event = printed.lines().find_map(event_of);
        let device = printed.contains("lockstep: after access to ")
            || printed.contains("lockstep: before access to ");
        let stop = if over {
            if backward { StopKind::Start } else { StopKind::End }
        } else if event.is_some() {
            StopKind::Event
        } else if device {
            StopKind::Device
        } else if printed.contains("atchpoint ") {
            StopKind::Watchpoint
        } else if printed.contains("reakpoint ") && !step {
            StopKind::Breakpoint
        } else {
            StopKind::Moment
        };
        Ok(Ended { stop, event, text: printed.trim().to_owned() })
    }

    /// What `monitor moment` says after a word.
    fn position_after(&mut self, word: &str) -> Result<Moment, String> {
        let printed = self.type_in("monitor moment")?;
        let mut words = printed.split([' ', ',', '\n']).skip_while(|other| *other != word);
        let moment = words.nth(1).and_then(|text| text.parse().ok());
        moment.ok_or_else(|| format!("`monitor moment` has no moment after `{word}`: {printed}"))
    }
}

/// Does what the server wants gdb to be told.
fn attach(gdb: &mut Gdb, server: &Server) -> Result<(), String> {
    let mut printed = String::new();
    for command in &server.commands {
        printed = gdb.command(command)?;
    }
    if printed.contains("Remote debugging using") {
        return Ok(());
    }
    Err(format!("gdb cannot attach: {printed}"))
}

/// Errors of drivers are texts for people.
impl From<GdbError> for String {
    fn from(error: GdbError) -> Self {
        error.to_string()
    }
}

/// The kind of the event that a line of the server's tells of.
fn event_of(line: &str) -> Option<EventKind> {
    let line = line.strip_prefix("lockstep: ")?;
    let line = line.strip_prefix("after event ").or_else(|| line.strip_prefix("before event "))?;
    let name = line.split_whitespace().nth(2)?;
    EventKind::ALL.into_iter().find(|kind| kind.name() == name)
}

/// The number behind the last equals sign.
fn number(printed: &str) -> Option<u128> {
    let digits = printed.rsplit_once("= 0x")?.1.trim().trim_end_matches('}');
    u128::from_str_radix(digits, 16).ok()
}

fn watch_line(watched: &Watched) -> String {
    let command = match watched.kind {
        WatchFor::Read => "rwatch",
        WatchFor::Write => "watch",
        WatchFor::Access => "awatch",
    };
    let kind = match watched.size {
        1 => "unsigned char *".to_owned(),
        2 => "unsigned short *".to_owned(),
        4 => "unsigned int *".to_owned(),
        8 => "unsigned long *".to_owned(),
        size => format!("unsigned char (*)[{size}]"),
    };
    format!("{command} *({kind}) {:#x}", watched.address)
}

impl Driver for RealGdb<'_> {
    fn step(&mut self) -> Result<Ended, String> {
        self.go("stepi", true)
    }

    fn reverse_step(&mut self) -> Result<Ended, String> {
        self.go("reverse-stepi", true)
    }

    fn resume(&mut self) -> Result<Ended, String> {
        self.go("continue", false)
    }

    fn reverse_resume(&mut self) -> Result<Ended, String> {
        self.go("reverse-continue", false)
    }

    fn reattach(&mut self) -> Result<(), String> {
        let printed = self.type_in("detach")?;
        if !printed.contains("detached") && !printed.contains("Detaching") {
            return Err(format!("gdb does not detach: {printed}"));
        }
        attach(&mut self.gdb, &self.server)
    }

    fn seek(&mut self, to: Moment) -> Result<Ended, String> {
        let place = match to {
            Moment::NEVER => "end".to_owned(),
            // The usual position at a count is written without an ordinal.
            Moment { retired, ordinal: u32::MAX } => retired.to_string(),
            to => to.to_string(),
        };
        let printed = self.type_in(&format!("monitor seek {place}"))?;
        self.type_in("maintenance flush register-cache")?;
        let stop = if printed.contains("the recording ends here") {
            StopKind::End
        } else if printed.contains("the recording begins here") {
            StopKind::Start
        } else {
            StopKind::Moment
        };
        Ok(Ended { stop, event: None, text: printed.trim().to_owned() })
    }

    fn set_stops(&mut self, stops: &Stops) -> Result<(), String> {
        self.type_in("delete")?;
        self.type_in("monitor break-event clear")?;
        for address in &stops.breakpoints {
            self.type_in(&format!("break *{address:#x}"))?;
        }
        for watched in &stops.watchpoints {
            let printed = self.type_in(&watch_line(watched))?;
            if !printed.starts_with("Hardware") {
                return Err(format!("gdb does not watch: {printed}"));
            }
        }
        for event in &stops.events {
            let event = match event {
                EventAt::Kind(kind) => kind.name().to_owned(),
                EventAt::Console(text) => quote(text.as_bytes()),
                EventAt::Device(name) => format!("device {name}"),
            };
            let printed = self.type_in(&format!("monitor break-event {event}"))?;
            if !printed.contains("stopping at ") {
                return Err(printed);
            }
        }
        Ok(())
    }

    fn moment(&mut self) -> Result<Moment, String> {
        self.position_after("moment")
    }

    fn end(&mut self) -> Result<Moment, String> {
        self.position_after("to")
    }

    fn pc(&mut self) -> Result<u64, String> {
        Ok(self.gdb.value("$pc")?)
    }

    fn register(&mut self, name: &str) -> Result<u128, String> {
        let name = name.to_ascii_lowercase();
        let printed = self.type_in(&format!("print/x ${name}"))?;
        let vector = printed.contains("uint128");
        let printed =
            if vector { self.type_in(&format!("print/x ${name}.uint128"))? } else { printed };
        number(&printed).ok_or_else(|| format!("gdb has no register `{name}`: {printed}"))
    }

    fn memory(&mut self, address: u64, len: usize) -> Result<Vec<u8>, String> {
        let printed = self.type_in(&format!("x/{len}xb {address:#x}"))?;
        let values =
            printed.lines().filter_map(|line| line.split_once(':')).flat_map(|(_, line)| {
                line.split_whitespace().filter_map(|word| word.strip_prefix("0x"))
            });
        let bytes: Vec<u8> =
            values.filter_map(|digits| u8::from_str_radix(digits, 16).ok()).collect();
        if bytes.len() == len { Ok(bytes) } else { Err(format!("gdb reads: {printed}")) }
    }

    fn digest(&mut self) -> Result<StateDigest, String> {
        let printed = self.type_in("monitor digest")?;
        let digits = printed.split_whitespace().next().unwrap_or_default();
        let digest = u128::from_str_radix(digits, 16).map(StateDigest);
        digest.map_err(|_| format!("`monitor digest` gives no digest: {printed}"))
    }

    fn straight(&mut self, counts: &[u64]) -> Result<Vec<(Moment, StateDigest)>, String> {
        self.library.straight(counts)
    }
}
