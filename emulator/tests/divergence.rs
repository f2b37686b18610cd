//! Replays that cannot come out: another image, a log that was edited.
//!
//! Each must end with the first event that differs, and in time: an event that never comes must not be waited for. What is
//! first is worked out here by other means: from the edit, or from a recording of the other image.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests stand outside the machine"
)]
#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod common;

use std::fs;

use common::{
    Watchdog, guest, guest_images, kernel, read_log, record, replay, run, small_machine, words,
};
use lockstep_core::{
    Event, EventKind, Input, InterruptClass, Level, Moment, StateDigest, StopReason, VcpuId,
    VirtualTime, What,
};
use lockstep_log::{Difference, Divergence, DivergenceReport, EventLine, encode};
use lockstep_machine::{Goal, Images, MachineRecord, ReplayEnd};

/// The divergence of a log of these events.
#[track_caller]
fn diverges(
    machine: &MachineRecord,
    level: Level,
    events: &[Event],
    images: &Images,
) -> Divergence {
    let log = with_events(machine, level, events, images);
    match replay(log, images).unwrap() {
        (ReplayEnd::Diverged(divergence), _) => *divergence,
        (end, at) => panic!("no divergence, but at {at}: {end:?}"),
    }
}

/// A well-formed log of these events.
fn with_events(
    machine: &MachineRecord,
    level: Level,
    events: &[Event],
    images: &Images,
) -> Vec<u8> {
    let log = record(&MachineRecord { script: String::new(), ..machine.clone() }, images, level);
    let (mut header, ..) = read_log(&log).unwrap();
    header.machine = machine.clone();
    encode(&header, &[], events).unwrap()
}

fn events_of(log: &[u8]) -> Vec<Event> {
    read_log(log).unwrap().1
}

/// Where the byte at a virtual address is in an ELF file.
fn file_offset(elf: &[u8], address: u64) -> usize {
    let field = |at: usize, len: usize| {
        let mut bytes = [0; 8];
        bytes[..len].copy_from_slice(&elf[at..at + len]);
        u64::from_le_bytes(bytes)
    };
    let (table, entry, count) = (field(32, 8), field(54, 2), field(56, 2));
    for at in (0..count).map(|n| (table + n * entry) as usize) {
        let (offset, start, len) = (field(at + 8, 8), field(at + 16, 8), field(at + 32, 8));
        if (start..start + len).contains(&address) {
            return (offset + address - start) as usize;
        }
    }
    panic!("{address:#x} is not in the file");
}

/// The image of `hello` with one bit of the instruction flipped that is the `retired`th to run.
fn flipped(retired: u64) -> (Vec<u8>, u64) {
    let images = guest_images("hello");
    let mut machine = lockstep_machine::build(&small_machine(), &images).unwrap();
    machine.run(Goal::Retired(retired));
    let pc = machine.position().1;
    let mut elf = fs::read(guest("hello")).unwrap();
    let place = file_offset(&elf, pc);
    // The number of a source register, or the like.
    elf[place] ^= 1 << 5;
    (elf, pc)
}

/// Catches a replay with another image that ends well, or that names a later event than the first that differs.
#[test]
fn one_instruction_of_the_image() {
    let machine = small_machine();
    let original = guest_images("hello");
    let log = record(&machine, &original, Level::Events);
    for retired in [100, 200, 400, 600, 900] {
        let (elf, _) = flipped(retired);
        let other = kernel("hello.elf", elf);
        let divergence = match replay(log.clone(), &other).unwrap() {
            (ReplayEnd::Diverged(divergence), _) => divergence,
            (end, at) => panic!("no divergence, but at {at}: {end:?}"),
        };
        // What the other image does on its own, as far as the recording went.
        let mut limited = small_machine();
        limited.script = "at 5000 stop".to_owned();
        let (expected, actual) =
            (events_of(&log), events_of(&record(&limited, &other, Level::Events)));
        let same = expected.iter().zip(&actual).take_while(|(a, b)| a == b).count();
        let first = expected[same].at.min(actual[same].at);
        assert_eq!(divergence.at, first, "{divergence}");
        assert!(divergence.pc.is_some(), "{divergence}");
        assert_eq!(divergence.before.last(), same.checked_sub(1).map(|place| &expected[place]));
    }
}

