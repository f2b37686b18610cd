//! Random programs, here and under `qemu-system-aarch64`: all registers, flags and memory must come out the same.
//!
//! A program is a sequence of groups: load all registers with random values, set the flags, execute a few random
//! instructions of the table, append registers, stack pointer and flags to the results. On the emulator to compare
//! with, a tail powers off; here the tail is an endless loop.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]
#![allow(clippy::disallowed_macros, reason = "a test prints what it compared")]

mod common;

use common::{Machine, RAM, RAM_LEN, lanes};
use lockstep_aarch64::{Row, UNDEFINED, decode, disassemble, reg, rows};
use lockstep_testing::{Kernel, Qemu, Random};

/// An instruction per block: 10.0.2 folds BSL with a constant operand wrongly when it sees the constant being made.
const QEMU: Qemu = Qemu {
    program: "qemu-system-aarch64",
    package: "qemu-system-arm",
    options: &["-M", "virt", "-cpu", "max,pauth=off", "-accel", "tcg,one-insn-per-tb=on"],
    elf: 183,
    big_endian: false,
};
const ENTRY: u64 = RAM + 0x20_0000;
/// Random values for registers, then the place that random loads and stores reach.
const VALUES: u64 = RAM + 0x40_0000;
const VALUES_LEN: u64 = 0x1_0000;
const SCRATCH: u64 = VALUES + VALUES_LEN;
const SCRATCH_LEN: u64 = 0x1_0000;
/// The base that loads and stores use: negative offsets stay inside.
const BASE: u64 = SCRATCH + 0x1000;
/// Random values for vector registers.
const VECTORS: u64 = SCRATCH + SCRATCH_LEN;
const VECTORS_LEN: u64 = 0x4_0000;
const RESULTS: u64 = RAM + 0x50_0000;

const GROUPS: u64 = 3000;
const INSTRUCTIONS: usize = 12;
/// Bytes of results a group appends: X0 to X27; SP and four flags and the base; V0 to V31; FPSR, twice.
const GROUP_LEN: u64 = 28 * 8 + 6 * 8 + 32 * 16 + 16;

/// Registers that a program needs: the base in use, the base, and where results go.
const WORKING_BASE: u32 = 28;
const KEPT_BASE: u32 = 29;
const OUTPUT: u32 = 30;

fn mov(rd: u32, rn: u32) -> u32 {
    0xaa00_03e0 | rn << 16 | rd
}

fn set_address(program: &mut Vec<u32>, rd: u32, address: u64) {
    let part = |shift| (address >> shift) as u32 & 0xffff;
    program.push(0xd280_0000 | part(0) << 5 | rd);
    program.push(0xf2a0_0000 | part(16) << 5 | rd);
}

/// LDP or STP of X registers.
fn pair(opcode: u32, first: u32, second: u32, base: u32, offset: u32) -> u32 {
    opcode | (offset / 8) << 15 | second << 10 | base << 5 | first
}

const LDP: u32 = 0xa940_0000;
const STP_POST: u32 = 0xa880_0000;

/// Whether a row is data processing (immediate or register).
fn is_data_processing(word: u32) -> bool {
    matches!(word >> 25 & 0xf, 0b1000 | 0b1001 | 0b0101 | 0b1101)
}

fn is_memory(word: u32) -> bool {
    matches!(word >> 25 & 0xf, 0b0100 | 0b0110 | 0b1100 | 0b1110)
}

/// A random encoding of the row that writes none of the program's own registers.
fn random_insn(random: &mut Random, row: &Row) -> u32 {
    loop {
        let mut word = row.value | random.word() & !row.mask;
        if is_memory(word) {
            word = word & !(0x1f << 5) | WORKING_BASE << 5;
            if word >> 24 & 0x3f == 0x38 && word >> 21 & 1 == 0 {
                // A 9-bit offset: eight bytes, so that everything is aligned.
                word &= !(7 << 12);
            }
            if word >> 21 & 0x1f9 == 0x1c1 && word >> 10 & 3 == 2 {
                // Register offset: X27 is made small.
                word = word & !(0x1f << 16) | 27 << 16;
            }
        }
        let decoded = decode(word);
        let insn = decoded.insn;
        let is_own = |number: u8| matches!(u32::from(number), WORKING_BASE..=OUTPUT);
        let writes_own = is_own(insn.rd) || is_memory(word) && (is_own(insn.ra) || is_own(insn.rm));
        if decoded.row != UNDEFINED && !writes_own && insn.rd != reg::SP {
            return word;
        }
    }
}

