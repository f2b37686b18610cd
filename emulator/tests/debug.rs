//! `lockstep debug` and a debugger that speaks the protocol byte by byte: what a real one never sends, too.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests stand outside the machine"
)]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use common::debugger::{Recorded, packet};
use common::{run, words};
use lockstep_core::{Rng, Use};

/// The number of `pc` in the description of aarch64.
const PC: usize = 32;

/// Catches wrong positions, stop reasons and ends of history, and a step back that is not exactly one instruction.
#[test]
fn moves_and_stop_reasons() {
    let recorded = Recorded::new("hello");
    let server = recorded.serve(&[]);
    let mut gdb = server.attach();
    let features = gdb.ask("qSupported:multiprocess+;swbreak+;hwbreak+");
    for feature in
        ["ReverseStep+", "ReverseContinue+", "qXfer:features:read+", "swbreak+", "PacketSize="]
    {
        assert!(features.contains(feature), "{features}");
    }
    assert_eq!(gdb.ask("?"), "T05thread:p01.01;");
    assert_eq!(gdb.ask("qfThreadInfo"), "mp01.01");
    let first = gdb.register(PC);
    let mut path = vec![first];
    for _ in 0..10 {
        assert_eq!(gdb.ask("vCont;s:p1.1"), "T05thread:p01.01;");
        path.push(gdb.register(PC));
    }
    for pc in path.iter().rev().skip(1) {
        assert_eq!(gdb.ask("bs"), "T05thread:p01.01;");
        assert_eq!(gdb.register(PC), *pc);
    }
    // A debugger that steps over a breakpoint does not expect the end of history; one that goes on has to be told.
    assert_eq!(gdb.ask("bs"), "T05thread:p01.01;");
    assert!(gdb.console.contains("history begins here"), "{}", gdb.console);
    assert_eq!(gdb.ask("bs"), "T05thread:p01.01;replaylog:begin;");
    assert_eq!(gdb.ask("bs"), "T05thread:p01.01;");
    assert_eq!(gdb.ask("vCont;c"), "T05thread:p01.01;replaylog:end;");
    for expected in ["T05thread:p01.01;", "T05thread:p01.01;replaylog:end;"] {
        assert_eq!(gdb.ask("vCont;s:p1.1"), expected);
    }
    assert_eq!(gdb.ask(&format!("Z0,{:x},4", path[7])), "OK");
    assert_eq!(gdb.ask("bc"), "T05thread:p01.01;swbreak:;");
    assert_eq!((gdb.register(PC), gdb.moment()), (path[7], "7.0".to_owned()));
    assert_eq!(gdb.ask(&format!("z0,{:x},4", path[7])), "OK");
    assert_eq!(gdb.ask(&format!("Z1,{:x},4", path[5])), "OK");
    assert_eq!(gdb.ask("bc"), "T05thread:p01.01;hwbreak:;");
    assert_eq!(gdb.moment(), "5.0");
    assert_eq!(gdb.ask("bc"), "T05thread:p01.01;replaylog:begin;");
    let range = format!("vCont;r{:x},{:x}:p1.1", path[0], path[3]);
    assert_eq!(gdb.ask(&range), "T05thread:p01.01;");
    assert_eq!(gdb.register(PC), path[3]);
}

/// Catches a command that cannot be used and takes with it what the two sides have agreed on, or the connection.
#[test]
fn an_unusable_command_is_answered() {
    let recorded = Recorded::new("hello");
    let server = recorded.serve(&[]);
    let mut gdb = server.attach();
    gdb.ask("qSupported:multiprocess+");
    assert_eq!(gdb.ask("QStartNoAckMode"), "OK");
    for command in [
        "vCont;t:p1.1",
        "Hx1",
        "Hgx",
        "vCont;s",
        "Z0,zz,1",
        "m",
        "mzz,1",
        "Pzz",
        "p",
        "qRcmd,z",
        "X1",
        "bsx",
    ] {
        assert!(gdb.ask(command).starts_with('E'), "{command}");
        assert_eq!(gdb.ask("?"), "T05thread:p01.01;", "after {command}");
    }
    for command in ["", "x", "nonsense", "vMustReplyEmpty", "QNonStop:1"] {
        assert_eq!(gdb.ask(command), "", "{command}");
    }
    // Neither a wrong sum nor an endless packet is sent again, so it has to be answered.
    gdb.stream.write_all(b"$g#00").unwrap();
    assert_eq!(gdb.answer(), "E01");
    gdb.stream.write_all(&packet(&[b'a'; 100_000])).unwrap();
    assert_eq!(gdb.answer(), "E01");
    assert_eq!(gdb.ask("vCont;s:p1.1"), "T05thread:p01.01;");
    assert_eq!(gdb.moment(), "1.0");
}

