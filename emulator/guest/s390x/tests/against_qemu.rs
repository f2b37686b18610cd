//! Generated programs here and under `qemu-system-s390x`: registers, condition codes, program interruptions and storage must
//! be equal.
//!
//! A program is groups: registers, floating-point registers and condition code are loaded with values that arithmetic gets wrong, a few
//! random instructions run, everything is stored. Program interruptions are noted by a handler that goes on behind
//! the instruction. What lets a processor stop on its own (condition code 3) is repeated until it has finished.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "a test is told how much to try, and prints what it compared"
)]

use std::collections::BTreeMap;

use common::{Machine, STORAGE};
use lockstep_s390x::{Row, disassemble, rows};
use lockstep_testing::{Kernel, Qemu, Random};

mod common;

const QEMU: Qemu = Qemu {
    program: "qemu-system-s390x",
    package: "qemu-system-s390x",
    options: &["-M", "s390-ccw-virtio", "-cpu", "max"],
    elf: 22,
    big_endian: true,
};
const ENTRY: u64 = 0x2_0000;
/// Random values for registers.
const VALUES: u64 = 0x60_0000;
const VALUES_LEN: u64 = 0x1_0000;
/// What random loads and stores reach.
const SCRATCH: u64 = 0x62_0000;
const SCRATCH_LEN: u64 = 0x6000;
/// The base that loads and stores use: negative displacements stay inside.
const BASE: u64 = SCRATCH + 0x1800;
const RESULTS: u64 = 0x80_0000;
const GROUP_LEN: u64 = 0x400;
/// Where in a group's results the vector registers are.
const VECTORS: u64 = 0x200;
/// Where in a group's results the program interruptions are noted, and how many there is room for.
const NOTES: u64 = 0x140;
const GROUPS: u64 = 2000;

fn groups() -> u64 {
    std::env::var("LOCKSTEP_GROUPS").ok().and_then(|n| n.parse().ok()).unwrap_or(GROUPS)
}

const INSTRUCTIONS: u64 = 8;
/// Where the handler is, and its two doublewords.
const HANDLER: u64 = 0x1_0000;

/// Registers that a program needs: the base in use, the base, scratch of the program, results.
const WORKING_BASE: u8 = 12;
const KEPT_BASE: u8 = 13;
const OUTPUT: u8 = 15;

/// Which part of the table a program consists of.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    General,
    Long,
    Decimal,
    Float,
    Vector,
    VectorTraps,
}

/// Rows that random programs cannot use as they are: they go elsewhere, end the program, or need something prepared.
const PREPARED: &[&str] = &[
    "bcr", "bc", "bic", "balr", "bal", "basr", "bas", "bassm", "bsm", "bctr", "bctgr", "bct",
    "bctg", "bxh", "bxle", "bxhg", "bxleg", "bsm", "crb", "cgrb", "clrb", "clgrb", "cib", "cgib",
    "clib", "clgib", "bpp", "bprp", "niai", "ex", "exrl", "svc", "mc", "sam24", "sam31", "sam64",
    "plo", "stck", "stckf", "stcke", "stfle", "ecag", "ectg", "ptff", "cuse", "mvpg", "cfc", "spm",
    "lam", "lamy", "cpya", "sar", "lae", "laey", "ntstg",
    "csst", // Not in QEMU; stores zeros there.
    "trte", "trtre", "lmd",  // Not in QEMU.
    "stmh", // Stores other halves there.
];

/// Decimal arithmetic, which QEMU does not have.
const WITHOUT_PEER: &[&str] = &["ap", "sp", "zap", "cp", "mp", "dp", "srp", "ed", "edmk"];

/// Rows at which QEMU 10.0.2 ends with a failed assertion, those that it does not have, and those that enable traps, before which
/// it forgets the result.
const FLOAT_WITHOUT_PEER: &[&str] = &[
    "lfas", "sfasr", "diebr", "didbr", "sfpc", "lfpc",
    // Signalling NaNs are as good as others there.
    "ltebr", "ltdbr", "ltxbr",
];

