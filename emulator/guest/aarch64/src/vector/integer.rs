//! Integer arithmetic on lanes.
//!
//! All of it is done in 128 bits, in which nothing that 64-bit lanes can do overflows: saturation, rounding and carries
//! are then plain arithmetic followed by a check. The loops at the top know where lanes are; the kernels below know what
//! happens to one.

use super::{Op, QC, lane, set_lane};
use crate::registers::Cpu;

/// What an operation on a lane knows: the size of the result, whether lanes are signed, and whether it saturated.
struct Lane {
    bits: u32,
    signed: bool,
    saturated: bool,
}

impl Lane {
    fn new(log2: u32, signed: bool) -> Self {
        Self { bits: 8 << log2, signed, saturated: false }
    }

    /// The nearest value that a lane can hold.
    fn clamp(&mut self, value: i128) -> i128 {
        self.clamp_as(value, self.signed)
    }

    fn clamp_as(&mut self, value: i128, signed: bool) -> i128 {
        let (low, high) = match signed {
            true => (-(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1),
            false => (0, (1 << self.bits) - 1),
        };
        self.saturated |= value < low || value > high;
        value.clamp(low, high)
    }

    fn unsigned(&self, value: i128) -> i128 {
        value & ((1 << self.bits) - 1)
    }

    fn ones(&self, condition: bool) -> i128 {
        if condition { -1 } else { 0 }
    }

    fn finish(&self, cpu: &mut Cpu) {
        if self.saturated {
            cpu.sys.fpsr |= QC;
        }
    }
}

/// A lane of a register, extended.
fn value(v: u128, log2: u32, number: u32, signed: bool) -> i128 {
    let bits = lane(v, log2, number);
    let up = 64 - (8 << log2);
    if signed { i128::from((bits << up) as i64 >> up) } else { i128::from(bits) }
}

/// Whether the encoding's U bit says signed, or the instruction is signed whatever it says.
#[derive(Clone, Copy)]
enum Sign {
    ByU,
    Signed,
}

impl Sign {
    fn of(self, o: &Op) -> bool {
        matches!(self, Self::Signed) || !o.w.bit(29)
    }
}

type Step = fn(&mut Lane, i128, i128, i128) -> i128;

/// Of the second operand, the lane beside lane `k` of the first.
fn second(cpu: &Cpu, o: &Op, k: u32, signed: bool) -> i128 {
    if o.by_element() {
        let (register, index) = o.element();
        value(cpu.vregs[register], o.lane, index, signed)
    } else {
        value(cpu.vregs[o.m()], o.lane, k, signed)
    }
}

/// Every lane from the lanes of destination and sources beside it.
fn same(cpu: &mut Cpu, o: &Op, sign: Sign, step: Step) {
    let signed = sign.of(o);
    let mut l = Lane::new(o.lane, signed);
    let (old, n, mut new) = (cpu.vregs[o.d()], cpu.vregs[o.n()], 0);
    for k in 0..o.count() {
        let b = second(cpu, o, k, signed);
        let (d, a) = (value(old, o.lane, k, signed), value(n, o.lane, k, signed));
        set_lane(&mut new, o.lane, k, step(&mut l, d, a, b) as u64);
    }
    cpu.vregs[o.d()] = new;
    l.finish(cpu);
}

/// SDOT and UDOT: to every lane, the four products of bytes beside it.
pub(crate) fn dot(cpu: &mut Cpu, o: &Op) {
    let signed = Sign::ByU.of(o);
    let (old, n, mut new) = (cpu.vregs[o.d()], cpu.vregs[o.n()], 0);
    for k in 0..o.count() {
        let (register, group) = if o.by_element() { o.element() } else { (o.m(), k) };
        let m = cpu.vregs[register];
        let product =
            |byte: u32| value(n, 0, 4 * k + byte, signed) * value(m, 0, 4 * group + byte, signed);
        let sum = value(old, o.lane, k, signed) + (0..4).map(product).sum::<i128>();
        set_lane(&mut new, o.lane, k, sum as u64);
    }
    cpu.vregs[o.d()] = new;
}

/// Lanes of twice the size, from lanes of half a register.
fn long(cpu: &mut Cpu, o: &Op, sign: Sign, step: Step) {
    let signed = sign.of(o);
    let mut l = Lane::new(o.lane + 1, signed);
    let (old, n, mut new) = (cpu.vregs[o.d()], cpu.vregs[o.n()], 0);
    for k in 0..o.half_count() {
        let b = second(cpu, o, k + o.upper(), signed);
        let d = value(old, o.lane + 1, k, signed);
        let a = value(n, o.lane, k + o.upper(), signed);
        set_lane(&mut new, o.lane + 1, k, step(&mut l, d, a, b) as u64);
    }
    cpu.vregs[o.d()] = new;
    l.finish(cpu);
}

/// Lanes of twice the size, from such lanes and lanes of half a register.
fn wide(cpu: &mut Cpu, o: &Op, sign: Sign, step: Step) {
    let signed = sign.of(o);
    let mut l = Lane::new(o.lane + 1, signed);
    let (n, m, mut new) = (cpu.vregs[o.n()], cpu.vregs[o.m()], 0);
    for k in 0..o.half_count() {
        let a = value(n, o.lane + 1, k, signed);
        let b = value(m, o.lane, k + o.upper(), signed);
        set_lane(&mut new, o.lane + 1, k, step(&mut l, 0, a, b) as u64);
    }
    cpu.vregs[o.d()] = new;
}

/// Half a register of lanes, from lanes of twice the size; the upper half keeps the lower one.
fn narrow(cpu: &mut Cpu, o: &Op, sign: Sign, step: Step) {
    let signed = sign.of(o);
    let mut l = Lane::new(o.lane, signed);
    let (n, m) = (cpu.vregs[o.n()], cpu.vregs[o.m()]);
    let mut new = if o.upper() > 0 { cpu.vregs[o.d()] & u128::from(u64::MAX) } else { 0 };
    for k in 0..o.half_count() {
        let (a, b) = (value(n, o.lane + 1, k, signed), value(m, o.lane + 1, k, signed));
        set_lane(&mut new, o.lane, k + o.upper(), step(&mut l, 0, a, b) as u64);
    }
    cpu.vregs[o.d()] = new;
    l.finish(cpu);
}

/// From neighbours in the first source, then in the second.
fn pairs(cpu: &mut Cpu, o: &Op, sign: Sign, step: Step) {
    let signed = sign.of(o);
    let mut l = Lane::new(o.lane, signed);
    let mut new = 0;
    for k in 0..o.count() {
        let (register, from) = match k.checked_sub(o.count() / 2) {
            None => (o.n(), 2 * k),
            Some(rest) => (o.m(), 2 * rest),
        };
        let v = cpu.vregs[register];
        let (a, b) = (value(v, o.lane, from, signed), value(v, o.lane, from + 1, signed));
        set_lane(&mut new, o.lane, k, step(&mut l, 0, a, b) as u64);
    }
    cpu.vregs[o.d()] = new;
}

/// Lanes of twice the size, from neighbours in the source.
fn long_pairs(cpu: &mut Cpu, o: &Op, sign: Sign, step: Step) {
    let signed = sign.of(o);
    let mut l = Lane::new(o.lane + 1, signed);
    let (old, n, mut new) = (cpu.vregs[o.d()], cpu.vregs[o.n()], 0);
    for k in 0..o.count() / 2 {
        let d = value(old, o.lane + 1, k, signed);
        let (a, b) = (value(n, o.lane, 2 * k, signed), value(n, o.lane, 2 * k + 1, signed));
        set_lane(&mut new, o.lane + 1, k, step(&mut l, d, a, b) as u64);
    }
    cpu.vregs[o.d()] = new;
}

/// One lane from all of them.
fn across(cpu: &mut Cpu, o: &Op, grow: u32, step: fn(i128, i128) -> i128) {
    let signed = Sign::ByU.of(o);
    let n = cpu.vregs[o.n()];
    let all = (0..o.count()).map(|k| value(n, o.lane, k, signed)).reduce(step);
    let mut new = 0;
    set_lane(&mut new, o.lane + grow, 0, all.unwrap_or(0) as u64);
    cpu.vregs[o.d()] = new;
}

macro_rules! kernels {
    ($($loop_:ident $sign:ident { $($(#[$doc:meta])* $name:ident = $step:expr;)* })*) => {
        $($(
            $(#[$doc])*
            pub(crate) fn $name(cpu: &mut Cpu, o: &Op) {
                $loop_(cpu, o, Sign::$sign, $step);
            }
        )*)*
    };
}

/// By a signed amount: left, or right when it is negative.
fn shifted(l: &mut Lane, a: i128, amount: i128, rounds: bool, saturates: bool) -> i128 {
    let amount = i32::from(amount as i8);
    if amount < 0 {
        return right(a, -amount as u32, rounds);
    }
    let wide = match amount as u32 {
        amount if amount >= l.bits => a.signum() << 120,
        amount => a << amount,
    };
    if saturates { l.clamp(wide) } else { wide }
}

/// Right, beyond all bits of any lane if need be.
fn right(a: i128, amount: u32, rounds: bool) -> i128 {
    let amount = amount.min(100);
    let half = if rounds { 1 << (amount - 1) } else { 0 };
    (a + half) >> amount
}

/// The upper half of twice a product.
fn doubled(l: &Lane, a: i128, b: i128, rounds: bool) -> i128 {
    let half = if rounds { 1 << (l.bits - 1) } else { 0 };
    (2 * a * b + half) >> l.bits
}

/// Product without carries.
fn polynomial(a: i128, b: i128) -> i128 {
    let (a, b) = (a as u128, b as u64);
    (0..64).filter(|k| b >> k & 1 == 1).fold(0u128, |all, k| all ^ a << k) as i128
}

kernels! {
    same ByU {
        hadd = |_, _, a, b| (a + b) >> 1;
        qadd = |l, _, a, b| l.clamp(a + b);
        rhadd = |_, _, a, b| (a + b + 1) >> 1;
        hsub = |_, _, a, b| (a - b) >> 1;
        qsub = |l, _, a, b| l.clamp(a - b);
        shl = |l, _, a, b| shifted(l, a, b, false, false);
        qshl = |l, _, a, b| shifted(l, a, b, false, true);
        rshl = |l, _, a, b| shifted(l, a, b, true, false);
        qrshl = |l, _, a, b| shifted(l, a, b, true, true);
        max = |_, _, a, b| a.max(b);
        min = |_, _, a, b| a.min(b);
        abd = |_, _, a, b| (a - b).abs();
        aba = |_, d, a, b| d + (a - b).abs();
        greater = |l, _, a, b| l.ones(a > b);
        greater_equal = |l, _, a, b| l.ones(a >= b);
        add = |_, _, a, b| a + b;
        sub = |_, _, a, b| a - b;
        test = |l, _, a, b| l.ones(a & b != 0);
        equal = |l, _, a, b| l.ones(a == b);
        mla = |_, d, a, b| d + a * b;
        mls = |_, d, a, b| d - a * b;
        mul = |_, _, a, b| a * b;
        pmul = |_, _, a, b| polynomial(a, b);
        cls = |l, _, a, _| sign_copies(l, a);
        clz = |l, _, a, _| i128::from((a as u64).leading_zeros()) - i128::from(64 - l.bits);
        cnt = |l, _, a, _| l.unsigned(a).count_ones().into();
        rbit = |_, _, a, _| i128::from((a as u8).reverse_bits());
        suqadd = |l, d, a, _| { let a = l.unsigned(a); l.clamp(d + a) };
        usqadd = |l, d, a, _| {
            let sign = a >> (l.bits - 1) << l.bits;
            l.clamp(d + a - sign)
        };
    }
    same Signed {
        qdmulh = |l, _, a, b| { let high = doubled(l, a, b, false); l.clamp(high) };
        qrdmulh = |l, _, a, b| { let high = doubled(l, a, b, true); l.clamp(high) };
        qrdmlah = |l, d, a, b| accumulate(l, d, a * b);
        qrdmlsh = |l, d, a, b| accumulate(l, d, -(a * b));
        qabs = |l, _, a, _| l.clamp(a.abs());
        qneg = |l, _, a, _| l.clamp(-a);
        abs = |_, _, a, _| a.abs();
        neg = |_, _, a, _| -a;
        greater_zero = |l, _, a, _| l.ones(a > 0);
        greater_equal_zero = |l, _, a, _| l.ones(a >= 0);
        equal_zero = |l, _, a, _| l.ones(a == 0);
        less_zero = |l, _, a, _| l.ones(a < 0);
        less_equal_zero = |l, _, a, _| l.ones(a <= 0);
    }
    long ByU {
        addl = |_, _, a, b| a + b;
        subl = |_, _, a, b| a - b;
        abal = |_, d, a, b| d + (a - b).abs();
        abdl = |_, _, a, b| (a - b).abs();
        mlal = |_, d, a, b| d + a * b;
        mlsl = |_, d, a, b| d - a * b;
        mull = |_, _, a, b| a * b;
        qdmlal = |l, d, a, b| { let product = l.clamp(2 * a * b); l.clamp(d + product) };
        qdmlsl = |l, d, a, b| { let product = l.clamp(2 * a * b); l.clamp(d - product) };
        qdmull = |l, _, a, b| l.clamp(2 * a * b);
        shll = |l, _, a, _| a << (l.bits / 2);
    }
    wide ByU {
        addw = |_, _, a, b| a + b;
        subw = |_, _, a, b| a - b;
    }
    narrow ByU {
        addhn = |l, _, a, b| (a + b) >> l.bits;
        raddhn = |l, _, a, b| right(a + b, l.bits, true);
        subhn = |l, _, a, b| (a - b) >> l.bits;
        rsubhn = |l, _, a, b| right(a - b, l.bits, true);
        xtn = |_, _, a, _| a;
        qxtn = |l, _, a, _| l.clamp(a);
    }
    narrow Signed {
        qxtun = |l, _, a, _| l.clamp_as(a, false);
    }
    pairs ByU {
        addp = |_, _, a, b| a + b;
        maxp = |_, _, a, b| a.max(b);
        minp = |_, _, a, b| a.min(b);
    }
    long_pairs ByU {
        addlp = |_, _, a, b| a + b;
        adalp = |_, d, a, b| d + a + b;
    }
}

/// Bits below the sign bit that equal it.
fn sign_copies(l: &Lane, a: i128) -> i128 {
    let differing = (if a < 0 { !a } else { a }) as u64;
    i128::from(differing.leading_zeros()) - i128::from(64 - l.bits) - 1
}

/// SQRDMLAH and SQRDMLSH: the sum is rounded once.
fn accumulate(l: &mut Lane, d: i128, product: i128) -> i128 {
    let sum = (d << l.bits) + 2 * product + (1 << (l.bits - 1));
    l.clamp(sum >> l.bits)
}

/// ADDV.
pub(crate) fn addv(cpu: &mut Cpu, o: &Op) {
    across(cpu, o, 0, |a, b| a + b);
}

/// SADDLV and UADDLV.
pub(crate) fn addlv(cpu: &mut Cpu, o: &Op) {
    across(cpu, o, 1, |a, b| a + b);
}

/// SMAXV and UMAXV.
pub(crate) fn maxv(cpu: &mut Cpu, o: &Op) {
    across(cpu, o, 0, i128::max);
}

/// SMINV and UMINV.
pub(crate) fn minv(cpu: &mut Cpu, o: &Op) {
    across(cpu, o, 0, i128::min);
}

/// ADDP of the two doublewords of a register.
pub(crate) fn addp_scalar(cpu: &mut Cpu, o: &Op) {
    let n = cpu.vregs[o.n()];
    cpu.vregs[o.d()] = (n as u64).wrapping_add((n >> 64) as u64).into();
}

/// PMULL: of bytes, or of doublewords.
pub(crate) fn pmull(cpu: &mut Cpu, o: &Op) {
    let (n, m) = (cpu.vregs[o.n()], cpu.vregs[o.m()]);
    let mut new = 0;
    for k in 0..o.half_count() {
        let factor = |v| i128::from(lane(v, o.lane, k + o.upper()));
        let product = polynomial(factor(n), factor(m)) as u128;
        new |= product << (k << (4 + o.lane));
    }
    cpu.vregs[o.d()] = new;
}

type ShiftStep = fn(&mut Lane, i128, i128, u32) -> i128;

/// The amount of a right shift by an immediate.
pub(crate) fn right_amount(o: &Op) -> u32 {
    2 * o.bits() - o.w.bits(16, 7)
}

fn left_amount(o: &Op) -> u32 {
    o.w.bits(16, 7) - o.bits()
}

/// Shifts by an immediate from lanes of `from` to lanes of `to`, of which each is the narrow size or twice it.
fn shift(cpu: &mut Cpu, o: &Op, (from, to): (u32, u32), amount: u32, sign: Sign, step: ShiftStep) {
    let signed = sign.of(o);
    let mut l = Lane::new(to, signed);
    let (old, n) = (cpu.vregs[o.d()], cpu.vregs[o.n()]);
    let (count, source, target) = match (from == to, from < to) {
        (true, _) => (o.count(), 0, 0),
        (_, true) => (o.half_count(), o.upper(), 0),
        (_, false) => (o.half_count(), 0, o.upper()),
    };
    let mut new = if target > 0 { old & u128::from(u64::MAX) } else { 0 };
    for k in 0..count {
        let d = value(old, to, k + target, signed);
        let a = value(n, from, k + source, signed);
        set_lane(&mut new, to, k + target, step(&mut l, d, a, amount) as u64);
    }
    cpu.vregs[o.d()] = new;
    l.finish(cpu);
}

macro_rules! shifts {
    ($($amount:ident $from:literal to $to:literal $sign:ident {
        $($(#[$doc:meta])* $name:ident = $step:expr;)*
    })*) => {
        $($(
            $(#[$doc])*
            pub(crate) fn $name(cpu: &mut Cpu, o: &Op) {
                let sizes = (o.lane + $from, o.lane + $to);
                shift(cpu, o, sizes, $amount(o), Sign::$sign, $step);
            }
        )*)*
    };
}

shifts! {
    right_amount 0 to 0 ByU {
        shr = |_, _, a, s| right(a, s, false);
        sra = |_, d, a, s| d + right(a, s, false);
        rshr = |_, _, a, s| right(a, s, true);
        rsra = |_, d, a, s| d + right(a, s, true);
        sri = |l, d, a, s| {
            let moved = l.unsigned(a) >> s;
            d & !(l.unsigned(-1) >> s) | moved
        };
    }
    left_amount 0 to 0 ByU {
        shl_imm = |_, _, a, s| a << s;
        sli = |_, d, a, s| d & ((1 << s) - 1) | a << s;
        qshl_imm = |l, _, a, s| l.clamp(a << s);
    }
    left_amount 0 to 0 Signed {
        qshlu_imm = |l, _, a, s| l.clamp_as(a << s, false);
    }
    right_amount 1 to 0 ByU {
        shrn = |_, _, a, s| right(a, s, false);
        rshrn = |_, _, a, s| right(a, s, true);
        qshrn = |l, _, a, s| l.clamp(right(a, s, false));
        qrshrn = |l, _, a, s| l.clamp(right(a, s, true));
    }
    right_amount 1 to 0 Signed {
        qshrun = |l, _, a, s| l.clamp_as(right(a, s, false), false);
        qrshrun = |l, _, a, s| l.clamp_as(right(a, s, true), false);
    }
    left_amount 0 to 1 ByU {
        shll_imm = |_, _, a, s| a << s;
    }
}
