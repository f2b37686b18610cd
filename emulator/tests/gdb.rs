//! `lockstep debug` and a real gdb, held against the library: both must come to the same places.
//!
//! Without gdb there is nothing to try, and the tests say so.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests stand outside the machine"
)]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use std::fs::File;
use std::time::{Duration, Instant};

use common::debugger::{Recorded, Server};
use harness::gdb::Gdb;
use lockstep_core::{Moment, Rng, Use};
use lockstep_log::{ImageRole, Reader};
use lockstep_machine::{Images, Watch, WatchKind};
use lockstep_timeline::{Options, Stop, Timeline};

/// Whether there is a gdb; says so when there is none.
fn gdb_is_missing() -> bool {
    let missing = !Gdb::is_installed();
    if missing {
        println!("SKIPPED: gdb-multiarch is not installed, so no real gdb was tried");
    }
    missing
}

/// The library's timeline over a recording.
fn timeline(recorded: &Recorded) -> Timeline {
    let mut images = Images::default();
    let name = recorded.kernel().file_name().unwrap().to_string_lossy().into_owned();
    images.add(ImageRole::Kernel, &name, std::fs::read(recorded.kernel()).unwrap());
    let reader = Reader::open(File::open(recorded.log()).unwrap()).unwrap();
    Timeline::open(reader, images, Options::default()).unwrap()
}

/// A gdb that is attached.
fn attached(server: &Server, recorded: &Recorded) -> Gdb {
    let mut gdb = Gdb::start(Some(recorded.kernel())).unwrap();
    let printed = gdb.attach(&server.socket.display().to_string()).unwrap();
    assert!(printed.contains("Remote debugging using"), "{printed}");
    assert!(!printed.contains("warning"), "{printed}");
    gdb
}

/// Both are at the same place.
#[track_caller]
fn assert_same(gdb: &mut Gdb, library: &Timeline, after: &str) {
    let (_, pc) = library.machine().position();
    let place = (gdb.moment().unwrap(), gdb.value("$pc").unwrap());
    let expected = (library.moment().to_string(), pc);
    assert_eq!(place, expected, "after {after}, of\n{}", gdb.transcript());
}

fn break_at(library: &mut Timeline, addresses: &[u64]) {
    let mut conditions = library.conditions().clone();
    conditions.breakpoints = addresses.iter().copied().collect();
    library.set_conditions(conditions);
}

/// Catches a step that is not exactly one instruction, whichever way, and a last breakpoint that is another one.
#[test]
fn reverse_first_instructions() {
    if gdb_is_missing() {
        return;
    }
    for name in ["hello", "timer", "exceptions"] {
        let recorded = Recorded::new(name);
        let server = recorded.serve(&[]);
        let mut library = timeline(&recorded);
        let mut gdb = attached(&server, &recorded);
        let mut path = Vec::new();
        for round in ["stepi", "reverse-stepi", "stepi"] {
            for _ in 0..10 {
                path.push(library.machine().position().1);
                gdb.command(round).unwrap();
                let stop = if round == "stepi" { library.step() } else { library.reverse_step() };
                assert_eq!(stop, Ok(Stop::Moment));
                assert_same(&mut gdb, &library, round);
            }
        }
        path.truncate(10);
        for pc in &path {
            gdb.command(&format!("break *{pc:#x}")).unwrap();
        }
        break_at(&mut library, &path);
        while library.resume().unwrap() != Stop::EndOfHistory {
            gdb.command("continue").unwrap();
            assert_same(&mut gdb, &library, "continue");
        }
        let printed = gdb.command("continue").unwrap();
        assert!(printed.contains("No more reverse-execution history"), "{printed}");
        assert_same(&mut gdb, &library, "continue to the end");
        gdb.command("reverse-continue").unwrap();
        assert!(matches!(library.reverse_resume(), Ok(Stop::Breakpoint { .. })));
        assert_same(&mut gdb, &library, "reverse-continue");
    }
}