/// Rows whose registers have addresses and lengths.
const LONG: &[&str] = &[
    "mvcl", "mvcle", "mvclu", "clcl", "clcle", "clclu", "cksm", "srst", "srstu", "clst", "mvst",
    "tre", "troo", "trot", "trto", "trtt", "cu12", "cu14", "cu21", "cu24", "cu41", "cu42",
];

/// Not as there, which tells in other rounding modes, or when inexactness traps: an operand that does not fit an integer is
/// inexact here as well, and negative sums are negated when they have been rounded.
const VECTOR_TRAPS_WITHOUT_PEER: &[&str] = &["vcsfp", "vclfp", "vfnma", "vfnms"];

fn group_of(row: &Row) -> Option<Part> {
    let place = |name: &str| rows().iter().position(|row| row.name == name);
    let at = place(row.name)?;
    if LONG.contains(&row.name) {
        Some(Part::Long)
    } else if at < place("lpsw")? {
        (!PREPARED.contains(&row.name)).then_some(Part::General)
    } else if (place("cvb")?..=place("edmk")?).contains(&at) {
        (!WITHOUT_PEER.contains(&row.name)).then_some(Part::Decimal)
    } else if (place("ld")?..=place("clgxbr")?).contains(&at) {
        (!FLOAT_WITHOUT_PEER.contains(&row.name)).then_some(Part::Float)
    } else if row.is_vector() {
        Some(Part::Vector)
    } else {
        None
    }
}

fn rows_of(part: Part) -> Vec<&'static Row> {
    let only = std::env::var("LOCKSTEP_ROW").ok();
    let wanted = |row: &&Row| only.as_ref().is_none_or(|name| name == row.name);
    let in_part = |row: &&Row| match part {
        Part::VectorTraps => {
            row.is_vector()
                && row.operands().contains("n7")
                && !VECTOR_TRAPS_WITHOUT_PEER.contains(&row.name)
        }
        part => group_of(row) == Some(part),
    };
    rows().iter().filter(in_part).filter(wanted).collect()
}

/// A program under construction, at [`ENTRY`].
struct Program {
    bytes: Vec<u8>,
}

impl Program {
    fn here(&self) -> u64 {
        ENTRY + self.bytes.len() as u64
    }

    /// Appends the low bytes of a number.
    fn push(&mut self, value: u64, len: usize) {
        self.bytes.extend(&value.to_be_bytes()[8 - len..]);
    }

    /// LLILF.
    fn set(&mut self, r: u8, value: u64) {
        self.push(0xc00f_0000_0000 | u64::from(r) << 36 | value & 0xffff_ffff, 6);
    }

    /// LMG, STMG and the like: RSY with a short displacement.
    fn multiple(&mut self, code: u64, first: u8, last: u8, base: u8, displacement: u64) {
        let registers = u64::from(first) << 36 | u64::from(last) << 32 | u64::from(base) << 28;
        self.push(0xeb00_0000_0000 | registers | (displacement & 0xfff) << 16 | code, 6);
    }

    /// RX with a short displacement.
    fn storage(&mut self, code: u64, r: u8, base: u8, displacement: u64) {
        self.push(code << 24 | u64::from(r) << 20 | u64::from(base) << 12 | displacement, 4);
    }

    /// LGR.
    fn copy(&mut self, to: u8, from: u8) {
        self.push(0xb904_0000 | u64::from(to) << 4 | u64::from(from), 4);
    }
}

/// How a row's storage operands are encoded, as far as a generator has to know: where base fields are (nibbles), and the long
/// displacements.
fn encode(random: &mut Random, row: &Row) -> Vec<u8> {
    let len = match row.first >> 6 {
        0 => 2,
        1 | 2 => 4,
        _ => 6,
    };
    let mut bytes: Vec<u8> = (0..len).map(|_| random.next() as u8).collect();
    bytes[0] = row.first;
    match row.first {
        0x01 | 0xb2 | 0xb3 | 0xb9 | 0xe5 => bytes[1] = row.second,
        0xa5 | 0xa7 | 0xc0 | 0xc2 | 0xc4 | 0xc6 | 0xc8 | 0xcc => {
            bytes[1] = bytes[1] & 0xf0 | row.second;
        }
        0xe3 | 0xe6 | 0xe7 | 0xeb | 0xec | 0xed => bytes[5] = row.second,
        _ => {}
    }
    bytes
}