/// Catches watchpoints that stop at the wrong side of the access, which a debugger would step past or miss, and that name
/// another address than the access.
#[test]
fn watchpoints_stop_where_a_debugger_expects_it() {
    let recorded = Recorded::new("hello");
    let server = recorded.serve(&[]);
    let mut gdb = server.attach();
    // The second of two registers that one instruction stores.
    assert_eq!(gdb.ask("Z2,40209f98,4"), "OK");
    assert_eq!(gdb.ask("vCont;c"), "T05thread:01;watch:40209f98;");
    assert_eq!(gdb.moment(), "56.0");
    assert_eq!(gdb.ask("z2,40209f98,4"), "OK");
    assert_eq!(gdb.ask("vCont;s:1"), "T05thread:01;");
    assert_eq!(gdb.moment(), "57.0");
    gdb.monitor("seek 60");
    assert_eq!(gdb.ask("Z2,40209f98,4"), "OK");
    assert_eq!(gdb.ask("bc"), "T05thread:01;watch:40209f98;");
    assert_eq!(gdb.moment(), "57.0");
    assert_eq!(gdb.ask("z2,40209f98,4"), "OK");
    assert_eq!(gdb.ask("bs"), "T05thread:01;");
    assert_eq!(gdb.ask("Z3,40209f90,1"), "OK");
    assert_eq!(gdb.ask("Z4,40209f98,1"), "OK");
    assert_eq!(gdb.ask("bc"), "T05thread:01;replaylog:begin;");
    assert_eq!(gdb.ask("vCont;c"), "T05thread:01;awatch:40209f98;");
    assert_eq!(gdb.ask("z4,40209f98,1"), "OK");
    assert_eq!(gdb.ask("vCont;c"), "T05thread:01;rwatch:40209f90;");
    assert_eq!(gdb.ask("Z2,40209f98,0"), "E16");
}

/// Catches a step of another vCPU than the one that was asked for, or one that is not exactly one instruction of it.
#[test]
fn each_vcpu_is_a_thread() {
    let recorded = Recorded::new("smp");
    let server = recorded.serve(&[]);
    let mut gdb = server.attach();
    gdb.monitor("seek 19999");
    let events = gdb.monitor("events 19999 20");
    let switch = |from: &str| {
        let line = events.lines().find(|line| line.contains(&format!("switch from={from}")));
        let moment = line.unwrap().split_whitespace().next().unwrap();
        moment.split('.').next().unwrap().parse::<u64>().unwrap()
    };
    let (first, second) = (switch("cpu0"), switch("cpu1"));
    assert_eq!(first, 20_000, "{events}");
    assert_eq!(gdb.ask("qfThreadInfo"), "m01,02");
    assert_eq!(gdb.ask("vCont;s:1"), "T05thread:01;");
    assert_eq!(gdb.moment(), "20000.1");
    // The other one's first instruction.
    assert_eq!(gdb.ask("vCont;s:2"), "T05thread:02;");
    assert_eq!(gdb.moment(), "20001.0");
    assert_eq!(gdb.ask("qfThreadInfo"), "m02,01", "the one that stopped goes first");
    // The first one's next instruction comes when the other one's slice is over.
    assert_eq!(gdb.ask("vCont;s:1"), "T05thread:01;");
    assert_eq!(gdb.moment(), format!("{}.0", second + 1));
    assert_eq!(gdb.ask("bs"), "T05thread:01;");
    assert!(gdb.moment().starts_with(&format!("{second}.")));
    assert_eq!(gdb.ask("bs"), "T05thread:01;");
    assert_eq!(gdb.moment(), "19999.0");
    assert_eq!(
        gdb.ask("vCont;s:3"),
        "T05thread:01;",
        "there is none: the one that stopped goes on"
    );
    let info: String = "cpu1, ".bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(gdb.ask("qThreadExtraInfo,2").starts_with(&info));
    assert_eq!(gdb.ask("T2"), "OK");
    assert_eq!(gdb.ask("T3"), "E01");
}

