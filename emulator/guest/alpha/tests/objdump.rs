//! The decoder and the disassembler against `objdump`, which was written by other people.
//!
//! For every row with many operands, and for random words: whether an encoding is allocated must agree, and the text
//! must be equal. What is meant to differ is in [`DELIBERATE`].

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]

use lockstep_alpha::{disassemble, row_of, rows};
use lockstep_testing::{Judgement, Objdump, Random, single_spaced};

const OBJDUMP: Objdump = Objdump {
    program: "alpha-linux-gnu-objdump",
    package: "binutils-alpha-linux-gnu",
    options: &["-m", "alpha:ev6"],
    stride: 4,
    filler: &[],
};

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

fn judge(insn: &[u8], pc: u64, theirs: &str) -> Judgement<&'static str> {
    let word = u32::from_le_bytes(insn.try_into().unwrap());
    let ours = single_spaced(&disassemble(word, pc));
    let deliberate = || DELIBERATE.iter().find(|(_, is)| is(word, &ours, theirs));
    let verdict = if ours == theirs { Some("equal") } else { deliberate().map(|(what, _)| *what) };
    Judgement { row: row_of(word).map(|row| row.name), ours, verdict }
}

/// Catches an operand that is taken from the wrong place, a missing alias, a row that nothing reaches.
#[test]
fn every_row_agrees() {
    if !OBJDUMP.is_installed() {
        return;
    }
    let mut random = Random::new(1);
    let mut insns = Vec::new();
    for row in rows() {
        let mut count = 0;
        while count < 1000 {
            let fill = match random.below(4) {
                0 => random.word() & 0xffff | 0x03ff_0000,
                _ => random.fields(),
            };
            let mut word = row.value() | fill & !row.mask();
            // Many rows insist on R31 in one place, or on a register in three.
            match random.below(4) {
                0 => word |= 31 << 21,
                1 => word |= 31 << 16,
                2 if row.opcode == 0x17 => {
                    let number = word & 31;
                    word = word & !(0x3ff << 16) | number << 21 | number << 16;
                }
                _ => {}
            }
            count += usize::from(row.covers(word));
            insns.push(word.to_le_bytes());
        }
    }
    let tally = OBJDUMP.compare(&insns, judge);
    assert_eq!(tally.reached(), rows().len());
    tally.report("every row", rows().len());
}

/// Catches a row that is missing, or that covers what it should not.
#[test]
fn random_words_agree() {
    if !OBJDUMP.is_installed() {
        return;
    }
    let mut random = Random::new(2);
    let insns: Vec<[u8; 4]> = (0..1 << 20).map(|_| random.word().to_le_bytes()).collect();
    OBJDUMP.compare(&insns, judge).report("random words", rows().len());
}