fn set_nibble(bytes: &mut [u8], place: usize, value: u8) {
    let byte = &mut bytes[place / 2];
    *byte = if place.is_multiple_of(2) { *byte & 0x0f | value << 4 } else { *byte & 0xf0 | value };
}

fn nibble(bytes: &[u8], place: usize) -> u8 {
    bytes[place / 2] >> (4 - 4 * (place % 2)) & 0xf
}

/// A random encoding of a row that leaves the program's own registers alone and whose storage operands lie in the scratch area.
fn random_insn(random: &mut Random, row: &Row) -> Vec<u8> {
    let mut bytes = encode(random, row);
    let text = row.operands();
    if row.is_vector() {
        make_usual(&mut bytes, random, row);
    }
    if row.name == "popcnt" {
        // The mask is a later facility's.
        bytes[2] &= 0x0f;
    }
    match row.name {
        "unpka" => bytes[1] &= 0x3f,
        // These lose the first byte of what they take there: it is beyond what is stored, or the length is refused.
        "pka" => bytes[1] = if bytes[1] & 7 == 0 { bytes[1] | 0x20 } else { 31 },
        "pku" => bytes[1] = if bytes[1] & 7 == 0 { bytes[1] | 0x40 } else { 63 },
        "unpk" => {
            let second = (bytes[1] & 15).max(2);
            bytes[1] = (bytes[1] >> 4).min(2 * second - 2) << 4 | second;
        }
        _ => {}
    }
    if row.name == "ts" {
        bytes[1] = 0;
    }
    if matches!(row.name, "ldxbra" | "lexbra") {
        // That the first register has to start a pair as well, because of traps, is not known there.
        bytes[3] &= 0xdf;
    }
    let aligned = random.below(4) != 0;
    let low = |bytes: &mut [u8], place: usize| {
        // A displacement of 12 bits that is a multiple of 16 mostly.
        if aligned {
            set_nibble(bytes, place + 2, 0);
        }
    };
    // Index and base of the usual storage operand, displacement.
    if text.split(',').any(|operand| operand == "x") {
        set_nibble(&mut bytes, 3, 0);
    }
    let second = text.split(',').any(|operand| matches!(operand, "s" | "x" | "l2" | "l2n"));
    let first = text.split(',').any(|operand| matches!(operand, "s1" | "l1" | "lr" | "l1n"));
    if first && bytes.len() == 6 {
        set_nibble(&mut bytes, 4, WORKING_BASE);
        low(&mut bytes, 5);
        set_nibble(&mut bytes, 8, WORKING_BASE);
        low(&mut bytes, 9);
        if matches!(row.name, "pka" | "pku" | "unpka" | "unpku" | "unpk") {
            // What operands that overlap give is not defined.
            bytes[2] &= 0xf7;
            bytes[4] |= 0x08;
        }
    } else if second || first {
        set_nibble(&mut bytes, 4, if row.is_shift() { 0 } else { WORKING_BASE });
        low(&mut bytes, 5);
        if row.has_long_displacement() {
            bytes[4] = if random.below(2) == 0 { 0 } else { 0xff };
        }
    }
    // Registers that are written.
    let is_own = |r: u8| r >= WORKING_BASE;
    for place in [2, 3, 6, 7, 4] {
        let named = row.names_register(place);
        while named && is_own(nibble(&bytes, place)) {
            set_nibble(&mut bytes, place, random.below(12) as u8);
        }
    }
    if row.is_multiple() && nibble(&bytes, 3) < nibble(&bytes, 2) {
        let (first, last) = (nibble(&bytes, 2), nibble(&bytes, 3));
        set_nibble(&mut bytes, 2, last);
        set_nibble(&mut bytes, 3, first);
    }
    bytes
}