/// Catches a command line that hides what the replay found, or that replays another image without being told to.
#[test]
fn another_image_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::copy(guest("hello"), path("hello.elf")).unwrap();
    run(words(["record", "-k", "hello.elf", "-o", "log"]).current_dir(folder.path()))
        .with_status(0);
    let (elf, pc) = flipped(400);
    fs::write(path("hello.elf"), elf).unwrap();
    let ran = run(words(["replay", "-q", "log"]).current_dir(folder.path())).with_status(2);
    assert!(
        ran.err.starts_with("lockstep: kernel image: recorded with 'hello.elf'"),
        "{}",
        ran.err
    );
    let mut command = words(["replay", "-q", "--allow-other-images", "log"]);
    let ran = run(command.current_dir(folder.path())).with_status(1);
    println!("one instruction flipped at pc {pc:#x}:\n{}", ran.err);
    assert!(ran.err.starts_with("lockstep: divergence at "), "{}", ran.err);
    let first = ran.err.lines().next().unwrap();
    assert!(
        first.contains(" on cpu0, virtual time ") && first.ends_with("did not happen"),
        "{first}"
    );
    for part in [
        "    both      ",
        "  > expected  ",
        "  > actual    ",
        "the instruction there, on cpu0: 0x402",
    ] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
}

/// What could have happened instead.
fn other(what: &What) -> What {
    match what.clone() {
        What::Input(Input::Console { port, mut bytes }) => {
            bytes[0] ^= 1;
            What::Input(Input::Console { port, bytes })
        }
        What::Input(_) => What::Input(Input::PowerKey),
        What::ConsoleOut { port, byte } => What::ConsoleOut { port, byte: byte ^ 1 },
        What::Due { id, armed_for } => What::Due { id, armed_for: armed_for + 1 },
        What::Warp { to } => What::Warp { to: to + 1 },
        What::Interrupt { pc, .. } => What::Interrupt { class: InterruptClass::Fiq, pc },
        What::Digest { events, state } => {
            What::Digest { events, state: StateDigest(state.0 ^ 1 << 100) }
        }
        What::Stop(_) => What::Stop(StopReason::Reset),
        What::Exception { class, syndrome, address, pc } => {
            What::Exception { class, syndrome: syndrome ^ 1, address, pc }
        }
        What::TlbFill { page, frame, attributes } => {
            What::TlbFill { page, frame: frame ^ 0x1000, attributes }
        }
        what => panic!("no such event in these guests: {what:?}"),
    }
}

/// Catches a witness that is not compared, in whole or in part: each event of a recording is changed in turn.
#[test]
fn one_witness_of_the_log() {
    let watch = Watchdog::over_this_process("one_witness_of_the_log");
    let machine = small_machine();
    let images = guest_images("timer");
    let events = events_of(&record(&machine, &images, Level::Full));
    let mut changed = std::collections::BTreeMap::new();
    let mut undisturbed = lockstep_machine::build(&machine, &images).unwrap();
    for (place, event) in events.iter().enumerate() {
        let kind = event.what.kind();
        undisturbed.run(Goal::Retired(event.at.retired));
        // Of the many like events, some; of the others, all.
        if kind == EventKind::ConsoleOut && place % 40 != 0 {
            continue;
        }
        let mut wrong = events.clone();
        wrong[place].what = other(&event.what);
        let divergence = diverges(&machine, Level::Full, &wrong, &images);
        assert_eq!(divergence.at, event.at);
        // An event of an instruction has that instruction's address, not the next one's.
        if undisturbed.moment().retired == event.at.retired {
            assert_eq!(divergence.pc, Some(undisturbed.position().1), "{divergence}");
        }
        let (expected, actual) = (wrong[place].clone(), event.clone());
        assert_eq!(divergence.difference, Difference::Mismatch { expected, actual });
        *changed.entry(kind.name()).or_insert(0) += 1;
        // And on another vCPU.
        let mut wrong = events.clone();
        wrong[place].vcpu = VcpuId(1);
        assert_eq!(diverges(&machine, Level::Full, &wrong, &images).at, event.at);
    }
    println!("one witness changed, and named, of each of these: {changed:?}");
    assert!(changed.len() >= 5, "{changed:?}");
    watch.fired();
}

