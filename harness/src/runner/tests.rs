//! The runner, with a shell script in the place of the emulator.

use std::fs;
use std::num::NonZeroU32;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use lockstep_core::{Event, Level, Moment, VcpuId, What};
use lockstep_log::{Header, MachineRecord, encode};

use super::*;
use crate::catalog::Entry;
use crate::schema;
use crate::selection::Selection;

/// A repository with one scenario and an emulator that does what a test needs.
struct Stage {
    root: tempfile::TempDir,
    repeat: Option<NonZeroU32>,
}

/// What the stand-in does unless told otherwise.
const HONEST: &str = r#"
case $1 in
    record) cp "$here/a.log" "$3"; echo hello ;;
    replay) cmp -s "$here/a.log" "$2" || exit 1; echo hello ;;
esac
"#;

/// A log in which the guest prints a text.
fn log(text: &str) -> Vec<u8> {
    let header = Header {
        creator: "test".to_owned(),
        level: Level::Events,
        machine: MachineRecord { arch: "aarch64".to_owned(), ..MachineRecord::default() },
        images: Vec::new(),
        bundled: false,
    };
    let print = |(index, byte): (usize, u8)| Event {
        at: Moment { retired: 10 * index as u64, ordinal: 0 },
        vcpu: VcpuId(0),
        what: What::ConsoleOut { port: 0, byte },
    };
    let events: Vec<_> = text.bytes().enumerate().map(print).collect();
    encode(&header, &[], &events).unwrap()
}

impl Stage {
    fn new(emulator: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        fs::create_dir_all(path("scenarios/aarch64")).unwrap();
        fs::write(path("scenarios/aarch64/hello.elf"), "ELF").unwrap();
        fs::write(path("a.log"), log("hello\n")).unwrap();
        fs::write(path("b.log"), log("hullo\n")).unwrap();
        let script = format!("#!/bin/sh\nhere={}\n{emulator}", root.path().display());
        fs::write(path("emulator"), script).unwrap();
        fs::set_permissions(path("emulator"), fs::Permissions::from_mode(0o755)).unwrap();
        Self { root, repeat: None }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn run(&self, more: &str) -> Outcome {
        let text = format!(
            "description: x\nmachine: {{ board: virt }}\nguest: {{ kernel: hello.elf }}\n{more}\n"
        );
        let folder = self.path("scenarios/aarch64");
        let scenario = schema::parse(&folder.join("hello.yaml"), &text, self.root.path());
        let scenario = scenario.map_err(|error| error.report()).unwrap();
        let name = "aarch64/hello".to_owned();
        let entry = Arc::new(Entry { name, folder, scenario: Ok(scenario.clone()) });
        let selection = Selection { repeat: self.repeat, ..Selection::default() };
        let trial = Trial::all(&entry, &scenario, &selection).remove(0);
        let runner = Runner {
            root: self.path(""),
            target: self.path("target"),
            goldens: Goldens::in_folder(self.path("golden")),
        };
        runner.run(&trial, || Ok(self.path("emulator"))).unwrap()
    }

    /// The text of the failure, which has to name all this.
    #[track_caller]
    fn fails(&self, more: &str, parts: &[&str]) -> String {
        let failure = self.run(more).failure.expect("this cannot pass");
        for part in parts {
            assert!(failure.contains(part), "expected {part}\n{failure}");
        }
        failure
    }
}

#[test]
fn recordings_that_agree_pass_and_leave_nothing() {
    let mut stage = Stage::new(HONEST);
    stage.repeat = NonZeroU32::new(5);
    let outcome = stage.run("expect: { golden: false, console: { contains: [ell, o] } }");
    assert_eq!(outcome.failure, None);
    assert_eq!(outcome.logs.len(), 5);
    assert!(outcome.logs.iter().all(|log| *log == outcome.logs[0]));
    assert_eq!(fs::read_dir(stage.path("target/lockstep-trials")).unwrap().count(), 0);
}

#[test]
fn options_reach_the_emulator() {
    let stage =
        Stage::new(r#"echo "$@"; cp "$here/a.log" "$3"; cat "$here"/target/*/*/script.txt"#);
    let text = stage.fails(
        "steps: [record]\nrecord: { level: full, limit: 9 }\nscript: [{ at: 5, type: x }]\n\
         expect: { golden: false, console: { contains: [no] } }",
        &[
            "--machine virt --script",
            "--seed 1 --engine interp --level full --limit 9 --kernel",
            "at 5 type \"x\"",
        ],
    );
    assert!(!text.contains("--cpus"), "{text}");
}

#[test]
fn recordings_that_differ_are_shown_where() {
    let stage = Stage::new(
        r#"
        case $1 in
            record) case $3 in *-1.log) cp "$here/a.log" "$3" ;; *) cp "$here/b.log" "$3" ;; esac ;;
        esac"#,
    );
    let text = stage.fails(
        "expect: { golden: false }",
        &[
            "recording 2 differs from recording 1",
            "1 events agree",
            "seed: 1",
            "again: cargo xtask replay-tests --scenario aarch64/hello --engine interp",
        ],
    );
    let kept = stage.path("target/lockstep-failures/aarch64/hello/interp/none/os/seed-1");
    assert!(text.contains(&format!("kept: {}", kept.display())));
    for file in ["recording-1.log", "recording-2.log", "script.txt", "failure.txt"] {
        assert!(kept.join(file).is_file(), "{file}");
    }
    assert_eq!(stage.run("expect: { golden: false, repeatable: false }").failure, None);
}