/// Gives the fields behind the registers of a vector instruction values that it allows, mostly.
fn make_usual(bytes: &mut [u8], random: &mut Random, row: &Row) {
    if matches!(row.name, "vcfps" | "vcfpl" | "vcsfp" | "vclfp") && nibble(bytes, 8) == 2 {
        // Conversions of words came after the z14.
        set_nibble(bytes, 8, 3);
    }
    if matches!(row.first, 0xe7) && matches!(row.second, 0xc0..=0xc3 | 0xc5 | 0xc7) {
        // Inexactness is told there even where the instruction wants quiet.
        let field = nibble(bytes, 7) & !4;
        set_nibble(bytes, 7, field);
    }
    let text = row.operands();
    if row.name == "vfpso" && nibble(bytes, 8) < 3 {
        // Of one short number alone, what becomes of the others is not defined.
        set_nibble(bytes, 8, 4);
    }
    if random.below(8) == 0 {
        return;
    }
    let is_float = text.contains("n7");
    for (place, name) in [(5, "n5"), (6, "n6"), (7, "n7"), (8, "n8")] {
        if text.contains(name) {
            let value = match (is_float, place) {
                (true, 8) if row.name == "vfpso" => 3 + random.below(2),
                (true, 5 | 8) => 2 + random.below(3),
                (true, 6) => random.below(8),
                (true, _) if text.contains("/K") => random.below(4) * 4,
                (true, _) => random.below(2) * 8,
                (false, 6) => random.below(16),
                _ => random.below(5),
            };
            set_nibble(bytes, place, value as u8);
        }
    }
    if row.name.starts_with("vc") && is_float {
        set_nibble(bytes, 8, 3);
    }
    if row.name == "vsldb" {
        bytes[3] &= 0x0f;
    }
    if row.name == "vrep" {
        bytes[2] = 0;
        bytes[3] &= 0x0f;
    }
    if row.name == "vlm" || row.name == "vstm" {
        set_nibble(bytes, 2, random.below(8) as u8);
        set_nibble(bytes, 3, 8 + random.below(8) as u8);
        bytes[4] = 0;
    }
}