/// Catches the same on the command line: its status, the event, the moment and the pc.
#[test]
fn one_witness_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let (machine, images) = (small_machine(), guest_images("timer"));
    let mut events = events_of(&record(&machine, &images, Level::Events));
    let place = events.iter().position(|event| event.what.kind() == EventKind::Interrupt).unwrap();
    let actual = EventLine(&events[place]).to_string();
    let pc = match events[place].what {
        What::Interrupt { pc, .. } => pc,
        _ => unreachable!(),
    };
    events[place].what = other(&events[place].what);
    let log = folder.path().join("log");
    fs::write(&log, with_events(&machine, Level::Events, &events, &images)).unwrap();
    let mut command = words(["replay", "-q", "-k"]);
    command.arg(guest("timer")).arg("--report").arg(folder.path().join("report")).arg(&log);
    let ran = run(&mut command).with_status(1);
    println!("one witness changed:\n{}", ran.err);
    let line = |start: &str, end: &str| {
        let mut lines = ran.err.lines();
        lines.any(|line| line.starts_with(start) && line.ends_with(end))
    };
    let first = format!("lockstep: divergence at {} on cpu0, virtual time ", events[place].at);
    assert!(line(&first, &format!("s, pc {pc:#x}: another interrupt")));
    assert!(line("  > expected  ", &format!("s  {}", EventLine(&events[place]))));
    assert!(line("  > actual    ", &format!("s  {actual}")));
    let report = fs::read_to_string(folder.path().join("report")).unwrap();
    let report: DivergenceReport = serde_json::from_str(&report).unwrap();
    assert_eq!((report.pc, report.summary.as_str()), (Some(pc), "another interrupt"));
    assert_eq!(report.lines.iter().filter(|line| line.differs).count(), 2);
    assert!(report.instruction.is_some() && report.time_ns > Some(0));
}

/// A run of the echo guest that is typed to four times, while it is idle.
fn echo() -> (MachineRecord, Images, Vec<Event>) {
    let mut machine = small_machine();
    machine.script = "after \"ready\" delay 1ms type \"one\\n\"\n\
                      after \"echo: 1:\" delay 1ms type \"two\\n\"\n\
                      after \"echo: 2:\" delay 1ms type \"three\\n\"\n\
                      after \"echo: 3:\" delay 1ms type \"quit\\n\"\n"
        .to_owned();
    let images = guest_images("echo");
    let events = events_of(&record(&machine, &images, Level::Events));
    (machine, images, events)
}

fn is_input(event: &Event) -> bool {
    event.what.kind() == EventKind::Input
}

/// Catches a replay that waits for ever for what was taken away: any one event, inputs above all.
#[test]
fn a_missing_event() {
    let watch = Watchdog::over_this_process("a_missing_event");
    let (machine, images, events) = echo();
    let (mut inputs, mut witnesses) = (0, 0);
    for level in [Level::Events, Level::Inputs] {
        let events: Vec<Event> =
            events.iter().filter(|event| event.what.kind().level() <= level).cloned().collect();
        for place in 0..events.len() {
            let mut fewer = events.clone();
            let gone = fewer.remove(place);
            let divergence = diverges(&machine, level, &fewer, &images);
            if is_input(&gone) {
                // Without it the run goes on in its own way, from then on.
                assert!(divergence.at >= gone.at, "{gone:?}: {divergence}");
                inputs += 1;
            } else {
                assert_eq!(divergence.at, gone.at, "{gone:?}: {divergence}");
                assert!(divergence.pc.is_some());
                let awaited = events.get(place + 1).cloned();
                let unexpected = Difference::Unexpected { actual: gone, awaited };
                assert_eq!(divergence.difference, unexpected);
                witnesses += 1;
            }
        }
    }
    println!("one event missing: {inputs} inputs, {witnesses} witnesses; each a divergence");
    assert!(inputs >= 8);
    watch.fired();
}

