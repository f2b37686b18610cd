//! Moving lanes about.

use super::{Op, lane, set_lane};
use crate::registers::Cpu;

/// Lane `k` of the result is what `source` says: a register and a lane of it.
fn gather(cpu: &mut Cpu, o: &Op, source: impl Fn(u32) -> (usize, u32)) {
    let mut new = 0;
    for k in 0..o.count() {
        let (register, from) = source(k);
        set_lane(&mut new, o.lane, k, lane(cpu.vregs[register], o.lane, from));
    }
    cpu.vregs[o.d()] = new;
}

/// Whether the instruction is the second of a pair (ZIP2, UZP2, TRN2).
fn part(o: &Op) -> u32 {
    o.w.bits(14, 1)
}

/// UZP1 and UZP2: even or odd lanes of both sources, one after the other.
pub(crate) fn uzp(cpu: &mut Cpu, o: &Op) {
    let (n, m, half) = (o.n(), o.m(), o.count() / 2);
    gather(cpu, o, |k| match k.checked_sub(half) {
        None => (n, 2 * k + part(o)),
        Some(rest) => (m, 2 * rest + part(o)),
    });
}

/// ZIP1 and ZIP2: lanes of half of both sources, in turn.
pub(crate) fn zip(cpu: &mut Cpu, o: &Op) {
    let (n, m, from) = (o.n(), o.m(), part(o) * o.count() / 2);
    gather(cpu, o, |k| (if k % 2 == 0 { n } else { m }, from + k / 2));
}

/// TRN1 and TRN2: even or odd lanes of both sources, in turn.
pub(crate) fn trn(cpu: &mut Cpu, o: &Op) {
    let (n, m) = (o.n(), o.m());
    gather(cpu, o, |k| (if k % 2 == 0 { n } else { m }, k & !1 | part(o)));
}

/// EXT: bytes from the middle of both sources side by side.
pub(crate) fn ext(cpu: &mut Cpu, o: &Op) {
    let (n, m, from) = (o.n(), o.m(), o.w.bits(11, 4));
    gather(cpu, o, |k| match (k + from).checked_sub(o.count()) {
        None => (n, k + from),
        Some(rest) => (m, rest),
    });
}

/// TBL and TBX: bytes by number; TBX keeps those whose number is beyond the table.
pub(crate) fn table(cpu: &mut Cpu, o: &Op) {
    let registers = o.w.bits(13, 2) + 1;
    let keeps = o.w.bit(12);
    let (old, index) = (cpu.vregs[o.d()], cpu.vregs[o.m()]);
    let mut new = 0;
    for k in 0..o.count() {
        let number = lane(index, 0, k) as u32;
        let byte = if number < 16 * registers {
            lane(cpu.vregs[(o.n() + number as usize / 16) % 32], 0, number % 16)
        } else if keeps {
            lane(old, 0, k)
        } else {
            0
        };
        set_lane(&mut new, 0, k, byte);
    }
    cpu.vregs[o.d()] = new;
}

/// Reverses the order of lanes in groups of `group` bytes.
fn reverse(cpu: &mut Cpu, o: &Op, group: u32) {
    let (n, last) = (o.n(), (group >> o.lane) - 1);
    gather(cpu, o, |k| (n, k ^ last));
}

/// REV64.
pub(crate) fn rev64(cpu: &mut Cpu, o: &Op) {
    reverse(cpu, o, 8);
}

/// REV32.
pub(crate) fn rev32(cpu: &mut Cpu, o: &Op) {
    reverse(cpu, o, 4);
}

/// REV16.
pub(crate) fn rev16(cpu: &mut Cpu, o: &Op) {
    reverse(cpu, o, 2);
}

/// The lane that the field `imm5` names.
pub(crate) fn copied_lane(o: &Op) -> u32 {
    o.w.bits(16, 5) >> (o.lane + 1)
}

/// DUP from a lane, to all or to a scalar.
pub(crate) fn dup_element(cpu: &mut Cpu, o: &Op) {
    let (n, from) = (o.n(), copied_lane(o));
    gather(cpu, o, |_| (n, from));
}

/// DUP from a general register.
pub(crate) fn dup_general(cpu: &mut Cpu, o: &Op) {
    let mut new = 0;
    for k in 0..o.count() {
        set_lane(&mut new, o.lane, k, o.x);
    }
    cpu.vregs[o.d()] = new;
}

/// INS from a general register.
pub(crate) fn ins_general(cpu: &mut Cpu, o: &Op) {
    set_lane(&mut cpu.vregs[o.d()], o.lane, copied_lane(o), o.x);
}

/// INS from a lane.
pub(crate) fn ins_element(cpu: &mut Cpu, o: &Op) {
    let from = lane(cpu.vregs[o.n()], o.lane, o.w.bits(11, 4) >> o.lane);
    set_lane(&mut cpu.vregs[o.d()], o.lane, copied_lane(o), from);
}

/// UMOV.
pub(crate) fn umov(cpu: &mut Cpu, o: &Op) -> u64 {
    lane(cpu.vregs[o.n()], o.lane, copied_lane(o))
}

/// SMOV.
pub(crate) fn smov(cpu: &mut Cpu, o: &Op) -> u64 {
    let up = 64 - o.bits();
    let value = ((umov(cpu, o) << up) as i64 >> up) as u64;
    if o.full { value } else { value & 0xffff_ffff }
}
