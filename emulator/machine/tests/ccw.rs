//! The s390x board's own answers to DIAGNOSE 308.

mod common;

use common::Guest;
use lockstep_core::StopReason;
use lockstep_log::ImageRole;
use lockstep_machine::{Goal, Images, MachineRecord, Pause, check, parse_machine};

/// Where images of storage that are Linux's are entered, behind a jump over their mark.
const ENTRY: usize = 0x1_0020;
/// Where execution goes after a program interruption, and by the PSW at 0.
const INTERRUPTED: usize = 0x1_0200;
const LOADED: usize = 0x1_1800;
/// A disabled-wait PSW whose address the program completes: what it has to say.
const ANSWER: usize = 0x1_1000;

/// A program under construction.
struct Program(Vec<u8>);

impl Program {
    fn new() -> Self {
        let mut image = vec![0; 0x1_2000];
        let mut put =
            |at: usize, value: u64| image[at..at + 8].copy_from_slice(&value.to_be_bytes());
        put(0, 0x0008_0000_8000_0000 | LOADED as u64);
        put(0x1d0, 0x0000_0001_8000_0000);
        put(0x1d8, INTERRUPTED as u64);
        put(ANSWER, 0x0002_0001_8000_0000);
        image[0x1_0000..0x1_000e].copy_from_slice(b"\xa7\xf4\x00\x10\0\0\0\0S390EP");
        let mut program = Self(image);
        // A program interruption tells its code, behind 0xee.
        program.at(INTERRUPTED, &[0x4120_00ee, 0x4860_008e]);
        program.answer(INTERRUPTED + 8, 2, 6);
        program
    }

    /// Instructions of four bytes at a place.
    fn at(&mut self, place: usize, words: &[u32]) -> usize {
        for (number, word) in words.iter().enumerate() {
            let at = place + 4 * number;
            self.0[at..at + 4].copy_from_slice(&word.to_be_bytes());
        }
        place + 4 * words.len()
    }

    /// Ends with what two registers hold: one in bytes 5 and 6 of the address, the other in its last two.
    fn answer(&mut self, place: usize, first: u32, second: u32) {
        // LLILH %r1,1 and A: 0x1_1000.
        let place = self.at(place, &[0xa51e_0001, 0x5a10_0ff8]);
        let place = self.at(place, &[0x4000_100c | first << 20, 0x4000_100e | second << 20]);
        self.at(place, &[0xb2b2_1000]);
        self.0[0xff8..0xffc].copy_from_slice(&0x1000u32.to_be_bytes());
    }

    /// What the program says in the end.
    fn run(self) -> String {
        let (board, options) = parse_machine("ccw").expect("a good board");
        let mut record = MachineRecord {
            board,
            options,
            memory: 64 << 20,
            digest_interval: 100_000,
            ..MachineRecord::default()
        };
        check(&mut record).expect("a good machine");
        let mut images = Images::default();
        images.add(ImageRole::Kernel, "program", self.0);
        let mut machine = Guest { record, images }.machine();
        let Pause::Ended(reason) = machine.run(Goal::Retired(10_000)) else {
            return "goes on".to_owned();
        };
        match reason {
            StopReason::Dead(report) => {
                let code = report.split("code 0x").nth(1).and_then(|rest| rest.split(',').next());
                code.unwrap_or(&report).to_owned()
            }
            other => other.to_string(),
        }
    }
}

/// LHI.
const fn lhi(register: u32, value: u32) -> u32 {
    0xa708_0000 | register << 20 | value & 0xffff
}

/// DIAG %r1,%r3,0x308.
const fn load(r1: u32, r3: u32) -> u32 {
    0x8300_0308 | r1 << 20 | r3 << 16
}

/// What DIAGNOSE 308 answers in the register after the first, or the code of a program interruption behind 0xee.
fn asked(r1: u32, address: u32, subcode: u32) -> String {
    let mut program = Program::new();
    let words = [lhi(r1, address), lhi(7, subcode), lhi(5, 0x55), load(r1, 7)];
    let place = program.at(ENTRY, &words);
    program.answer(place, r1 | 1, 5);
    program.run()
}

/// Catches a function that does nothing, answers the wrong thing, or goes on where it should be refused.
#[test]
fn functions_for_loading() {
    assert_eq!(asked(2, 0x4000, 6), "1020055");
    assert_eq!(asked(2, 0x4000, 5), "4020055");
    // Parameters that are not at a page, and outside of storage.
    assert_eq!(asked(2, 0x4008, 6), "ee0006");
    assert_eq!(asked(2, 0x8000, 5), "ee0005");
    // An odd register, and functions that there are not.
    assert_eq!(asked(3, 0x4000, 6), "ee0006");
    assert_eq!(asked(2, 0x4000, 2), "ee0006");
    assert_eq!(asked(2, 0x4000, 7), "ee0006");
    assert!(asked(2, 0x4000, 4).contains("subcode 4"));
}

/// Catches an image of storage that is not Linux, and is not entered where its own PSW says.
#[test]
fn other_images_start_by_their_psw() {
    let mut program = Program::new();
    program.0[0x1_0008..0x1_000e].fill(0);
    let place = program.at(LOADED, &[lhi(2, 0x12), lhi(3, 0x34)]);
    program.answer(place, 2, 3);
    assert_eq!(program.run(), "120034");
}

/// Catches a problem-state program that resets the machine.
#[test]
fn loading_is_privileged() {
    let mut program = Program::new();
    program.at(ENTRY, &[lhi(2, 0), lhi(7, 1), 0xb2b2_0300]);
    program.0[0x300..0x308].copy_from_slice(&0x0001_0001_8000_0000u64.to_be_bytes());
    program.0[0x308..0x310].copy_from_slice(&(ENTRY as u64 + 0x100).to_be_bytes());
    program.at(ENTRY + 0x100, &[load(2, 7)]);
    assert_eq!(program.run(), "ee0002");
}

/// Catches a reset that loses storage, keeps or clears the wrong registers, or goes on elsewhere than at the PSW at 0.
#[test]
fn resets_keep_storage() {
    for (subcode, kept, control) in [(0, "0", "e0"), (1, "55", "e0")] {
        let mut program = Program::new();
        // LCTL 0,0 of something else; a mark in storage.
        let words = [
            lhi(5, 0x55),
            lhi(6, 0x66),
            0x4060_0f00,
            0xb700_0f10,
            lhi(2, 0),
            lhi(7, subcode),
            load(2, 7),
        ];
        program.at(ENTRY, &words);
        program.0[0xf10..0xf14].copy_from_slice(&0x00ff_00f0u32.to_be_bytes());
        // STCTL 0,0; the mark and the control register are told, then register 5.
        let place = program.at(LOADED, &[0xb600_0f20, 0x4830_0f00, 0x8930_0008, 0x5630_0f20]);
        program.answer(place, 3, 5);
        let mark = format!("66{control}");
        assert_eq!(program.run(), format!("{mark}{kept:0>4}"));
    }
}
