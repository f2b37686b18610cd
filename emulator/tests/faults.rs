//! The museum: every bug that an emulator had is caught by its scenario, and nothing is caught without one.
//!
//! Each test switches a fault on, tries schedules by their seeds until the fault is given away, and says by which; then it runs the same
//! scenario without the fault, with as many seeds as `LOCKSTEP_SEEDS` says. `LOCKSTEP_SEED` moves the first one that is tried. What the tests catch is a check that can no longer fail, and a
//! fault that no longer does what it says.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    reason = "tests stand outside the machine, and those that fail panic"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use harness::catalog::{self, Entry};
use harness::golden::Goldens;
use harness::runner::Runner;
use harness::schema::{Engine, Scenario};
use harness::selection::Selection;
use harness::trial::Trial;
use lockstep_core::faults::Fault;

/// Seeds without the fault, unless said otherwise.
const CLEAN_SEEDS: u64 = 20;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The scenario that is there for a fault.
fn scenario_of(fault: Fault) -> Arc<Entry> {
    let is_its = |entry: &Entry| {
        let scenario = entry.scenario.as_ref();
        scenario.is_ok_and(|scenario| scenario.fault.as_deref() == Some(fault.name()))
    };
    let mut entries = catalog::read(&root()).unwrap().into_iter().filter(is_its);
    let entry = entries.next().unwrap_or_else(|| panic!("no scenario has `fault: {fault}`"));
    assert!(entry.name.ends_with(&format!("/faults/{fault}")), "{}", entry.name);
    assert!(entries.next().is_none(), "two scenarios for {fault}");
    Arc::new(entry)
}

fn runner() -> Runner {
    Runner {
        root: root(),
        target: Path::new(env!("CARGO_TARGET_TMPDIR")).to_owned(),
        goldens: Goldens::in_folder(root().join("golden")),
    }
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

fn clean_seeds() -> Vec<u64> {
    (0..variable("LOCKSTEP_SEEDS").unwrap_or(CLEAN_SEEDS)).collect()
}

fn is_caught_and_only_it(fault: Fault) {
    let entry = scenario_of(fault);
    let scenario: &Scenario = entry.scenario.as_ref().unwrap();
    let trial = Trial::hunted(Arc::clone(&entry), Engine::Interp);
    let (runner, emulator) = (runner(), Path::new(env!("CARGO_BIN_EXE_lockstep")));
    let first = variable("LOCKSTEP_SEED").unwrap_or(0);
    let seeds: Vec<u64> = scenario.axes.seeds.0.iter().map(|seed| first + seed).collect();
    let caught = runner.hunt(&trial, scenario, &seeds, emulator);
    let caught = caught.unwrap_or_else(|error| panic!("{fault}: {error}"));
    println!("{fault}: caught by seed {}, the {}. tried", caught.seed, caught.missed + 1);
    println!("{}", caught.text);
    let seeds = clean_seeds();
    let clean = runner.hunt_for_nothing(&trial, scenario, &seeds, emulator);
    clean.unwrap_or_else(|error| panic!("{fault}, switched off: {error}"));
    println!("{fault}: nothing in {} seeds without it", seeds.len());
}

/// Catches a name that is mistyped and taken for none.
#[test]
fn an_unknown_fault_is_an_error() {
    let kernel = root().join("scenarios/aarch64/guests/hello.elf");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_lockstep"));
    let command = command.args(["run", "--no-input", "--fault", "two-writer", "-k"]).arg(kernel);
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.starts_with("lockstep: --fault: no fault is called 'two-writer'; "), "{said}");
}

/// Catches a fault that is on without being asked for, and hooks that are seen when all are off: the golden logs are those of builds
/// without faults.
#[test]
fn without_a_fault_logs_are_the_usual_ones() {
    let emulator = Path::new(env!("CARGO_BIN_EXE_lockstep"));
    let names = [
        "aarch64/timer",
        "aarch64/tlb-churn",
        "aarch64/smp",
        "aarch64/flood",
        "aarch64/virtio-block",
        "s390x/tod-clock-comparator",
    ];
    let wanted = |entry: &Entry| names.contains(&entry.name.as_str());
    let entries: Vec<_> = catalog::read(&root()).unwrap().into_iter().filter(wanted).collect();
    assert_eq!(entries.len(), names.len());
    for entry in entries.into_iter().map(Arc::new) {
        let selection = Selection::default();
        let scenario = entry.scenario.as_ref().unwrap();
        assert!(scenario.expect.golden);
        let trial = Trial::all(&entry, scenario, &selection).swap_remove(0);
        let outcome = runner().run(&trial, || Ok(emulator.to_owned())).unwrap();
        assert_eq!(outcome.failure, None);
    }
}

macro_rules! museum {
    ($($test:ident: $fault:ident),+ $(,)?) => {
        $(#[test] fn $test() { is_caught_and_only_it(Fault::$fault); })+

        /// Catches a fault without a test.
        #[test]
        fn every_fault_has_a_test() {
            assert_eq!(Fault::ALL, [$(Fault::$fault),+]);
        }
    };
}

museum! {
    tod_restore_arms_timer: TodRestoreArmsTimer,
    tod_save_asymmetric: TodSaveAsymmetric,
    two_writers: TwoWriters,
    fair_lock_arrivals: FairLockArrivals,
    third_thread_kick: ThirdThreadKick,
    poll_timeout_reads_clock: PollTimeoutReadsClock,
    idle_wait_skipped: IdleWaitSkipped,
    console_short_write: ConsoleShortWrite,
    victim_tlb: VictimTlb,
    oneshot_completion_unrecorded: OneshotCompletionUnrecorded,
    nested_completion_order: NestedCompletionOrder,
    smp_switch_unrecorded: SmpSwitchUnrecorded,
    smp_reset_incomplete: SmpResetIncomplete,
    uart_not_saved: UartNotSaved,
    dump_drift: DumpDrift,
}