fn push_long(program: &mut Program, random: &mut Random, row: &Row) {
    // r2, r3: first operand; r4, r5: second; r0, r1: what else.
    let place = |random: &mut Random| BASE - 0x800 + random.below(0x1000);
    let len = |random: &mut Random| match random.below(4) {
        0 => random.below(8),
        1 => random.below(64) & !1,
        2 => random.below(64) * 4,
        _ => random.below(0x600) & !1,
    };
    let (first, mut second) = (place(random), place(random));
    let mut first_len = len(random);
    if matches!(row.name, "mvcle" | "mvclu") || row.name.starts_with("cu") {
        // What operands that overlap give is not defined.
        second += 0x1800;
    }
    if row.name == "clst" && first == second {
        // A string that equals itself: where it stops on its own shows.
        second += 1;
    }
    if row.name == "mvclu" {
        // An odd number of bytes is a specification exception, but not in QEMU.
        first_len &= !1;
    }
    if matches!(row.name, "srst" | "srstu") {
        // Where it stops on its own shows: within the least that the architecture allows, it does not.
        first_len = first_len.min(0xfe);
    }
    if row.name.starts_with("tr") {
        // QEMU takes no bytes for all that there can be.
        first_len += 4;
    }
    let second_len = if random.below(2) == 0 { first_len } else { len(random) };
    let second_len = if row.name == "mvclu" { second_len & !1 } else { second_len };
    program.set(2, first);
    program.set(3, first_len);
    program.set(4, second);
    let pad = if matches!(row.name, "mvcl" | "clcl") { random.below(256) << 24 } else { 0 };
    program.set(5, second_len | pad);
    // Of the test character for TROT, QEMU takes one byte.
    let wide = row.name.starts_with("tr") && row.name != "trot";
    let character = random.below(if wide { 0x1_0000 } else { 0x100 });
    program.set(0, character);
    program.set(1, BASE + random.below(0x80) * 8);
    if matches!(row.name, "srst" | "srstu") {
        program.set(2, second + first_len);
    }
    if row.name == "mvst" {
        // A string that ends, moved down.
        program.set(0, 0);
        program.set(2, SCRATCH + random.below(0x100));
        program.set(4, BASE + random.below(0x100));
    }
    if row.name == "mvpg" {
        program.set(0, 0);
        program.set(2, SCRATCH);
        program.set(4, SCRATCH + 0x1000 * random.below(4));
    }
    if matches!(row.name, "tre") {
        program.set(4, BASE);
    }
    let mut bytes = encode(random, row);
    match bytes.len() {
        2 => bytes[1] = 0x24,
        4 if row.first == 0xb2 || row.first == 0xb9 => {
            bytes[2] = if row.operands().contains("m3") { bytes[2] & 0xf0 } else { 0 };
            bytes[3] = 0x24;
            if matches!(row.name, "cu12" | "cu14") {
                // Its check of well-formedness refuses U+0800 to U+0FFF.
                bytes[2] = 0;
            }
        }
        _ => {
            bytes[1] = 0x24;
            set_nibble(&mut bytes, 4, 0);
            if row.has_long_displacement() {
                bytes[4] = 0;
            }
        }
    }
    let back = bytes.len() as i64 / 2;
    program.set(14, 0);
    program.push(0x04e0, 2); // spm %r14
    program.bytes.extend(&bytes);
    if !matches!(row.name, "mvcl" | "clcl" | "mvpg") {
        // brc 1: again while it has stopped on its own.
        program.push(0xa714_0000 | (-back as u16 as u64), 4);
    }
}

/// Appends one instruction, with what it needs around it.
fn push_random(program: &mut Program, random: &mut Random, part: Part, row: &Row) {
    if part == Part::Long {
        push_long(program, random, row);
        return;
    }
    if row.operands().contains('j') {
        return push_relative(program, random, row);
    }
    let mut bytes = random_insn(random, row);
    if row.name == "cvbg" {
        push_digits(program, random, &mut bytes);
    }
    if part == Part::VectorTraps {
        // Where the handler goes on: QEMU 10.0.2 does not take vector-processing exceptions as ones that are behind it.
        program.push(0xc0e0_0000_0000 | ((12 + bytes.len() as u64) / 2), 6); // larl %r14
        program.push(0xe3e0_0238_0024, 6); // stg %r14,0x238
    }
    program.bytes.extend(bytes);
    program.copy(WORKING_BASE, KEPT_BASE);
}

/// Makes a packed number without invalid digits for CVBG, of which QEMU finds that it is too large first. Its digits are those of one
/// register, or, above them, of another.
fn push_digits(program: &mut Program, random: &mut Random, cvbg: &mut [u8]) {
    (cvbg[2], cvbg[3], cvbg[4]) = (WORKING_BASE << 4, 0x40, 0);
    for place in [0x40, 0x60] {
        let register = random.below(12);
        program.push(
            0xe300_0000_002e | register << 36 | u64::from(WORKING_BASE) << 28 | place << 16,
            6,
        );
    }
    if random.below(2) == 0 {
        let base = u64::from(WORKING_BASE);
        program.push(
            0xd200_0000_0000 | random.below(6) << 32 | base << 28 | 0x41 << 16 | base << 12 | 0x69,
            6,
        ); // mvc
    }
}

