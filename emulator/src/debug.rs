//! `lockstep debug`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use lockstep_debug::{End, Gone, Session, Stream, Symbols, gdb_architecture};
use lockstep_host::schedule::Site;
use lockstep_host::signals::leave_interrupts_to_children;
use lockstep_host::{Arrival, Baton, Connection, ListenAddress, Listener, read_file, side_by_side};
use lockstep_log::{Header, ImageRecord, ImageRole};
use lockstep_machine::{Images, parse_memory};
use lockstep_timeline::{OpenError, Options, Timeline};

use crate::args::DebugArgs;
use crate::failure::{Failure, Status};
use crate::faults::Switched;
use crate::replay::{bad_log, find_images, open, path_of};
use crate::run::IMAGE_LIMIT;

/// What makes gdb look again after a `monitor` command, which may have gone elsewhere.
const LOOK_AGAIN: &str = "python gdb.execute(\"define hookpost-monitor\\npython \
                          gdb.execute('maintenance flush register-cache', to_string=True)\\nend\")";

/// The magic number of ELF files.
const ELF: &[u8] = b"\x7fELF";

pub(crate) fn debug(args: &DebugArgs, baton: &Baton) -> Result<Status, Failure> {
    let path = &args.recording.log;
    let mut log = open(path)?;
    let header = log.header().clone();
    let images = find_images(&args.recording, &mut log)?;
    let (symbols, symbol_file) = find_symbols(args, &header, &images)?;
    let options = Options {
        engine: args.engine.into(),
        checkpoint_memory: parse_memory(&args.checkpoint_memory)?,
        side_by_side: Some(side_by_side),
    };
    let faults = Switched::new(&args.faults, baton)?.replaying();
    let mut timeline = Timeline::open(log, images, options).map_err(|error| match error {
        OpenError::Log(error) => bad_log(path, error),
        error => Failure::Open(error),
    })?;
    faults.switch_on_timeline(&mut timeline);
    let (arch, big_endian) = (timeline.machine().arch(), timeline.machine().big_endian());
    let session = Session::new(timeline, symbols);
    let listener = Listener::bind(baton, &args.listen)?;
    let line = GdbLine { arch, big_endian, symbols: symbol_file, address: listener.address() };
    match &args.gdb {
        Some(program) => {
            let child = line.start(program, args)?;
            serve_child(session, &listener, baton, child)
        }
        None => {
            say(&session_line(&session));
            say(&format!("gdb-multiarch -q {}", line.as_typed()));
            serve(session, &listener, true);
            Ok(Status::Good)
        }
    }
}

/// Tells the user something, if there is somebody to read it.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn session_line(session: &Session) -> String {
    format!("lockstep: {}", session.position())
}

/// The symbols of the guest, and the file that they are from.
fn find_symbols(
    args: &DebugArgs,
    header: &Header,
    images: &Images,
) -> Result<(Symbols, Option<PathBuf>), Failure> {
    let in_file = |path: &Path, bytes: &[u8]| {
        let wrong = |error| Failure::Symbols { path: path.display().to_string(), error };
        Symbols::of_elf(bytes).map_err(wrong)
    };
    if let Some(path) = &args.symbols {
        return Ok((in_file(path, &read_file(path, IMAGE_LIMIT)?)?, Some(path.clone())));
    }
    match elf_of(images) {
        Some((record, bytes)) => {
            let path = path_of(&args.recording, header, record)?;
            let name = PathBuf::from(&record.name);
            Ok((in_file(path.as_ref().unwrap_or(&name), bytes)?, path))
        }
        None => Ok((Symbols::default(), None)),
    }
}

/// The image that may have symbols.
fn elf_of(images: &Images) -> Option<(&ImageRecord, &[u8])> {
    let found =
        [ImageRole::Kernel, ImageRole::Bios].into_iter().filter_map(|role| images.get(role));
    found.into_iter().find(|(_, bytes)| bytes.starts_with(ELF))
}

/// The symbols that the images have; none when they have none, or cannot be read.
pub(crate) fn symbols_of(images: &Images) -> Symbols {
    elf_of(images).and_then(|(_, bytes)| Symbols::of_elf(bytes).ok()).unwrap_or_default()
}

/// gdb waits two seconds for what a `monitor` command says, and complains when a move over a long recording takes longer.
const PATIENCE: &str = "set remotetimeout 60";

/// How gdb is started.
struct GdbLine<'a> {
    arch: &'a str,
    big_endian: bool,
    symbols: Option<PathBuf>,
    address: &'a ListenAddress,
}

impl GdbLine<'_> {
    fn commands(&self) -> Vec<String> {
        let architecture = format!("set architecture {}", gdb_architecture(self.arch));
        // Without an ELF file gdb believes that every guest has the byte order of its host.
        let order = self.big_endian.then(|| "set endian big".to_owned());
        let attach = format!("target remote {}", self.address);
        [Some(architecture), order, Some(PATIENCE.to_owned()), Some(attach)]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Its arguments, as one types them.
    fn as_typed(&self) -> String {
        let quote = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
        let file = self.symbols.as_ref().map(|path| quote(&path.display().to_string()) + " ");
        let commands = self.commands().into_iter().map(|line| format!("-ex {}", quote(&line)));
        file.unwrap_or_default() + &commands.collect::<Vec<_>>().join(" ")
    }

    fn start(&self, program: &Path, args: &DebugArgs) -> Result<Child, Failure> {
        leave_interrupts_to_children()?;
        let mut command = Command::new(program);
        command.arg("-q").args(&self.symbols);
        for line in self.commands() {
            command.arg("-ex").arg(line);
        }
        command.arg("-ex").arg(LOOK_AGAIN).args(&args.gdb_options);
        command.spawn().map_err(|error| {
            let program = program.display();
            Failure::Usage(format!(
                "cannot run '{program}': {error}; name another with --gdb=PROGRAM"
            ))
        })
    }
}

/// A connection, as the session sees it.
struct Attached(Connection);

impl Stream for Attached {
    fn receive(&mut self) -> Result<Vec<u8>, Gone> {
        self.0.receive().map_err(|_| Gone)
    }

    fn try_receive(&mut self) -> Result<Option<Vec<u8>>, Gone> {
        self.0.try_receive().map_err(|_| Gone)
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), Gone> {
        self.0.send(bytes).map_err(|_| Gone)
    }

    fn watcher(&self) -> Box<dyn FnMut() -> bool + Send> {
        Box::new(self.0.watcher())
    }
}

/// Serves one debugger after the other.
fn serve(mut session: Session, listener: &Listener, tell: bool) {
    while let Arrival::Connection(connection) = listener.wait() {
        if tell {
            say("lockstep: a debugger attached");
        }
        let end = session.serve(&mut Attached(connection));
        if tell {
            let how = if end == End::Detached { "detached" } else { "is gone" };
            say(&format!("lockstep: the debugger {how}; waiting for the next one"));
            say(&session_line(&session));
        }
    }
}

/// Serves until gdb ends.
fn serve_child(
    session: Session,
    listener: &Listener,
    baton: &Baton,
    mut child: Child,
) -> Result<Status, Failure> {
    let closer = listener.closer();
    let inner = baton.clone();
    let wait = move || {
        let status = inner.outside(Site::ProcessWait, || child.wait());
        closer.close();
        status
    };
    let waiter = baton.spawn("gdb", wait).map_err(|error| Failure::Internal(error.to_string()))?;
    serve(session, listener, false);
    let status = waiter.join()??;
    if status.success() { Ok(Status::Good) } else { Ok(Status::EndedOtherwise) }
}