/// Catches a write that changes the recording, a branch that cannot be left, and a user who is not told of it.
#[test]
fn writes_open_a_branch() {
    let recorded = Recorded::new("hello");
    let server = recorded.serve(&[]);
    let mut gdb = server.attach();
    gdb.monitor("seek 100");
    let (digest, pc) = (gdb.monitor("digest"), gdb.register(PC));
    assert_eq!(gdb.monitor("branch"), "no branch: this is the recording\n");
    // A value that is there already is no change, and an empty write a question.
    let same: String = pc.to_le_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(gdb.ask(&format!("P20={same}")), "OK");
    assert_eq!(gdb.ask("X40200000,0:"), "OK");
    assert_eq!(gdb.monitor("branch"), "no branch: this is the recording\n");
    assert_eq!(gdb.ask("P1=2a00000000000000"), "OK");
    assert_eq!(gdb.register(1), 42);
    assert_eq!(gdb.ask("M40200000,4:deadbeef"), "OK");
    assert_eq!(gdb.ask("m40200000,4"), "deadbeef");
    assert!(gdb.console.is_empty(), "{}", gdb.console);
    assert_eq!(gdb.ask("vCont;s:1"), "T05thread:01;");
    assert!(gdb.console.contains("a branch was opened at 100.0"), "{}", gdb.console);
    assert!(gdb.monitor("branch").contains("began at 100.0"));
    assert!(gdb.monitor("branch drop").contains("the branch is gone"));
    assert_eq!(gdb.moment(), "100.0");
    assert_eq!(gdb.monitor("digest"), digest);
    assert_eq!(gdb.monitor("branch drop"), "error: there is no branch\n");
    // What cannot be written is an error and no branch.
    assert_eq!(gdb.ask("M0badbad00000,1:00"), "E0e");
    assert_eq!(gdb.ask("P9999=00"), "E16");
    assert!(gdb.monitor("branch").contains("no branch"));
}

/// Catches a description that is cut when it is asked for in portions, and memory that is made up.
#[test]
fn descriptions_and_memory() {
    let recorded = Recorded::new("hello");
    let server = recorded.serve(&[]);
    let mut gdb = server.attach();
    let mut whole = String::new();
    loop {
        let portion = gdb.ask(&format!("qXfer:features:read:target.xml:{:x},100", whole.len()));
        match portion.strip_prefix('m') {
            Some(more) => whole += more,
            None => break,
        }
    }
    let at_once = gdb.ask("qXfer:features:read:target.xml:0,ffff");
    assert!(at_once.len() > 1 && whole.starts_with(&at_once[1..]), "{at_once}");
    assert!(whole.starts_with("<?xml") && whole.ends_with("</target>"), "{whole}");
    for part in ["org.gnu.gdb.aarch64.core", "org.gnu.gdb.aarch64.fpu", "name=\"sctlr_el1\""] {
        assert!(whole.contains(part), "{part}");
    }
    assert_eq!(gdb.ask("qXfer:features:read:other.xml:0,100"), "E16");
    let registers = gdb.ask("g");
    assert_eq!(registers.len() % 2, 0);
    assert_eq!(&registers[32 * 16..33 * 16], "0000204000000000");
    assert_eq!(gdb.ask(&format!("G{registers}")), "OK");
    assert!(gdb.monitor("branch").contains("no branch"));
    assert_eq!(gdb.ask("Gabcd"), "E16");
    assert_eq!(gdb.ask("m40200000,4"), "bf4100d5");
    assert_eq!(gdb.ask("m9000000,4"), "E0e", "a device is not asked");
    // RAM ends at 0x48000000.
    assert_eq!(gdb.ask("m47fffffe,10"), "0000");
    assert!(gdb.ask("m40200000,ffffffffffffffff").len() > 1000);
    assert_eq!(gdb.ask("mffffffffffffffff,ffff"), "E0e");
}

