//! What compiled code keeps of memory: one page for all accesses of an instruction, and the pages of several address spaces.
//!
//! Programs go round through page boundaries and through spaces; both engines must leave the same processor, with its TLB, and
//! the same storage.

#![allow(clippy::unwrap_used, reason = "a test that cannot prepare itself has failed")]
#![allow(clippy::disallowed_macros, reason = "a test says when it cannot run")]

use common::Machine;
use lockstep_cpu::{Cx, Tlb};
use lockstep_jit::{Hotness, Jit};
use lockstep_s390x::{S390x, psw, reg};
use lockstep_testing::{Random, compare};

mod common;

const CODE: u64 = 0x2_0000;
/// The end of a page.
const EDGE: u64 = 0x3_1000;
/// Instructions to run: several times round, with stops anywhere.
const STRIDES: [u64; 5] = [1, 40, 7, 150, 90];

fn put_long(cx: &mut Cx<S390x>, at: u64, value: u64) {
    cx.mem.write_bytes(at, &value.to_be_bytes()).unwrap();
}

/// A machine about to go round through instructions, with storage around the edge and registers that all differ.
fn machine(code: &[u8]) -> Cx<S390x> {
    let mut cx = Machine::new(CODE).cx;
    let back = ((code.len() / 2) as u16).wrapping_neg().to_be_bytes();
    cx.mem.write_bytes(CODE, &[code, &[0xa7, 0xf4, back[0], back[1]]].concat()).unwrap();
    let mut random = Random::new(1);
    for place in 0..0x400 {
        put_long(&mut cx, EDGE - 0x1000 + 8 * place, random.next());
    }
    for number in 0..16 {
        cx.cpu.regs[number] = random.next();
        cx.cpu.regs[usize::from(reg::ACCESS) + number] = random.next() & 0xffff_ffff;
    }
    cx
}

fn same(code: &[u8], prepare: impl Fn(&mut Cx<S390x>)) {
    let Some(mut jit) = Jit::new(Hotness::Now) else {
        println!("SKIPPED: this host has no compiling engine");
        return;
    };
    let fresh = || {
        let mut cx = machine(code);
        prepare(&mut cx);
        psw::derive(&mut cx.cpu);
        cx
    };
    compare(fresh, &mut jit, &STRIDES, || format!("{code:02x?}"));
}

/// Catches accesses behind the end of a page that go on in host memory, where something else is, and registers that are another's.
#[test]
fn rows_cross_pages() {
    // None loads its base, register 12.
    let rows: [&[u8]; 6] = [
        &[0xeb, 0x07, 0xc0, 0x00, 0x00, 0x04], // lmg %r0,%r7,0(%r12)
        &[0xeb, 0xe8, 0xc0, 0x00, 0x00, 0x24], // stmg %r14,%r8,0(%r12)
        &[0x98, 0x0b, 0xc0, 0x00],             // lm %r0,%r11,0(%r12)
        &[0x90, 0xd5, 0xc0, 0x00],             // stm %r13,%r5,0(%r12)
        &[0x9a, 0x0f, 0xc0, 0x00],             // lam %a0,%a15,0(%r12)
        &[0x9b, 0xc3, 0xc0, 0x00],             // stam %a12,%a3,0(%r12)
    ];
    for row in rows {
        // The address goes on by a word and by a doubleword in turn: la %r12,4(%r12) or la %r12,8(%r12).
        for step in [4, 8] {
            let next = [0x41, 0xc0, 0xc0, step];
            same(&[row, &next].concat(), |cx| cx.cpu.regs[12] = EDGE - 160);
        }
    }
}

/// Catches pages of an address space that compiled code still finds when the TLB has others in their places.
#[test]
fn spaces_come_back() {
    const TABLES: u64 = 0x10_0000;
    const OPERAND: u64 = 0x3_0800;
    let far = (Tlb::PLACES as u64) << 12;
    let code = [
        &[0xeb, 0x11, 0xd0, 0x00, 0x00, 0x2f][..], // lctlg %c1,%c1,0(%r13)
        &[0xe3, 0x30, 0xc0, 0x00, 0x00, 0x08],     // ag %r3,0(%r12)
        &[0xb9, 0x08, 0x00, 0x43],                 // agr %r4,%r3
        &[0xe3, 0x30, 0xc0, 0x00, 0x00, 0x24],     // stg %r3,0(%r12)
        &[0xe3, 0xd0, 0xd0, 0x08, 0x00, 0x04],     // lg %r13,8(%r13)
        &[0xe3, 0xc0, 0xd0, 0x10, 0x00, 0x04],     // lg %r12,16(%r13)
    ]
    .concat();
    same(&code, |cx| {
        // Each space has the second megabyte in a place of its own, and what is below where its addresses say.
        for space in 0..6 {
            let (segments, pages) = (TABLES + space * 0x8000, TABLES + space * 0x8000 + 0x4000);
            for segment in 0..512 {
                put_long(cx, segments + 8 * segment, 0x20);
            }
            for megabyte in 0..8 {
                let own = if megabyte == 0 { 0 } else { 0x10_0000 * (2 + (megabyte + space) % 4) };
                put_long(cx, segments + 8 * megabyte, pages + 0x800 * megabyte);
                for page in 0..256 {
                    put_long(cx, pages + 0x800 * megabyte + 8 * page, own + page * 0x1000);
                }
            }
        }
        // What comes next: a space, the next operand, the address there.
        let mut random = Random::new(2);
        for place in 0..40 {
            let at = OPERAND + 24 * place;
            put_long(cx, at, TABLES + random.below(6) * 0x8000);
            put_long(cx, at + 8, OPERAND + 24 * ((place + 1) % 40));
            put_long(cx, at + 16, 0x10_0000 + random.below(3) * far % 0x70_0000 + 0x5008);
        }
        cx.cpu.regs[12] = 0x10_5008;
        cx.cpu.regs[13] = OPERAND;
        cx.cpu.sys.cr[1] = TABLES;
        psw::set(&mut cx.cpu, psw::DAT | psw::EA | psw::BA, CODE);
    });
}