/// Catches a writer that is not the last one, and a gdb that stands beside it.
#[test]
fn who_wrote_this_word_last() {
    if gdb_is_missing() {
        return;
    }
    let recorded = Recorded::new("hello");
    let server = recorded.serve(&[]);
    let mut library = timeline(&recorded);
    let mut gdb = attached(&server, &recorded);
    gdb.command("continue").unwrap();
    gdb.command("watch *(unsigned long *) 0x40209f90").unwrap();
    let printed = gdb.command("reverse-continue").unwrap();
    assert!(printed.contains("Hardware watchpoint 1"), "{printed}");
    let value = |text: &str| {
        let line = printed.lines().find_map(|line| line.strip_prefix(text)).unwrap();
        line.trim().parse::<u64>().unwrap()
    };
    assert_eq!(value("New value ="), 0, "it was not written before");

    library.seek(library.end()).unwrap();
    let mut conditions = library.conditions().clone();
    conditions.watchpoints = vec![Watch { address: 0x4020_9f90, len: 8, kind: WatchKind::Write }];
    library.set_conditions(conditions);
    // Every store stops the library, gdb only one that changes the value.
    let hit = loop {
        match library.reverse_resume().unwrap() {
            Stop::Watchpoint(hit) if hit.old != Some(hit.new) => break hit,
            Stop::Watchpoint(_) => {}
            stop => panic!("{stop:?}"),
        }
    };
    assert_eq!(value("Old value ="), hit.new);
    assert_same(&mut gdb, &library, "reverse-continue");
    assert_eq!(gdb.value("$pc").unwrap(), hit.pc);
    gdb.command("delete").unwrap();
    let mut conditions = library.conditions().clone();
    conditions.watchpoints.clear();
    library.set_conditions(conditions);
    for _ in 0..10 {
        gdb.command("reverse-stepi").unwrap();
        library.reverse_step().unwrap();
        assert_same(&mut gdb, &library, "reverse-stepi");
    }
}

/// Catches any move after which gdb and the library are not at the same place: across interrupts, idle times, exceptions.
///
/// `LOCKSTEP_SEQUENCES` sets how many moves a guest, `LOCKSTEP_SEED` the seed.
#[test]
fn random_moves() {
    if gdb_is_missing() {
        return;
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let moves = number("LOCKSTEP_SEQUENCES").unwrap_or(100);
    let seed = number("LOCKSTEP_SEED").unwrap_or(1);
    for name in ["hello", "timer", "exceptions"] {
        let mut rng = Rng::new(seed, Use::Test);
        let recorded = Recorded::new(name);
        let server = recorded.serve(&[]);
        let mut library = timeline(&recorded);
        let mut gdb = attached(&server, &recorded);
        // Without breakpoints gdb must not find any.
        let mut breakpoints = Vec::new();
        for _ in 0..moves {
            let what = one_move(&mut rng, &mut gdb, &mut library, &mut breakpoints);
            assert_same(&mut gdb, &library, &format!("{what} of {name}, seed {seed}"));
        }
        println!(
            "{name}: {moves} moves from seed {seed}, {} breakpoints at the end",
            breakpoints.len()
        );
    }
}

fn one_move(
    rng: &mut Rng,
    gdb: &mut Gdb,
    library: &mut Timeline,
    breakpoints: &mut Vec<u64>,
) -> &'static str {
    let (line, result) = match rng.below(8) {
        0 => {
            let to = rng.below(library.end().retired);
            gdb.command(&format!("monitor seek {to}")).unwrap();
            gdb.command("maintenance flush register-cache").unwrap();
            ("seek", library.seek(Moment { retired: to, ordinal: u32::MAX }))
        }
        1 | 2 => {
            let pc = library.machine().position().1;
            if !breakpoints.contains(&pc) {
                gdb.command(&format!("hbreak *{pc:#x}")).unwrap();
                breakpoints.push(pc);
                break_at(library, breakpoints);
            }
            ("break", Ok(Stop::Moment))
        }
        3 => ("stepi", library.step()),
        4 => ("reverse-stepi", library.reverse_step()),
        5 | 6 => ("continue", library.resume()),
        _ => ("reverse-continue", library.reverse_resume()),
    };
    result.unwrap();
    if !matches!(line, "seek" | "break") {
        gdb.command(line).unwrap();
    }
    line
}