/// Which part of the table a program consists of.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    General,
    Vector,
}

/// The rows of a part. Those of vectors and floating point are at the end of the table.
fn part_rows(part: Part) -> &'static [Row] {
    let first = rows().iter().position(|row| row.name == "shadd_v").unwrap();
    let (general, vector) = rows().split_at(first);
    if part == Part::General { general } else { vector }
}

/// Whether a vector row writes a general register.
fn writes_general(row: &Row) -> bool {
    let is_conversion = row.name.starts_with("fcvt") && row.name.ends_with(['w', 'x']);
    is_conversion
        || ["umov", "smov", "fmov_to", "fmov_high_to", "fmov_half_to"]
            .iter()
            .any(|name| row.name.starts_with(name))
}

/// A random encoding of a vector row that leaves the program's own registers alone, and is aligned.
fn random_vector_insn(random: &mut Random, row: &Row) -> u32 {
    loop {
        let mut word = row.value | random.word() & !row.mask;
        let registers = writes_general(row) && matches!(word & 0x1f, WORKING_BASE..=OUTPUT);
        if is_memory(word) {
            word = word & !(0x1f << 5) | WORKING_BASE << 5;
            match (word >> 24 & 0x3f, word >> 21 & 1) {
                // A 12-bit offset, of up to half its range; a 9-bit one, of a multiple of 16; an index.
                (0x3d, _) => word &= !(1 << 21),
                (0x3c, 0) => word &= !(0xf << 12),
                (0x3c, _) => word = word & !(0x1f << 16) | 27 << 16,
                // Structures, whose increment is what was moved, or X27.
                (0x0c | 0x0d, _) if row.name.contains("post") && word >> 16 & 3 != 3 => {
                    word = word & !(0x1f << 16) | 27 << 16;
                }
                (0x0c | 0x0d, _) if row.name.contains("post") => word |= 0x1f << 16,
                _ => {}
            }
        }
        let is_row = rows().get(usize::from(decode(word).row)).is_some_and(|r| r.name == row.name);
        if is_row && !registers {
            return word;
        }
    }
}

/// Appends a vector instruction, with what it needs around it.
fn push_vector(program: &mut Vec<u32>, random: &mut Random, row: &Row) {
    if row.name.contains("literal") {
        // A literal right behind, aligned, and a branch around it.
        while program.len() % 4 != 2 {
            program.push(mov(0, 0));
        }
        program.push(row.value | random.word() & 31 | 2 << 5);
        program.push(0x1400_0005);
        program.extend((0..4).map(|_| random.word()));
        return;
    }
    let is_memory = is_memory(row.value);
    if is_memory {
        program.push(0x927c_1f7b); // and x27, x27, #0xff0
    }
    program.push(random_vector_insn(random, row));
    if is_memory {
        program.push(mov(26, WORKING_BASE));
        program.push(mov(WORKING_BASE, KEPT_BASE));
    }
}