#[test]
fn a_replay_that_diverges_is_quoted() {
    let stage = Stage::new(
        r#"
        case $1 in
            record) cp "$here/a.log" "$3" ;;
            replay) echo "expected this, found that" >&2; exit 1 ;;
        esac"#,
    );
    stage.fails(
        "",
        &["replay of recording 1 ended with status 1 (a divergence)", "expected this, found that"],
    );
}

#[test]
fn a_replay_must_print_what_was_printed() {
    let stage = Stage::new("echo $1; if [ $1 = record ]; then cp $here/a.log $3; fi");
    stage.fails("", &["the console is not as expected", "> 1  record", "> 1  replay"]);
}

#[test]
fn a_hang_says_what_it_waits_for() {
    let stage = Stage::new("echo 'U-Boot => '; sleep 60");
    let script = "script: [{ after: '=> ', type: x }, { after: Bye, type: y }]";
    stage.fails(
        &format!("timeout: 300ms\n{script}"),
        &[
            "recording 1 did not end within 300ms",
            "the guest has not printed \"Bye\", the text 2 of 2 that the script waits for",
            "U-Boot =>",
        ],
    );
    stage.fails("timeout: 300ms", &["the guest has not switched the machine off"]);
}

#[test]
fn the_end_must_be_the_expected_one() {
    let dies = "echo 'dead machine: nothing to wait for' >&2; cp $here/a.log $3; exit 4";
    let stage = Stage::new(dies);
    stage.fails(
        "",
        &["recording 1 ended with status 4 (stopped otherwise), not status 0 (power-off)"],
    );
    let stopped = "steps: [record]\nexpect: { golden: false, exit: stopped, message: ";
    assert_eq!(stage.run(&format!("{stopped} dead machine }}")).failure, None);
    stage.fails(&format!("{stopped} limit }}"), &["did not say `limit`"]);
    let stage = Stage::new("kill -SEGV $$");
    stage.fails("", &["recording 1 ended with signal 11"]);
}

#[test]
fn the_console_must_be_the_expected_one() {
    let stage = Stage::new(HONEST);
    let order = "expect: { golden: false, console: { contains: [o, h] } }";
    stage.fails(order, &["\"h\" is missing after the texts before it"]);
    fs::write(stage.path("scenarios/aarch64/hello.expected"), "hallo\n").unwrap();
    let exact = "expect: { golden: false, console: { equals: hello.expected } }";
    stage.fails(exact, &["> 1  hallo", "> 1  hello"]);
}

#[test]
fn the_log_must_be_the_golden_one() {
    let stage = Stage::new(HONEST);
    let folder = stage.path("golden/aarch64");
    fs::create_dir_all(&folder).unwrap();
    let page = golden_page(&stage);
    let golden =
        |page: &str| fs::write(folder.join("hello.snap"), format!("---\nsource: x\n---\n{page}"));
    golden(&page).unwrap();
    assert_eq!(stage.run("").failure, None);
    golden(&page.replace("hello", "hullo")).unwrap();
    stage.fails("", &["the log is not the golden one: first difference in line", "--bless"]);
}

fn golden_page(stage: &Stage) -> String {
    let page = crate::golden::page(&stage.path("a.log")).unwrap();
    assert!(page.contains("hello"), "{page}");
    page
}

#[test]
fn without_an_emulator_nothing_passes() {
    let stage = Stage::new("");
    fs::remove_file(stage.path("emulator")).unwrap();
    stage.fails("", &["host: "]);
}

/// Catches a failure that is lost because what it leaves cannot be kept.
#[test]
fn a_failure_that_cannot_be_kept_is_told() {
    let stage = Stage::new("exit 4");
    fs::create_dir(stage.path("target")).unwrap();
    fs::write(stage.path("target/lockstep-failures"), "").unwrap();
    stage.fails("steps: [record]", &["status 4", "not kept: ", "target/lockstep-failures/aarch64"]);
}
