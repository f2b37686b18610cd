//! The decoder and the disassembler against `objdump`, which was written by other people.
//!
//! For every row with many operands, and for random words: whether an encoding is allocated must agree, and
//! the text must be equal. `objdump` knows extensions that this processor does not have; [`is_absent`] is the reviewed
//! list of them.

#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "another program is run and its output compared; no machine is"
)]

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Command;

use lockstep_aarch64::{UNDEFINED, decode, disassemble, rows};

const OBJDUMP: &str = "aarch64-linux-gnu-objdump";

/// Words that are given to one run of `objdump`.
const CHUNK: usize = 1 << 18;

/// A small generator with a fixed seed: failures repeat.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z >> 32) as u32
    }
}

/// Whether `objdump` is there; says so when a test has to be skipped.
fn is_installed() -> bool {
    let found = Command::new(OBJDUMP).arg("--version").output().is_ok();
    if !found {
        println!("SKIPPED: {OBJDUMP} is not installed (Debian: binutils-aarch64-linux-gnu)");
    }
    found
}

/// What `objdump` prints for the words, at address 0 and up.
fn objdump(words: &[u32]) -> Vec<String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    file.write_all(&bytes).unwrap();
    let output = Command::new(OBJDUMP)
        .args(["-D", "-z", "-b", "binary", "-m", "aarch64"])
        .arg(file.path())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<String> = text
        .lines()
        .filter_map(|line| {
            let mut columns = line.splitn(3, '\t');
            let is_insn = columns.next()?.trim_end().ends_with(':');
            columns.next()?;
            is_insn.then(|| normal(columns.next().unwrap_or_default()))
        })
        .collect();
    assert_eq!(lines.len(), words.len());
    lines
}

/// Without comments and with single spaces.
fn normal(text: &str) -> String {
    let text = text.split("//").next().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether `objdump` decodes this word by an extension that this processor does not have.
fn is_absent(word: u32, theirs: &str) -> bool {
    let _ = (word, theirs);
    false
}

/// What a comparison found.
#[derive(Default)]
struct Tally {
    compared: usize,
    defined: usize,
    absent: usize,
    reached: BTreeMap<u16, usize>,
    differences: Vec<String>,
}

impl Tally {
    fn compare(&mut self, words: &[u32]) {
        for chunk in words.chunks(CHUNK) {
            for ((at, &word), theirs) in (0..).zip(chunk).zip(objdump(chunk)) {
                self.compare_one(word, at * 4, &theirs);
            }
        }
    }

    fn compare_one(&mut self, word: u32, pc: u64, theirs: &str) {
        self.compared += 1;
        let decoded = decode(word);
        let ours = normal(&disassemble(word, pc));
        let is_defined = decoded.row != UNDEFINED;
        if is_defined {
            self.defined += 1;
            *self.reached.entry(decoded.row).or_default() += 1;
        }
        if ours == theirs {
            return;
        }
        if !is_defined && is_absent(word, theirs) {
            self.absent += 1;
            return;
        }
        self.differences.push(format!("{word:#010x} ours: {ours} | objdump: {theirs}"));
    }

    fn report(&self, what: &str) {
        println!(
            "{what}: {} words, {} defined, {} of absent extensions, {} different; {} of {} rows",
            self.compared,
            self.defined,
            self.absent,
            self.differences.len(),
            self.reached.len(),
            rows().len(),
        );
        for difference in self.differences.iter().take(std::env::var("N").map_or(40, |n| n.parse().unwrap())) {
            println!("{difference}");
        }
        assert!(self.differences.is_empty());
    }
}

/// Catches an operand that is taken from the wrong place, a missing alias, a row that nothing reaches.
#[test]
fn every_row_agrees() {
    if !is_installed() {
        return;
    }
    let mut random = Random(1);
    let words: Vec<u32> = rows()
        .iter()
        .flat_map(|row| std::iter::repeat_n(row, 1000))
        .map(|row| {
            // Fields that are all zeros or all ones are where the special cases are.
            let fill = match random.next() % 4 {
                0 => random.next() & random.next() & random.next(),
                1 => random.next() | random.next() | random.next(),
                _ => random.next(),
            };
            row.value | fill & !row.mask
        })
        .collect();
    let mut tally = Tally::default();
    tally.compare(&words);
    assert_eq!(tally.reached.len(), rows().len());
    tally.report("every row");
}

/// Catches a row that is missing, or that covers what it should not.
#[test]
fn random_words_agree() {
    if !is_installed() {
        return;
    }
    let mut random = Random(2);
    let words: Vec<u32> = (0..1 << 20).map(|_| random.next()).collect();
    let mut tally = Tally::default();
    tally.compare(&words);
    tally.report("random words");
}
