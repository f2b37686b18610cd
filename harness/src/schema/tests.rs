//! Each kind of bad scenario, with what its author is shown.

use std::fs;
use std::path::Path;

use super::*;

const GOOD: &str = "\
description: Says hello.
machine:
  board: virt,gic=3
  memory: 128M
  cpus: 2
guest:
  kernel: guests/hello.elf
script:
  - after: \"Hit any key\"
    type: \"\\n\"
steps: [record, replay]
axes:
  loads: [none, cpu]
  seeds: 0..4
record:
  level: full
expect:
  console:
    contains: [hello]
";

fn parse_text(text: &str) -> Result<Scenario, Box<ScenarioError>> {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("scenarios/aarch64");
    fs::create_dir_all(folder.join("guests")).unwrap();
    fs::write(folder.join("guests/hello.elf"), "ELF").unwrap();
    parse(&folder.join("hello.yaml"), text, root.path())
}

/// The report for `GOOD` with one thing changed.
fn report(old: &str, new: &str) -> String {
    assert!(GOOD.contains(old), "{old}");
    parse_text(&GOOD.replacen(old, new, 1)).expect_err(new).report()
}

/// Asserts that the report has the place and the message.
#[track_caller]
fn wrong(old: &str, new: &str, place: &str, message: &str) {
    let report = report(old, new);
    // Long messages are broken into lines, and marked at their left.
    let flat = report.replace("\n  │ ", " ");
    assert!(flat.contains(message), "expected {message}\n{report}");
    assert!(flat.contains(&format!("hello.yaml:{place}]")), "expected {place}\n{report}");
}

#[test]
fn a_good_scenario_is_read() {
    let scenario = parse_text(GOOD).map_err(|error| error.report()).unwrap();
    assert_eq!(scenario.machine.board.as_deref(), Some("virt,gic=3"));
    assert_eq!(scenario.axes.loads, [Load::default(), Load::of(Hog::Cpu)]);
    assert_eq!(scenario.axes.seeds.0, [0, 1, 2, 3]);
    assert_eq!(scenario.axes.engines, [Engine::Interp]);
    assert_eq!(scenario.steps, [Step::Record(Keep::default()), Step::Replay]);
    assert!(scenario.expect.golden && scenario.expect.repeatable);
    assert_eq!(scenario.timeout.duration().as_secs(), 60);
}