/// A relative branch over an instruction, or a relative operand in the scratch area.
fn push_relative(program: &mut Program, random: &mut Random, row: &Row) {
    let is_data = matches!(row.first, 0xc4 | 0xc6) || row.name == "larl";
    let mut bytes = random_insn(random, row);
    let here = program.here();
    if is_data {
        let target = BASE + random.below(0x100) * if random.below(8) == 0 { 2 } else { 8 };
        let offset = (target.wrapping_sub(here) as i64 / 2) as i32;
        bytes[2..6].copy_from_slice(&offset.to_be_bytes());
        program.bytes.extend(bytes);
        return;
    }
    // Over the next two instructions of four bytes.
    let distance = ((bytes.len() + 8) / 2) as u32;
    if bytes.len() == 6 && matches!(row.first, 0xc0 | 0xcc) {
        bytes[2..6].copy_from_slice(&distance.to_be_bytes());
    } else {
        bytes[2..4].copy_from_slice(&(distance as u16).to_be_bytes());
    }
    program.bytes.extend(bytes);
    program.copy(random.below(12) as u8, random.below(12) as u8);
    program.copy(random.below(12) as u8, random.below(12) as u8);
}

fn push_group(
    program: &mut Program,
    random: &mut Random,
    rows: &[&'static Row],
    part: Part,
    number: u64,
) {
    let output = RESULTS + number * GROUP_LEN;
    program.set(OUTPUT, output);
    program.storage(0x41, 14, OUTPUT, NOTES);
    program.push(0xe3e0_0208_0024, 6); // stg %r14,0x208
    let values = VALUES + random.below((VALUES_LEN - 0x240) / 8) * 8;
    program.set(14, values);
    for f in 0..16 {
        program.storage(0x68, f, 14, 0x60 + 8 * u64::from(f)); // ld
    }
    let is_vector = matches!(part, Part::Vector | Part::VectorTraps);
    if is_vector {
        push_vectors(program, 0x36, 14, 8);
        program.push(0xb29d_0220, 4); // lfpc 0x220
    }
    if part == Part::VectorTraps {
        program.set(0, random.below(32) << 27 | random.below(4));
        program.push(0xb384_0000, 4); // sfpc %r0
    }
    program.multiple(0x04, 0, 11, 14, 0);
    program.copy(WORKING_BASE, KEPT_BASE);
    // The condition code, and no program mask: QEMU does not interrupt for fixed-point overflow.
    program.set(14, random.below(4) << 28);
    program.push(0x04e0, 2); // spm %r14
    for k in 0..INSTRUCTIONS {
        let row = rows[((number * INSTRUCTIONS + k) % rows.len() as u64) as usize];
        push_random(program, random, part, row);
    }
    program.multiple(0x24, 0, 14, OUTPUT, 0);
    program.push(0xb222_0000, 4); // ipm %r0
    program.storage(0x50, 0, OUTPUT, 0x78); // st
    program.storage(0x50, 0, OUTPUT, 0x7c);
    for f in 0..16 {
        program.storage(0x60, f, OUTPUT, 0x80 + 8 * u64::from(f)); // std
    }
    program.push(0xb29c_f100, 4); // stfpc 0x100(%r15)
    if is_vector {
        push_vectors(program, 0x3e, OUTPUT, VECTORS);
    }
}

/// VLM or VSTM of all vector registers.
fn push_vectors(program: &mut Program, code: u64, base: u8, displacement: u64) {
    for (first, extension) in [(0, 0), (0x100, 0xc)] {
        let place = u64::from(base) << 28 | (displacement + first) << 16;
        program.push(0xe70f_0000_0000 | place | extension << 8 | code, 6);
    }
}

/// The program with all its groups.
fn program(part: Part, seed: u64) -> Program {
    let mut random = Random::new(seed);
    let rows = rows_of(part);
    let mut program = Program { bytes: Vec::new() };
    // Control register 0: additional floating-point registers, vectors.
    program.push(0xeb00_0218_002f, 6); // lctlg %c0,%c0,0x218
    program.push(0xb29d_0220, 4); // lfpc 0x220
    program.set(KEPT_BASE, BASE);
    for number in 0..groups() {
        push_group(&mut program, &mut random, &rows, part, number);
    }
    program.push(0xb2b2_0228, 4); // lpswe 0x228: a disabled wait
    assert!(program.here() < VALUES, "{:#x}", program.here());
    program
}

/// The first 64 KiB: new PSWs and what the program loads; and the handler.
fn low_storage() -> Vec<u8> {
    let mut low = vec![0; HANDLER as usize + 64];
    let mut put = |at: usize, value: u64| low[at..at + 8].copy_from_slice(&value.to_be_bytes());
    put(0x1d0, 0x0000_0001_8000_0000);
    put(0x1d8, HANDLER);
    put(0x218, 0x0000_0000_0006_00e0);
    put(0x220, 0);
    put(0x228, 0x0002_0001_8000_0000);
    put(0x230, 0xdead);
    let mut handler = Program { bytes: Vec::new() };
    handler.push(0xe3e0_0200_0024, 6); // stg %r14,0x200
    handler.push(0xe3e0_0208_0004, 6); // lg %r14,0x208
    handler.push(0xd207_e000_008c, 6); // mvc 0(8,%r14),0x8c
    handler.push(0x41e0_e008, 4); // la %r14,8(%r14)
    handler.push(0xe3e0_0208_0024, 6); // stg %r14,0x208
    handler.push(0xe3e0_0238_0002, 6); // ltg %r14,0x238
    handler.push(0xa784_0005, 4); // jz over the next one
    handler.push(0xe3e0_0158_0024, 6); // stg %r14,0x158
    handler.push(0xe3e0_0200_0004, 6); // lg %r14,0x200
    handler.push(0xb2b2_0150, 4); // lpswe 0x150
    low[HANDLER as usize..][..handler.bytes.len()].copy_from_slice(&handler.bytes);
    low
}

/// Storage from 0 on.
fn image(program: &Program, seed: u64) -> Vec<u8> {
    let mut image = low_storage();
    image.resize(ENTRY as usize, 0);
    image.extend(&program.bytes);
    image.resize(VALUES as usize, 0);
    let mut random = Random::new(!seed);
    image.extend((0..VALUES_LEN / 8).flat_map(|_| {
        if random.below(2) == 0 { random.value() } else { random.float(52, 11) }.to_be_bytes()
    }));
    image.resize(SCRATCH as usize, 0);
    image.extend((0..SCRATCH_LEN / 8).flat_map(|_| random.value().to_be_bytes()));
    image
}

/// What is compared: the scratch storage and all results.
const COMPARED: [(u64, u64); 2] = [(SCRATCH, SCRATCH_LEN), (RESULTS, GROUPS * GROUP_LEN)];

fn run_here(image: &[u8], part: Part, seed: u64) -> Vec<u8> {
    let mut machine = Machine::new(ENTRY);
    machine.cx.mem.write_bytes(0, image).unwrap();
    let outcome = machine.run_to_wait(20_000_000);
    if let Err(error) = outcome {
        let group = (machine.cx.cpu.regs[15] - RESULTS) / GROUP_LEN;
        let code = disassemble(&machine.bytes(machine.cx.cpu.pc, 6), 0);
        let regs = &machine.cx.cpu.regs[..6];
        panic!("{error} ({code}) {regs:x?}; group {group}:\n{}", listing(part, seed, group));
    }
    assert_eq!(machine.cx.cpu.pc, 0xdead, "the program went astray");
    COMPARED.into_iter().flat_map(|(start, len)| machine.bytes(start, len as usize)).collect()
}

/// The text of a group's instructions, for reports.
fn listing(part: Part, seed: u64, group: u64) -> String {
    let mut random = Random::new(seed);
    let rows = rows_of(part);
    let mut program = Program { bytes: Vec::new() };
    for number in 0..=group {
        program.bytes.clear();
        push_group(&mut program, &mut random, &rows, part, number);
    }
    let (mut text, mut at) = (String::new(), 0);
    while at < program.bytes.len() {
        let len = match program.bytes[at] >> 6 {
            0 => 2,
            1 | 2 => 4,
            _ => 6,
        };
        let bytes = &program.bytes[at..at + len];
        text += &format!("  {bytes:02x?} {}\n", disassemble(bytes, 0));
        at += len;
    }
    text
}

/// The rows whose groups differ most often.
fn suspects(part: Part, wrong: &BTreeMap<u64, Vec<String>>) -> Vec<(&'static str, u64)> {
    let rows = rows_of(part);
    let mut counts: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
    for number in 0..groups() {
        for k in 0..INSTRUCTIONS {
            let row = rows[((number * INSTRUCTIONS + k) % rows.len() as u64) as usize];
            counts.entry(row.name).or_default()[usize::from(wrong.contains_key(&number))] += 1;
        }
    }
    let mut list: Vec<_> = counts
        .into_iter()
        .map(|(name, [right, wrong])| (name, 100 * wrong / (right + wrong)))
        .collect();
    list.sort_by_key(|(_, percent)| std::cmp::Reverse(*percent));
    list.truncate(40);
    list
}

fn compare(part: Part, seed: u64) {
    let program = program(part, seed);
    let image = image(&program, seed);
    let kernel = Kernel { entry: ENTRY, start: 0, image: &image };
    let (ours, theirs) = (run_here(&image, part, seed), QEMU.run(&kernel, &COMPARED));
    assert_eq!(ours.len(), theirs.len());
    let results = SCRATCH_LEN as usize;
    let mut wrong: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    for (number, (a, b)) in ours[results..].chunks(8).zip(theirs[results..].chunks(8)).enumerate() {
        let (group, value) = (number as u64 * 8 / GROUP_LEN, number as u64 * 8 % GROUP_LEN);
        if a != b {
            wrong.entry(group).or_default().push(format!("{value:#x}: {a:02x?} {b:02x?}"));
        }
    }
    let differing = (0..results).filter(|at| ours[*at] != theirs[*at]);
    let differing: Vec<_> = differing
        .map(|at| format!("{at:#x}:{:02x}/{:02x}", ours[at], theirs[at]))
        .take(24)
        .collect();
    if let Some((group, values)) = wrong.first_key_value() {
        panic!(
            "seed {seed}: {} groups differ, mostly of {:?}; group {group}: storage differs at {differing:?}; offset, here, there: {values:#?}\n{}",
            wrong.len(),
            suspects(part, &wrong),
            listing(part, seed, *group)
        );
    }
    assert!(
        ours[..results] == theirs[..results],
        "seed {seed}: storage differs: {differing:?} {}",
        listing(part, seed, groups() - 1)
    );
    println!(
        "{part:?}, seed {seed}: {} instructions of {} rows, all results equal",
        GROUPS * INSTRUCTIONS,
        rows_of(part).len()
    );
}

const _: () = assert!(RESULTS + GROUPS * GROUP_LEN < STORAGE);

/// Catches a meaning that differs from the one that an operating system runs on.
#[test]
fn random_programs_agree() {
    if QEMU.is_installed() {
        (0..3).for_each(|seed| compare(Part::General, seed));
    }
}

/// Catches an interruptible instruction that loses its place, or ends with another condition code.
#[test]
fn random_long_programs_agree() {
    if QEMU.is_installed() {
        (0..3).for_each(|seed| compare(Part::Long, seed));
    }
}

/// Catches decimal arithmetic that differs: digits, signs, overflow, editing.
#[test]
fn random_decimal_programs_agree() {
    if QEMU.is_installed() {
        (0..2).for_each(|seed| compare(Part::Decimal, seed));
    }
}

/// Catches floating point that differs: results, flags, condition codes, traps.
#[test]
fn random_float_programs_agree() {
    if QEMU.is_installed() {
        (0..2).for_each(|seed| compare(Part::Float, seed));
    }
}

/// Catches a vector instruction that differs: elements, masks, condition codes, refused sizes.
#[test]
fn random_vector_programs_agree() {
    if QEMU.is_installed() {
        (0..3).for_each(|seed| compare(Part::Vector, seed));
    }
}

/// Catches a vector-processing exception that differs: its element, its reason, what has changed by then.
#[test]
fn random_vector_programs_with_traps_agree() {
    if QEMU.is_installed() {
        compare(Part::VectorTraps, 7);
    }
}