/// Catches commands that are described and do not work, and errors that leave the user guessing.
#[test]
fn monitor_commands() {
    let recorded = Recorded::new("hello");
    let server = recorded.serve(&[]);
    let mut gdb = server.attach();
    for command in
        ["moment", "seek", "events", "break-event", "checkpoints", "digest", "branch", "help"]
    {
        assert!(gdb.monitor("help").contains(&format!("monitor {command}")), "{command}");
    }
    assert_eq!(gdb.monitor("sek 1"), "error: there is no command 'sek': see `monitor help`\n");
    assert_eq!(gdb.monitor("seek"), "error: write it as: monitor seek MOMENT|+N|-N|start|end\n");
    let wrong = "error: 'x' is not a moment: write RETIRED or RETIRED.ORDINAL, as in 120034.1\n";
    assert_eq!(gdb.monitor("seek x"), wrong);
    assert_eq!(gdb.moment(), "0.0");
    for (to, expected) in
        [("67", "67.0"), ("+3", "70.0"), ("-20", "50.0"), ("-1000", "0.0"), ("start", "0.0")]
    {
        gdb.monitor(&format!("seek {to}"));
        assert_eq!(gdb.moment(), expected, "{to}");
    }
    assert!(gdb.monitor("seek end").contains("the recording ends here"));
    assert!(gdb.monitor("seek 99999999999999999999").starts_with("error: "));
    let events = gdb.monitor("events 67 2");
    assert!(events.contains("67.0  cpu0  console-out port=0 \"h\""), "{events}");
    assert_eq!(events.lines().count(), 3);
    assert!(gdb.monitor("events x").starts_with("error: 'x' is not a moment"));
    assert!(gdb.monitor("registers sctlr_el1").starts_with("sctlr_el1          0x"));
    assert_eq!(gdb.monitor("registers x99"), "error: there is no register 'x99'\n");
    assert!(gdb.monitor("checkpoints").contains("MiB"));
    assert!(gdb.monitor("break-event nonsense").starts_with("error: 'nonsense' is neither"));
    assert!(gdb.monitor("break-event \"").starts_with("error: "));
    assert_eq!(gdb.monitor("break-event"), "no events to stop at\n");
    assert_eq!(gdb.monitor("break-event \"bye\""), "stopping at console text \"bye\"\n");
    gdb.monitor("seek start");
    assert_eq!(gdb.ask("vCont;c"), "T05thread:01;");
    assert!(gdb.console.contains("console-out port=0 \"e\""), "{}", gdb.console);
    assert_eq!(gdb.moment(), "1018.0");
    assert_eq!(gdb.ask("bc"), "T05thread:01;");
    assert_eq!(gdb.moment(), "1017.0");
    assert_eq!(gdb.monitor("break-event clear"), "no events to stop at\n");
    assert_eq!(gdb.ask("bc"), "T05thread:01;replaylog:begin;");
    let wrong = gdb.monitor("break-event device uart");
    assert!(wrong.starts_with("error: 'uart' is none of the devices: "), "{wrong}");
    assert!(
        wrong.contains("pl011") && wrong.contains("gic") && wrong.contains("virtio31"),
        "{wrong}"
    );
    assert!(gdb.monitor("break-event device").starts_with("error: '' is none of the devices"));
    assert_eq!(gdb.monitor("break-event device pl011"), "stopping at accesses to pl011\n");
    assert_eq!(gdb.monitor("break-event"), "accesses to pl011\n");
    assert_eq!(gdb.ask("vCont;c"), "T05thread:01;");
    let access = "lockstep: after access to pl011: cpu0 writes 0x0 to 0x9000030, 4 bytes\n";
    assert!(gdb.console.contains(access), "{}", gdb.console);
    let after: u64 = gdb.moment().split('.').next().unwrap().parse().unwrap();
    assert_eq!(gdb.ask("bc"), "T05thread:01;");
    assert!(gdb.console.contains(&access.replace("after", "before")), "{}", gdb.console);
    assert_eq!(gdb.moment(), format!("{}.0", after - 1));
}