/// Appends one instruction, with what it needs around it: any general one, or vector rows in turn.
fn push_random(program: &mut Vec<u32>, random: &mut Random, part: Part, turn: u64) {
    let rows = part_rows(part);
    if part == Part::Vector {
        return push_vector(program, random, &rows[(turn % rows.len() as u64) as usize]);
    }
    let row = &rows[random.below(rows.len() as u64) as usize];
    let kind = row.value;
    let is_branch = ["b_", "cbz", "cbnz", "tbz", "tbnz"].iter().any(|b| row.name.starts_with(b));
    if is_branch {
        // Over one instruction.
        let offset_bits = if row.name.starts_with('t') { 0x0007_ffe0 } else { 0x00ff_ffe0 };
        program.push(row.value | random.word() & !row.mask & !offset_bits | 2 << 5);
        program.push(mov(random.below(28) as u32, random.below(28) as u32));
    } else if row.name.contains("literal") {
        // A literal right behind, aligned, and a branch around it.
        if program.len() % 2 == 1 {
            program.push(mov(0, 0));
        }
        program.push(row.value | random.word() & 7 | 2 << 5);
        program.push(0x1400_0003);
        program.extend([random.word(), random.word()]);
    } else if is_data_processing(kind) {
        program.push(random_insn(random, row));
    } else if is_memory(kind) {
        program.push(0x927d_237b); // and x27, x27, #0xff8
        if row.name.starts_with("stx") || row.name.starts_with("stlx") {
            // An exclusive store succeeds once after a load of the same size.
            let load = row.value | 0x0040_0000 | WORKING_BASE << 5 | 26 << 10 | 0x1f << 16 | 25;
            program.push(load);
            program.push(random_insn(random, row));
        }
        program.push(random_insn(random, row));
        program.push(mov(26, WORKING_BASE));
        program.push(mov(WORKING_BASE, KEPT_BASE));
    } else {
        program.push(mov(0, 0));
    }
}

/// Loads or stores all vector registers, from X28 or to the output.
fn push_all_vectors(program: &mut Vec<u32>, load: bool) {
    let (opcode, base) = if load { (0x4cdf_2c00, WORKING_BASE) } else { (0x4c9f_2c00, OUTPUT) };
    program.extend((0..32).step_by(4).map(|first| opcode | base << 5 | first));
}

fn push_group(program: &mut Vec<u32>, random: &mut Random, part: Part, number: u64) {
    let vectors = VECTORS + random.below((VECTORS_LEN - 512) / 16) * 16;
    set_address(program, WORKING_BASE, vectors);
    push_all_vectors(program, true);
    // FPCR: the default half of the time, else any mode. FPSR: clear.
    // AHP, DN, FZ and the rounding mode are bits 26 to 22, FZ16 is bit 19.
    let mut modes = if random.below(2) == 0 { 0 } else { random.below(32) as u32 };
    if random.below(3) == 0 {
        modes = modes << 6 | 1 << 3;
    } else {
        modes <<= 6;
    }
    program.extend([0xd2a0_0000 | modes << 5, 0xd51b_4400, 0xd51b_443f]);
    let values = VALUES + number * 224 % (VALUES_LEN - 224) / 16 * 16;
    set_address(program, WORKING_BASE, values);
    for first in (0..28).step_by(2) {
        program.push(pair(LDP, first, first + 1, WORKING_BASE, first * 8));
    }
    program.push(mov(WORKING_BASE, KEPT_BASE));
    program.push(0xeb1f_03ff); // cmp xzr, xzr
    program.push(0xfa40_1be0 | random.below(16) as u32); // ccmp xzr, #0, #nzcv, ne
    program.push(0x9100_001f); // mov sp, x0
    for k in 0..INSTRUCTIONS as u64 {
        push_random(program, random, part, number * INSTRUCTIONS as u64 + k);
    }
    for first in (0..28).step_by(2) {
        program.push(pair(STP_POST, first, first + 1, OUTPUT, 16));
    }
    program.push(0x9100_03e0); // mov x0, sp
    for (rd, condition) in [(1, 4), (2, 0), (3, 2), (4, 6)] {
        program.push(0x9a9f_07e0 | (condition ^ 1) << 12 | rd); // cset
    }
    for (first, second) in [(0, 1), (2, 3), (4, WORKING_BASE)] {
        program.push(pair(STP_POST, first, second, OUTPUT, 16));
    }
    push_all_vectors(program, false);
    program.push(0xd53b_4420); // mrs x0, fpsr
    program.push(pair(STP_POST, 0, 0, OUTPUT, 16));
}

/// The program without its tail.
fn program(part: Part, seed: u64) -> Vec<u32> {
    let mut random = Random::new(seed);
    // CPACR_EL1.FPEN.
    let mut program = vec![0xd2a0_0600, 0xd518_1040, 0xd503_3fdf];
    set_address(&mut program, KEPT_BASE, BASE);
    set_address(&mut program, OUTPUT, RESULTS);
    for number in 0..GROUPS {
        push_group(&mut program, &mut random, part, number);
    }
    assert!((program.len() * 4) as u64 + ENTRY < VALUES);
    program
}