#[test]
fn a_report_shows_the_line() {
    insta::assert_snapshot!(report("cpus: 2", "cpu-count: 2"), @r"
      × machine.cpu-count: unknown field `cpu-count`, expected one of `board`, `cpu`, `memory`, `cpus`
       ╭─[scenarios/aarch64/hello.yaml:5:3]
     4 │   memory: 128M
     5 │   cpu-count: 2
       ·   ─────────
     6 │ guest:
       ╰────
    ");
    insta::assert_snapshot!(report("guests/hello.elf", "guests/helo.elf"), @r"
      × guest.kernel: there is no file `guests/helo.elf`
       ╭─[scenarios/aarch64/hello.yaml:7:11]
     6 │ guest:
     7 │   kernel: guests/helo.elf
       ·           ───────────────
     8 │ script:
       ╰────
      help: paths are relative to the folder of the scenario file
    ");
}

#[test]
fn unknown_and_duplicate_keys() {
    wrong("memory:", "memroy:", "4:3", "unknown field `memroy`, expected one of");
    wrong("cpus: 2", "memory: 1G", "5:3", "duplicate field `memory`");
    wrong("record:\n", "reccord:\n", "15:1", "unknown field `reccord`");
    wrong("    type:", "    tpye:", "10:5", "unknown field `tpye`");
    wrong("kernel: guests/hello.elf", "kernel: { fetch: a/b }", "7:13", "unknown field `fetch`");
}

#[test]
fn wrong_types_and_missing_keys() {
    wrong("cpus: 2", "cpus: two", "5:9", "invalid type: string \"two\", expected u16");
    wrong("cpus: 2", "cpus: 70000", "5:9", "expected u16");
    wrong("memory: 128M", "memory: 128 MB", "4:11", "`128 MB` is not a size");
    wrong("steps: [record, replay]", "steps: record", "11:8", "expected a sequence");
    wrong("description: Says hello.\n", "", "1:1", "missing field `description`");
    wrong("loads: [none, cpu]", "loads: [none, heavy]", "13:17", "there is no load `heavy`");
    wrong(
        "loads: [none, cpu]",
        "engines: [warp]",
        "13:13",
        "unknown variant `warp`, expected one of `interp`, `jit`, `jit-now`, `auto`",
    );
    wrong("level: full", "level: fool", "16:10", "unknown variant `fool`");
    wrong("seeds: 0..4", "seeds: 4..4", "14:10", "`4..4` is empty");
    wrong("seeds: 0..4", "seeds: 0..9000000000", "14:10", "more than 1000000 seeds");
}

#[test]
fn files_that_are_missing() {
    wrong("guests/hello.elf", "nothing.elf", "7:11", "there is no file `nothing.elf`");
    wrong("guests/hello.elf", "/etc/passwd", "7:11", "not relative to the scenario file");
    wrong("contains: [hello]", "equals: hello.txt", "19:13", "there is no file `hello.txt`");
    wrong("kernel: guests/hello.elf", "append: quiet", "7:3", "neither `kernel` nor `bios`");
    wrong(
        "kernel: guests/hello.elf",
        "bios: { fetched: a/b }\n  append: quiet",
        "8:11",
        "no effect without a `kernel`",
    );
    wrong("guests/hello.elf", "{ fetched: ../x }", "7:22", "not of the form GUEST/FILE");
}

#[test]
fn steps_that_cannot_be() {
    let steps = "steps: [record, replay]";
    wrong(steps, "steps: [replay]", "11:9", "there is no recording yet to replay");
    wrong(steps, "steps: [record, record]", "11:17", "a scenario has one recording");
    wrong(steps, "steps: []", "11:8", "there is nothing to do");
    wrong(steps, "steps: [record, debug]", "11:17", "`debug` needs moves");
    wrong(steps, "steps:\n  - debug: [step]", "12:5", "there is no recording yet");
    wrong(steps, "steps: [rewind]", "11:9", "unknown variant `rewind`");
}

#[test]
fn moves_that_cannot_be() {
    let wrong_move = |text: &str, message: &str| {
        let steps = format!("steps:\n  - record\n  - debug:\n      - step\n      - {text}");
        let report = report("steps: [record, replay]", &steps);
        let flat = report.replace("\n  │ ", " ");
        assert!(flat.contains(message), "expected {message}\n{report}");
        assert!(flat.contains("hello.yaml:15:"), "expected line 15\n{report}");
    };
    wrong_move("jump", "unknown variant `jump`");
    wrong_move("step: 0", "must not be zero");
    wrong_move("break", "`break` needs a value");
    wrong_move("continue: 2", "`continue` takes nothing");
    wrong_move("break: sp", "`sp` is not an address");
    wrong_move("break: $sp-x", "is not an address");
    wrong_move("watch: { address: here, size: 0 }", "watches nothing");
    wrong_move("watch: { address: here, size: 4, kind: run }", "unknown variant `run`");
    wrong_move("break-event: lunch", "`lunch` is not a kind of event");
    wrong_move("break-event: { console: \"\" }", "no text to wait for");
    wrong_move("break-event: { device: a, console: b }", "one of them");
    wrong_move("break-event: {}", "one of them");
    wrong_move("reattach: 1", "`reattach` takes nothing");
    wrong_move("seek: 12.5.1", "is not a moment");
    wrong_move("seek: { mark: a }", "no `mark: a` comes before this");
    wrong_move("expect: {}", "expects nothing");
    wrong_move("expect: { pcc: 1 }", "unknown field `pcc`");
    wrong_move("expect: { at: a }", "no `mark: a` comes before this");
    wrong_move("expect: { memory: { address: 1, bytes: abc } }", "is not pairs of hexadecimal");
    wrong_move("repeat: { times: 2, moves: [] }", "there is nothing to do");
    wrong_move("repeat: { times: 2, moves: [mark: a, step: 0] }", "must not be zero");
}

/// Catches a recording that keeps nothing although it should.
#[test]
fn keyframes_are_read() {
    let text = "steps: [record: { keyframes: 10ms }, replay]";
    let scenario = parse_text(&GOOD.replace("steps: [record, replay]", text));
    let scenario = scenario.map_err(|error| error.report()).unwrap();
    let keep = Keep { keyframes: Some(Span::parse("10ms").unwrap()) };
    assert_eq!(scenario.steps, [Step::Record(keep), Step::Replay]);
}

#[test]
fn moves_are_read() {
    let text = "steps:\n  - record\n  - debug: [mark: a, step, reverse-step: 3, break: 0x40, seek: 7, \
                watch: { address: $sp-16, size: 8 }, expect: { at: a, pc: here, event: warp }]";
    let scenario = parse_text(&GOOD.replace("steps: [record, replay]", text));
    let scenario = scenario.map_err(|error| error.report()).unwrap();
    let Step::Debug(moves) = &scenario.steps[1] else { panic!() };
    assert_eq!(moves[1..3], [Move::Step(1), Move::ReverseStep(3)]);
    assert_eq!(moves[3], Move::Break(Place { base: Base::Zero(0x40), offset: 0 }));
    let Move::Seek(Target::Moment(moment)) = moves[4] else { panic!() };
    assert_eq!((moment.retired, moment.ordinal), (7, u32::MAX));
    let Move::Watch(watch) = &moves[5] else { panic!() };
    assert_eq!(watch.address, Place { base: Base::Register("sp".to_owned()), offset: -16 });
    assert_eq!((watch.size, watch.kind), (8, WatchFor::Write));
}

#[test]
fn script_steps_that_cannot_be() {
    wrong("    type: \"\\n\"\n", "", "9:5", "says not what");
    wrong("after: \"Hit any key\"", "delay: 1ms", "9:5", "says not when");
    wrong("    type:", "    at: 7\n    type:", "9:5", "several of `after`, `at`, `at-time`");
    wrong("    type:", "    do: reset\n    type:", "9:5", "both `type` and `do`");
    wrong("after: \"Hit any key\"", "at: 7\n    delay: 1ms", "10:12", "only goes with `after`");
    wrong("type: \"\\n\"", "do: explode", "10:9", "unknown variant `explode`");
    wrong("    type:", "    delay: 1h\n    type:", "10:12", "`1h` is not a time");
}

#[test]
fn axes_and_expectations_that_cannot_be() {
    wrong("loads: [none, cpu]", "loads: []", "13:10", "there would be no trial");
    wrong("loads: [none, cpu]", "loads: [cpu, cpu]", "13:16", "is there twice");
    wrong("loads: [none, cpu]", "boards: [virt]", "3:10", "the axis `boards` says this too");
    let also = "loads: [none, cpu]\n  also: [{ load: fork }, { load: cpu }]";
    wrong("loads: [none, cpu]", also, "14:26", "one of the combinations already");
    wrong("axes:", "repeat: 0\naxes:", "12:9", "nonzero");
    wrong("  board: virt,gic=3\n", "", "3:3", "has no board");
    wrong("cpus: 2", "cpus: 0", "5:9", "must not be zero");
    wrong("expect:", "expect:\n  repeatable: false", "18:15", "cannot all match one golden");
    wrong("contains: [hello]", "contains: []", "19:5", "neither `contains` nor `equals`");
}

#[test]
fn what_is_not_yaml_or_too_much_of_it() {
    wrong("cpus: 2", "cpus: }", "5:9", "did not find expected");
    let report = |text: &str| parse_text(text).unwrap_err().report();
    assert!(report("").contains("hello.yaml:1:1"), "{}", report(""));
    assert!(report(&" ".repeat(300_000)).contains("at most 65536 bytes"));
    assert!(report(&format!("description: {}", "[".repeat(10_000))).contains("hello.yaml:1:"));
    let mut laughs = "a0: &a0 [x, x]\n".to_owned();
    for n in 1..40 {
        laughs += &format!("a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1);
    }
    for text in [format!("{laughs}{GOOD}"), format!("{laughs}steps: *a39\n")] {
        assert!(report(&text).contains("hello.yaml:"));
    }
}

#[test]
fn scripts_are_written_for_the_emulator() {
    let step = |after: &str| ScriptStep { after: Some(after.to_owned()), ..ScriptStep::default() };
    let steps = [
        ScriptStep { text: Some("a\"\\\r\n\t\u{1b}é".to_owned()), ..step("=> ") },
        ScriptStep { action: Some(Action::Stop), delay: Span::parse("10ms").ok(), ..step("x") },
        ScriptStep { at: Some(7), action: Some(Action::Reset), ..ScriptStep::default() },
        ScriptStep {
            at_time: Span::parse("2.5s").ok(),
            action: Some(Action::PowerKey),
            ..ScriptStep::default()
        },
    ];
    assert_eq!(
        script_text(&steps),
        "after \"=> \" type \"a\\\"\\\\\\r\\n\\t\\x1b\\xc3\\xa9\"\n\
         after \"x\" delay 10ms stop\n\
         at 7 reset\n\
         at-time 2.5s power-key\n"
    );
}

#[test]
fn times_are_exact() {
    let ns = |text| Span::parse(text).map(|span| span.duration().as_nanos());
    assert_eq!(ns("2.5s"), Ok(2_500_000_000));
    assert_eq!(ns("10ms"), Ok(10_000_000));
    assert_eq!(ns("1.50us"), Ok(1_500));
    assert_eq!(ns("7ns"), Ok(7));
    for text in ["", "5", "s", "1.s", ".5s", "-1s", "1 s", "1.5ns", "0.1234567891s", "1m", "1e3s"] {
        assert!(ns(text).is_err(), "{text}");
    }
    assert!(ns("99999999999999999999s").unwrap_err().contains("584 years"));
}

#[test]
fn a_fetched_guest_is_named_by_its_folder() {
    let image = Image::Fetched("u-boot/u-boot.bin".into());
    assert_eq!(image.fetched_guest().as_deref(), Some("u-boot"));
    let root = Path::new("/repo");
    assert_eq!(image.path(Path::new("x"), root), root.join("guests/u-boot/u-boot.bin"));
}

/// Catches a folder of files that is none.
#[test]
fn files_are_a_folder() {
    let wrong = GOOD.replace("guest:\n", "guest:\n  files: guests/hello.elf\n");
    let report = parse_text(&wrong).expect_err("no folder").report();
    assert!(report.contains("guest.files: there is no folder"), "{report}");
}

#[test]
fn disks_are_files_or_patterns() {
    let disks = |disks: &str| {
        let text = GOOD.replace("guest:\n", &format!("guest:\n  disks: {disks}\n"));
        parse_text(&text)
    };
    let good = disks("[guests/hello.elf, { fetched: x/y }, { pattern: 64K }]");
    let good = good.map_err(|error| error.report()).unwrap();
    assert_eq!(good.guest.files().count(), 3);
    assert_eq!(good.guest.fetched(), ["x"]);
    for wrong in ["[none.img]", "[{ fetched: x/y, pattern: 1M }]", "[{}]", "[{ pattern: 1T }]"] {
        let report = disks(wrong).expect_err(wrong).report();
        assert!(report.contains("disk") || report.contains("size"), "{report}");
    }
    assert_eq!(pattern(18)[..9], [0, 0, 0, 0, 0, 0, 0, 0, 0x15]);
    assert_eq!(pattern(18).len(), 18);
}

#[test]
fn what_is_live_does_not_repeat() {
    wrong("level: full", "typing: live", "16:11", "recordings will differ");
    let differing = "expect:\n  golden: false\n  repeatable: false";
    let live = GOOD.replace("expect:", differing).replace("level: full", "typing: live");
    parse_text(&live).map_err(|error| error.report()).unwrap();
    let report = |text: String| parse_text(&text).expect_err("live").report();
    let exact = report(live.replace("type: \"\\n\"", "do: reset"));
    assert!(exact.contains("somebody at the console"), "{exact}");
    let io = report(live.replace("typing: live", "io: live"));
    assert!(io.contains("without `disks`"), "{io}");
}

/// Catches a fault that nothing would give away, and words that are for faults alone.
#[test]
fn faults_and_what_gives_them_away() {
    let with = |keys: &str| parse_text(&GOOD.replacen("expect:\n", keys, 1));
    let good = with("fault: two-writers\nexpect:\n  caught: different-logs\n  says: console-out\n");
    let good = good.map_err(|error| error.report()).unwrap();
    assert_eq!(good.fault.as_deref(), Some("two-writers"));
    assert_eq!(good.expect.caught, Some(Caught::DifferentLogs));
    wrong("expect:\n", "fault: x\nexpect:\n", "17:8", "nothing says what gives it away");
    wrong("expect:\n", "expect:\n  caught: dead\n", "18:11", "has no effect without a `fault`");
    wrong("expect:\n", "expect:\n  says: x\n", "18:9", "has no effect without a `fault`");
    wrong("expect:\n", "expect:\n  caught: alive\n", "18:11", "unknown variant `alive`");
    wrong("[record, replay]", "[dump]", "11:9", "there is no recording yet to replay");
}