/// Catches a long move that goes on although the debugger wants it to stop, and one that ends for anything else.
#[test]
fn an_interrupt_stops_a_long_move() {
    let recorded = Recorded::new("loop");
    let server = recorded.serve(&["--engine", "interp"]);
    let mut gdb = server.attach();
    for (from, command) in [(0, "vCont;c"), (60_000_000, "bc")] {
        gdb.monitor(&format!("seek {from}"));
        // Never executed: what is to be found has to be looked for everywhere.
        assert_eq!(gdb.ask("Z0,40200044,4"), "OK");
        gdb.send(command);
        // Noise, and packets that nobody sends to a running target.
        gdb.stream.write_all(b"+++\0xyz").unwrap();
        std::thread::sleep(Duration::from_millis(300));
        let start = Instant::now();
        gdb.stream.write_all(b"\x03").unwrap();
        assert_eq!(gdb.answer(), "T02thread:01;", "{command}");
        println!("{command}: stopped after {:?}", start.elapsed());
        assert!(start.elapsed() < Duration::from_secs(5), "{command}: {:?}", start.elapsed());
        let moment = gdb.moment();
        println!("{command}: at {moment}");
        // One that comes when nothing runs stops nothing later.
        gdb.stream.write_all(b"\x03").unwrap();
        assert_eq!(gdb.ask("vCont;s:1"), "T05thread:01;");
    }
}

/// Catches a session that ends with its debugger, or that forgets where it was; and breakpoints of one that is gone.
#[test]
fn the_session_outlives_its_debuggers() {
    let recorded = Recorded::new("loop");
    let mut server = recorded.serve(&["--engine", "interp"]);
    let mut gdb = server.attach();
    let again = gdb.monitor("seek 10000");
    let again = again.split_whitespace().find(|word| word.starts_with("0x")).unwrap();
    gdb.monitor("seek 100");
    assert_eq!(gdb.ask(&format!("Z0,{},4", &again[2..])), "OK");
    assert_eq!(gdb.ask("vCont;c"), "T05thread:01;swbreak:;");
    gdb.monitor("seek 100");
    assert_eq!(gdb.ask("D"), "OK");
    let mut gdb = server.attach();
    assert_eq!(gdb.moment(), "100.0");
    // Gone without a word, in the middle of a long move.
    gdb.send("vCont;c");
    std::thread::sleep(Duration::from_millis(100));
    drop(gdb);
    let mut gdb = server.attach();
    let moment = gdb.moment();
    let retired: u64 = moment.split('.').next().unwrap().parse().unwrap();
    assert!(retired > 10_000, "stopped at {moment} by a breakpoint that nobody has set");
    gdb.send("bc");
    gdb.stream.shutdown(std::net::Shutdown::Write).unwrap();
    drop(gdb);
    let mut gdb = server.attach();
    gdb.moment();
    gdb.monitor("seek 100");
    gdb.send("k");
    drop(gdb);
    let mut gdb = server.attach();
    assert_eq!(gdb.moment(), "100.0");
    assert_eq!(server.ended(), None);
}

/// Catches an address that is refused without saying why, and a recording that cannot be debugged.
#[test]
fn what_cannot_be_served_is_named() {
    let recorded = Recorded::new("hello");
    let (log, kernel) = (recorded.log(), recorded.kernel().to_owned());
    let debug = |more: &[&str]| {
        let mut command = words(["debug"]);
        run(command.arg(&log).arg("-k").arg(&kernel).args(more)).with_status(2).err
    };
    assert!(debug(&["--listen", "nowhere"]).contains("'nowhere' is no address to listen at"));
    assert!(
        debug(&["--listen", "unix:/nonexistent/socket"])
            .contains("cannot listen at '/nonexistent/socket'")
    );
    assert!(debug(&["--symbols", "/nonexistent"]).contains("cannot read '/nonexistent'"));
    assert!(debug(&["--checkpoint-memory", "much"]).contains("much"));
    assert!(debug(&["--gdb=/nonexistent/gdb"]).contains("cannot run '/nonexistent/gdb'"));
    let missing = run(&mut words(["debug", "/nonexistent/log"])).with_status(2);
    assert!(missing.err.contains("/nonexistent/log"), "{}", missing.err);
}

/// Commands as debuggers send them, for the random sequences.
const COMMANDS: [&str; 40] = [
    "?",
    "g",
    "p20",
    "p1",
    "pffff",
    "m40200000,40",
    "m0,4",
    "mffffffffffffffff,8",
    "M40200000,4:00000000",
    "M40209f00,0:",
    "X40209f00,0:",
    "X40209f00,2:ab",
    "P1=0000000000000001",
    "P20=zz",
    "G00",
    "vCont?",
    "vCont;c",
    "vCont;s:1",
    "vCont;s:p1.1;c",
    "vCont;r40200000,40200020:1",
    "vCont;t",
    "vCont;s",
    "c",
    "s",
    "bs",
    "bc",
    "Hg0",
    "Hc-1",
    "Hgp1.9",
    "Hc0",
    "qfThreadInfo",
    "qsThreadInfo",
    "qC",
    "qXfer:features:read:target.xml:0,fff",
    "Z0,40201318,4",
    "z0,40201318,4",
    "Z2,40209f90,8",
    "z2,40209f90,8",
    "QStartNoAckMode",
    "qSupported:multiprocess+;xmlRegisters=i386",
];