/// What is compared: the scratch memory and all results.
const COMPARED: [(u64, u64); 2] = [(SCRATCH, SCRATCH_LEN), (RESULTS, GROUPS * GROUP_LEN)];

/// PSCI SYSTEM_OFF.
const TAIL: [u32; 3] = [0xd280_0100, 0xf2b0_8000, 0xd400_0002];

/// Memory from the entry to the results, with the program and random data in it.
fn image(code: &[u32], seed: u64) -> Vec<u8> {
    let mut image: Vec<u8> = code.iter().flat_map(|word| word.to_le_bytes()).collect();
    image.resize((VALUES - ENTRY) as usize, 0);
    let mut random = Random::new(!seed);
    let values = (VALUES_LEN + SCRATCH_LEN) / 8;
    image.extend((0..values).flat_map(|_| random.value().to_le_bytes()));
    image.extend((0..VECTORS_LEN / 8).flat_map(|_| lanes(&mut random).to_le_bytes()));
    image
}

fn run_here(program: &[u32], seed: u64) -> Vec<u8> {
    let mut code = program.to_vec();
    code.push(0x1400_0000); // b .
    let mut machine = Machine::new(ENTRY);
    machine.cx.mem.write_bytes(ENTRY, &image(&code, seed)).unwrap();
    machine.run(code.len() as u64);
    assert_eq!(machine.cx.cpu.pc, ENTRY + program.len() as u64 * 4, "the program went astray");
    let bytes = |(start, len): (u64, u64)| machine.bytes(start, len as usize);
    COMPARED.into_iter().flat_map(bytes).collect()
}

fn run_there(program: &[u32], seed: u64) -> Vec<u8> {
    let image = image(&[program, &TAIL].concat(), seed);
    QEMU.run(&Kernel { entry: ENTRY, start: ENTRY, image: &image }, &COMPARED)
}

/// The text of a group's instructions, for reports.
fn listing(part: Part, seed: u64, group: u64) -> String {
    let mut random = Random::new(seed);
    let mut program = Vec::new();
    for number in 0..=group {
        program.clear();
        push_group(&mut program, &mut random, part, number);
    }
    let text = |word: &u32| format!("  {word:08x} {}\n", disassemble(*word, 0));
    program.iter().map(text).collect()
}

fn compare(part: Part, seed: u64) {
    let program = program(part, seed);
    let (ours, theirs) = (run_here(&program, seed), run_there(&program, seed));
    assert_eq!(ours.len(), theirs.len());
    let results = SCRATCH_LEN as usize;
    for (number, (a, b)) in ours[results..].chunks(8).zip(theirs[results..].chunks(8)).enumerate() {
        let (group, value) = (number as u64 * 8 / GROUP_LEN, number as u64 % (GROUP_LEN / 8));
        assert_eq!(
            a,
            b,
            "seed {seed}, group {group}, value {value} (little-endian):\n{}",
            listing(part, seed, group)
        );
    }
    assert!(ours[..results] == theirs[..results], "seed {seed}: memory differs");
    println!("{part:?}, seed {seed}: {} instructions, all results equal", program.len());
}

const _: () = assert!(RESULTS + GROUPS * GROUP_LEN < RAM + RAM_LEN);
const _: () = assert!(VECTORS + VECTORS_LEN <= RESULTS);

/// Catches a meaning that differs from the one that many operating systems run on.
#[test]
fn random_programs_agree() {
    if QEMU.is_installed() {
        (0..3).for_each(|seed| compare(Part::General, seed));
    }
}

/// Catches the same among vectors and floating point: every row in turn, in every rounding mode, with the lanes that
/// arithmetic gets wrong; registers and FPSR.
#[test]
fn random_vector_programs_agree() {
    if QEMU.is_installed() {
        (0..4).for_each(|seed| compare(Part::Vector, seed));
    }
}