/// Catches a session that is lost when its debugger leaves in the middle, of its own will or not.
#[test]
fn detach_and_attach_again() {
    if gdb_is_missing() {
        return;
    }
    let recorded = Recorded::new("loop");
    let mut server = recorded.serve(&["--engine", "interp"]);
    let mut gdb = attached(&server, &recorded);
    gdb.command("monitor seek 5000").unwrap();
    gdb.command("detach").unwrap();
    assert!(gdb.attach(&server.socket.display().to_string()).is_ok());
    assert_eq!(gdb.moment().unwrap(), "5000.0");
    // A gdb that is killed while the machine runs.
    gdb.type_line("continue").unwrap();
    std::thread::sleep(Duration::from_millis(300));
    gdb.kill();
    let mut gdb = attached(&server, &recorded);
    let moment: f64 = gdb.moment().unwrap().parse().unwrap();
    assert!(moment > 5000.0, "{moment}");
    gdb.command("monitor seek 5000").unwrap();
    gdb.command("maintenance flush register-cache").unwrap();
    gdb.command("stepi").unwrap();
    assert_eq!(gdb.moment().unwrap(), "5001.0");
    // Ctrl-C, both ways.
    for line in ["continue", "reverse-continue"] {
        gdb.type_line(line).unwrap();
        std::thread::sleep(Duration::from_millis(200));
        let start = Instant::now();
        let printed = gdb.interrupt().unwrap();
        println!("{line}: interrupted after {:?}", start.elapsed());
        let stopped = printed.contains("SIGINT") || printed.contains("No more reverse-execution");
        assert!(stopped, "{printed}");
    }
    assert_eq!(server.ended(), None);
}

/// Catches registers that gdb does not take from the description, and writes that it makes and nobody is told of.
#[test]
fn registers_and_branches() {
    if gdb_is_missing() {
        return;
    }
    let recorded = Recorded::new("hello");
    let server = recorded.serve(&[]);
    let mut gdb = attached(&server, &recorded);
    for register in ["x30", "sp", "cpsr", "v31", "fpcr", "sctlr_el1", "vbar_el1"] {
        let printed = gdb.command(&format!("info registers {register}")).unwrap();
        assert!(printed.starts_with(register), "{printed}");
    }
    gdb.command("monitor seek 100").unwrap();
    gdb.command("maintenance flush register-cache").unwrap();
    gdb.command("set var $x1 = 42").unwrap();
    gdb.command("set var *(int *) 0x40209f00 = 7").unwrap();
    let printed = gdb.command("stepi").unwrap();
    assert!(printed.contains("a branch was opened at 100.0"), "{printed}");
    assert_eq!(gdb.value("*(int *) 0x40209f00").unwrap(), 7);
    assert!(gdb.command("monitor branch drop").unwrap().contains("the branch is gone"));
    gdb.command("maintenance flush register-cache").unwrap();
    assert_eq!(gdb.value("*(int *) 0x40209f00").unwrap(), 0);
    assert_eq!(gdb.moment().unwrap(), "100.0");
    // gdb's own breakpoints are not writes.
    gdb.command("break *0x402015d8").unwrap();
    gdb.command("continue").unwrap();
    assert!(gdb.command("monitor branch").unwrap().contains("no branch"));
}

/// Catches a gdb that `--gdb` does not attach, and a status that is lost.
#[test]
fn lockstep_runs_gdb() {
    if gdb_is_missing() {
        return;
    }
    let recorded = Recorded::new("hello");
    let mut command = common::words(["debug", "--gdb"]);
    command.arg(recorded.log()).arg("-k").arg(recorded.kernel());
    command.args(["--", "-nx", "-batch", "-ex", "stepi", "-ex", "monitor moment"]);
    let ran = common::run(&mut command).with_status(0);
    // What gdb's users are told by the other side, a batch has on its standard error.
    let text = String::from_utf8_lossy(&ran.out).into_owned() + &ran.err;
    assert!(text.contains("moment 1.0"), "{text}");
}