/// Catches a log that ends too early but is called whole: its last events are gone, its index is right.
#[test]
fn a_missing_end() {
    let watch = Watchdog::over_this_process("a_missing_end");
    let (machine, images, events) = echo();
    for left in 0..events.len() {
        let divergence = diverges(&machine, Level::Events, &events[..left], &images);
        let gone = &events[left];
        if is_input(gone) {
            assert!(divergence.at >= gone.at, "{gone:?}: {divergence}");
        } else {
            assert_eq!(divergence.at, gone.at, "{divergence}");
        }
    }
    // A guest that does nothing worth an event from then on: no witness ever tells.
    let idle = kernel("loop", [0x14, 0, 0, 0].into_iter().rev().collect());
    let mut quiet = small_machine();
    quiet.digest_interval = 1 << 60;
    quiet.script = "at 1000 stop".to_owned();
    let events = events_of(&record(&quiet, &idle, Level::Events));
    let mut log_machine = quiet.clone();
    log_machine.script = String::new();
    let (mut header, ..) = read_log(&record(&quiet, &idle, Level::Events)).unwrap();
    header.machine = log_machine;
    let log = encode(&header, &[], &events[..0]).unwrap();
    let (ReplayEnd::Diverged(divergence), _) = replay(log, &idle).unwrap() else {
        panic!("no divergence")
    };
    let stuck = matches!(divergence.difference, Difference::Stuck { awaited: None, .. });
    assert!(stuck, "{divergence}");
    watch.fired();
}

/// Catches an event that is in the log alone and not missed, wherever it is.
#[test]
fn an_added_event() {
    let watch = Watchdog::over_this_process("an_added_event");
    let (machine, images, events) = echo();
    let strange = [
        What::ConsoleOut { port: 0, byte: b'x' },
        What::VcpuOff,
        What::Warp { to: VirtualTime::from_ns(1) },
        What::Input(Input::PowerKey),
        What::Input(Input::Console { port: 0, bytes: b"x".into() }),
    ];
    let mut tried = 0;
    for place in (0..events.len()).step_by(7) {
        for what in strange.clone() {
            // Right after an event, where nothing else is.
            let at = Moment { ordinal: events[place].at.ordinal + 1, ..events[place].at };
            if events.get(place + 1).is_some_and(|next| next.at <= at) {
                continue;
            }
            let added = Event { at, vcpu: VcpuId(0), what };
            let mut more = events.clone();
            more.insert(place + 1, added.clone());
            let divergence = diverges(&machine, Level::Events, &more, &images);
            assert!(divergence.at >= added.at, "{added:?}: {divergence}");
            tried += 1;
        }
    }
    println!("one event added: {tried}; each a divergence");
    assert!(tried > 50);
    watch.fired();
}

/// Catches an input that is given at another moment than the log says, or waited for past it.
#[test]
fn a_moved_input() {
    let watch = Watchdog::over_this_process("a_moved_input");
    let (machine, images, events) = echo();
    let mut tried = 0;
    for place in (0..events.len()).filter(|place| is_input(&events[*place])) {
        let Moment { retired, ordinal } = events[place].at;
        let moments = [
            Moment { retired, ordinal: ordinal + 1 },
            Moment { retired, ordinal: ordinal + 1000 },
            Moment { retired: retired + 1, ordinal: 0 },
            Moment { retired: retired + 1000, ordinal: 0 },
            Moment { retired: retired - 1, ordinal: 0 },
            Moment { retired: retired.saturating_sub(1000), ordinal: 3 },
            Moment { retired: u64::MAX - 1, ordinal: 0 },
            Moment { retired: u64::MAX, ordinal: 0 },
        ];
        for at in moments {
            let mut moved = events.clone();
            let input = Event { at, ..moved.remove(place) };
            let place = moved.partition_point(|event| event.at < at);
            if moved.get(place).is_some_and(|event| event.at == at) {
                continue;
            }
            moved.insert(place, input);
            diverges(&machine, Level::Events, &moved, &images);
            tried += 1;
        }
    }
    println!("one input moved: {tried}; each a divergence");
    assert!(tried >= 40);
    watch.fired();
}
