//! The decoder and the disassembler against `objdump`, which was written by other people.
//!
//! For every row with many operands, and for random words: whether an encoding is allocated must agree, and the text
//! must be equal. What is meant to differ is in [`DELIBERATE`].

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "another program is run and its output compared; no machine is"
)]

use std::collections::BTreeMap;
use std::io::Write;
use std::process::Command;

use lockstep_alpha::{disassemble, row_of, rows};

const OBJDUMP: &str = "alpha-linux-gnu-objdump";

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
        println!("SKIPPED: {OBJDUMP} is not installed (Debian: binutils-alpha-linux-gnu)");
    }
    found
}

/// What `objdump` prints for the words, at address 0 and up.
fn objdump(words: &[u32]) -> Vec<String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    file.write_all(&bytes).unwrap();
    let output = Command::new(OBJDUMP)
        .args(["-D", "-z", "-b", "binary", "-m", "alpha:ev6"])
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

/// With single spaces.
fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Differences that are meant: what they are, and which.
type Deliberate = (&'static str, fn(u32, &str, &str) -> bool);
const DELIBERATE: [Deliberate; 2] = [
    (
        "an opcode that only PALcode may use, which objdump decodes as EV6 has it",
        |word, ours, theirs| {
            matches!(word >> 26, 0x19 | 0x1b | 0x1d | 0x1e | 0x1f)
                && ours.starts_with("pal1")
                && theirs.starts_with("hw_")
        },
    ),
    ("SEXTB and SEXTW with a literal, which the handbook has (4.4.9)", |_, ours, theirs| {
        (ours.starts_with("sextb 0") || ours.starts_with("sextw 0")) && theirs.starts_with(".long")
    }),
];

/// What a comparison found.
#[derive(Default)]
struct Tally {
    compared: usize,
    defined: usize,
    deliberate: [usize; DELIBERATE.len()],
    reached: BTreeMap<&'static str, usize>,
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
        let ours = normal(&disassemble(word, pc));
        if let Some(row) = row_of(word) {
            self.defined += 1;
            *self.reached.entry(row.name).or_default() += 1;
        }
        if ours == theirs {
            return;
        }
        match DELIBERATE.iter().position(|(_, is)| is(word, &ours, theirs)) {
            Some(which) => self.deliberate[which] += 1,
            None => {
                self.differences.push(format!("{word:#010x} ours: {ours} | objdump: {theirs}"));
            }
        }
    }

    fn report(&self, what: &str) {
        println!(
            "{what}: {} words, {} defined; meant to differ: {:?}; different: {}; rows reached: {} of {}",
            self.compared,
            self.defined,
            self.deliberate,
            self.differences.len(),
            self.reached.len(),
            rows().len(),
        );
        let mnemonic = |text: &&String| text.split(' ').nth(2).map(str::to_owned);
        let by_mnemonic: BTreeMap<_, _> =
            self.differences.iter().map(|text| (mnemonic(&text), text)).collect();
        for difference in by_mnemonic.values() {
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
    let mut words = Vec::new();
    for row in rows() {
        let mut count = 0;
        while count < 1000 {
            // Registers that are all zeros or all ones are where the special cases are.
            let fill = match random.next() % 4 {
                0 => random.next() & random.next() & random.next(),
                1 => random.next() | random.next() | random.next(),
                2 => random.next() & 0xffff | 0x03ff_0000,
                _ => random.next(),
            };
            let mut word = row.value() | fill & !row.mask();
            // Many rows insist on R31 in one place, or on a register in three.
            match random.next() % 4 {
                0 => word |= 31 << 21,
                1 => word |= 31 << 16,
                2 if row.opcode == 0x17 => {
                    let number = word & 31;
                    word = word & !(0x3ff << 16) | number << 21 | number << 16;
                }
                _ => {}
            }
            count += usize::from(row.covers(word));
            words.push(word);
        }
    }
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
