//! Random sequences of instructions on two engines.
//!
//! Guests use the instructions that compilers like. A sequence has any others as well, with operands that nobody would choose, and
//! both engines must leave the same machine behind, wherever they are stopped.
//!
//! `LOCKSTEP_SEQUENCES` says how many, or `LOCKSTEP_SECONDS` how long; `LOCKSTEP_SEED` from where.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::time::{Duration, Instant};

use lockstep_core::VcpuId;
use lockstep_cpu::{Cx, Engine, Guest, Interpreter, Platform, PowerState, SINK};

/// Runs so many instructions, whatever asks for attention; gives the report of what ended the run, if something did.
pub fn run<G: Guest>(engine: &mut dyn Engine<G>, cx: &mut Cx<G>, count: u64) -> Option<String> {
    let end = cx.bp.retired + count;
    while cx.bp.retired < end {
        cx.bp.attention = false;
        cx.requests.clear();
        cx.cpu.power = PowerState::Running;
        let left = end - cx.bp.retired;
        if let Some(stop) = engine.run(cx, left) {
            return Some(stop.to_string());
        }
    }
    None
}

/// Runs a machine on the interpreter and its like on another engine, in strides, and compares all state after each. `text` is the
/// sequence, for reports.
///
/// # Panics
/// If they differ.
pub fn compare<G: Guest>(
    machine: impl Fn() -> Cx<G>,
    engine: &mut dyn Engine<G>,
    strides: &[u64],
    text: impl Fn() -> String,
) {
    let (mut expected, mut actual) = (machine(), machine());
    let mut interpreter = Interpreter::default();
    for (stride, &count) in strides.iter().enumerate() {
        let stops = [run(&mut interpreter, &mut expected, count), run(engine, &mut actual, count)];
        for cx in [&mut expected, &mut actual] {
            cx.cpu.regs[usize::from(SINK)] = 0;
        }
        let context = || format!("stride {stride}, {}", text());
        assert_eq!(stops[0], stops[1], "{}", context());
        assert_eq!(expected.bp.retired, actual.bp.retired, "{}", context());
        assert_eq!(expected.cpu.pc, actual.cpu.pc, "{}", context());
        assert_eq!(expected.cpu.regs, actual.cpu.regs, "{}", context());
        assert_eq!(expected.cpu.vregs, actual.cpu.vregs, "{}", context());
        assert!(expected.cpu.state() == actual.cpu.state(), "{}", context());
        assert_eq!(expected.mem.digest(), actual.mem.digest(), "{}", context());
        let lines = [&expected, &actual].map(|cx| cx.platform.lines(VcpuId(0)));
        assert_eq!(lines[0], lines[1], "{}", context());
        let events = [&expected, &actual].map(|cx| cx.bp.journal.state());
        assert_eq!(events[0], events[1], "{}", context());
        if stops[0].is_some() {
            break;
        }
    }
}

/// Tries sequences, each with a seed of its own, which gives the rows of the table that it has. Where there are as many sequences as
/// rows, all must be reached: sequence `n` begins with row `n`.
///
/// # Panics
/// If a row is missing.
pub fn sequences<Row: Ord + Display>(
    default: u64,
    rows: &BTreeSet<Row>,
    mut each: impl FnMut(u64) -> Vec<Row>,
) {
    let seconds = setting("LOCKSTEP_SECONDS", 0);
    let count = setting("LOCKSTEP_SEQUENCES", default);
    let first = setting("LOCKSTEP_SEED", 1);
    println!("sequences from seed {first}");
    let (start, limit) = (Instant::now(), Duration::from_secs(seconds));
    let (mut reached, mut done) = (BTreeSet::new(), 0);
    while if seconds > 0 { start.elapsed() < limit } else { done < count } {
        reached.extend(each(first + done));
        done += 1;
    }
    let missing: Vec<String> = rows.difference(&reached).map(ToString::to_string).collect();
    println!("{done} sequences; {} of {} rows reached", rows.len() - missing.len(), rows.len());
    assert!(missing.is_empty() || done < rows.len() as u64, "rows are missing: {missing:?}");
}

/// A number from the environment.
#[must_use]
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