/// Lines for `monitor`.
const LINES: [&str; 15] = [
    "moment",
    "seek 500",
    "seek +7",
    "seek -7",
    "seek end",
    "seek start",
    "events",
    "digest",
    "checkpoints",
    "break-event \"bye\"",
    "break-event clear",
    "break-event device pl011",
    "branch",
    "branch drop",
    "\u{1f980} \0",
];

/// Something that a debugger sends, or a debugger that has lost its mind.
fn anything(rng: &mut Rng) -> Vec<u8> {
    let line = |rng: &mut Rng| {
        let line = LINES[rng.below(LINES.len() as u64) as usize];
        let digits: String = line.bytes().map(|byte| format!("{byte:02x}")).collect();
        format!("qRcmd,{digits}").into_bytes()
    };
    let body = match rng.below(4) {
        0 => line(rng),
        _ => COMMANDS[rng.below(COMMANDS.len() as u64) as usize].as_bytes().to_vec(),
    };
    let mut bytes = packet(&body);
    match rng.below(12) {
        // Cut off.
        0 => bytes.truncate(rng.below(bytes.len() as u64) as usize),
        // A wrong sum.
        1 => *bytes.last_mut().unwrap() ^= 1 << rng.below(7),
        // A byte of the body is another, and the sum is right.
        2 => {
            let mut body = body;
            let place = rng.below(body.len() as u64) as usize;
            body[place] = rng.next_u32() as u8;
            bytes = packet(&body);
        }
        // Too long.
        3 if rng.below(8) == 0 => {
            let length = rng.below(40_000) as usize;
            bytes = packet(&[body, vec![b'0'; length]].concat());
        }
        // Noise.
        4 => {
            bytes = vec![0; rng.below(300) as usize];
            rng.fill(&mut bytes);
        }
        // An interrupt, anywhere.
        5 => bytes.insert(rng.below(bytes.len() as u64 + 1) as usize, 3),
        6 => bytes = vec![[b'+', b'-', 3][rng.below(3) as usize]; 1 + rng.below(3) as usize],
        _ => {}
    }
    bytes
}

/// Catches bytes that end the session, stop it from answering, or make it answer wrongly afterwards.
///
/// `LOCKSTEP_SEQUENCES` sets how many sequences, `LOCKSTEP_SEED` the first one's seed.
#[test]
fn random_packets() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let sequences = number("LOCKSTEP_SEQUENCES").unwrap_or(1000);
    let first = number("LOCKSTEP_SEED").unwrap_or(1);
    let recorded = Recorded::new("hello");
    let mut server = recorded.serve(&[]);
    let mut count = 0_u64;
    for seed in first..first + sequences {
        let mut rng = Rng::new(seed, Use::Test);
        let gdb = server.attach();
        let mut stream = gdb.stream;
        stream.set_nonblocking(true).unwrap();
        for _ in 0..1 + rng.below(40) {
            // A peer that does not read is part of the game; one that does not take more is the server's right.
            if stream.write_all(&anything(&mut rng)).is_err() {
                break;
            }
            count += 1;
            let _ = stream.read(&mut [0; 65536]);
        }
        drop(stream);
        assert_eq!(server.ended(), None, "seed {seed}");
        let mut gdb = server.attach();
        let features = gdb.ask("qSupported");
        assert!(features.starts_with("PacketSize=4000;"), "seed {seed}: {features}");
        gdb.monitor("branch drop");
        gdb.monitor("seek 100");
        assert_eq!(gdb.moment(), "100.0", "seed {seed}");
        assert_eq!(gdb.register(PC), 0x4020_1318, "seed {seed}");
        assert_eq!(gdb.ask("m40200000,4"), "bf4100d5", "seed {seed}");
    }
    println!("{count} random packets in {sequences} sequences from seed {first}");
}
