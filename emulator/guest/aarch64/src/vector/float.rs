//! Floating point on lanes, and on scalars, which are vectors of one lane.
//!
//! The arithmetic is `lockstep_cpu::float`'s; here are the modes of FPCR and the flags of FPSR, the loops over lanes, and
//! which operation an instruction is.

use lockstep_cpu::float::{self as ieee, Double, Env, Half, Integer, Relation, Rounding, Single};

use super::integer::right_amount;
use super::{Op, lane, set_lane};
use crate::registers::{Cpu, fpcr};

/// The environment that FPCR and FPSR make.
fn environment(cpu: &Cpu) -> Env {
    let control = cpu.sys.fpcr;
    let mut env = Env::arm();
    env.rounding = match control >> fpcr::RMODE_SHIFT & 3 {
        0 => Rounding::NearestEven,
        1 => Rounding::Up,
        2 => Rounding::Down,
        _ => Rounding::TowardZero,
    };
    env.nan.default_only = control & fpcr::DN != 0;
    env.flush_inputs = control & fpcr::FZ != 0;
    env.flush_outputs = env.flush_inputs;
    env.flush_half = control & fpcr::FZ16 != 0;
    env.alternative_half = control & fpcr::AHP != 0;
    env
}

/// Does something in the environment of the registers, and accumulates its flags.
fn within<T>(cpu: &mut Cpu, run: impl FnOnce(&mut Cpu, &mut Env) -> T) -> T {
    let mut env = environment(cpu);
    let result = run(cpu, &mut env);
    cpu.sys.fpsr |= u64::from(env.flags.bits());
    result
}

/// Calls an operation of the library for the format of the lanes: double, single or half.
macro_rules! by_lane {
    ($o:expr, $operation:ident($env:expr $(, $operand:expr)*)) => {
        match $o.lane {
            3 => ieee::$operation::<Double>($env $(, $operand)*),
            2 => u64::from(ieee::$operation::<Single>($env $(, $operand as u32)*)),
            _ => u64::from(ieee::$operation::<Half>($env $(, $operand as u16)*)),
        }
    };
}

type Step = fn(&mut Env, &Op, u64, u64, u64) -> u64;

/// Of the second operand, the lane beside lane `k` of the first.
fn second(cpu: &Cpu, o: &Op, k: u32) -> u64 {
    if o.by_element() {
        let (register, index) = o.element();
        lane(cpu.vregs[register], o.lane, index)
    } else {
        lane(cpu.vregs[o.m()], o.lane, k)
    }
}

/// Every lane from the lanes of destination and sources beside it.
fn same(cpu: &mut Cpu, o: &Op, step: Step) {
    within(cpu, |cpu, env| {
        let (old, n, mut new) = (cpu.vregs[o.d()], cpu.vregs[o.n()], 0);
        for k in 0..o.count() {
            let b = second(cpu, o, k);
            let result = step(env, o, lane(old, o.lane, k), lane(n, o.lane, k), b);
            set_lane(&mut new, o.lane, k, result);
        }
        cpu.vregs[o.d()] = new;
    });
}

/// From neighbours in the first source, then in the second.
fn pairs(cpu: &mut Cpu, o: &Op, step: Step) {
    within(cpu, |cpu, env| {
        let mut new = 0;
        for k in 0..o.count() {
            let (register, from) = match k.checked_sub(o.count() / 2) {
                None => (o.n(), 2 * k),
                Some(rest) => (o.m(), 2 * rest),
            };
            let v = cpu.vregs[register];
            let result = step(env, o, 0, lane(v, o.lane, from), lane(v, o.lane, from + 1));
            set_lane(&mut new, o.lane, k, result);
        }
        cpu.vregs[o.d()] = new;
    });
}

/// One lane from the lowest two.
fn one_pair(cpu: &mut Cpu, o: &Op, step: Step) {
    within(cpu, |cpu, env| {
        let n = cpu.vregs[o.n()];
        cpu.vregs[o.d()] = step(env, o, 0, lane(n, o.lane, 0), lane(n, o.lane, 1)).into();
    });
}

/// One lane from all, of which there are four or eight: of pairs, of which then pairs, of which then the pair.
fn across(cpu: &mut Cpu, o: &Op, step: Step) {
    within(cpu, |cpu, env| {
        let (n, mut count) = (cpu.vregs[o.n()], o.count());
        let mut lanes: [u64; 8] = std::array::from_fn(|k| lane(n, o.lane, k as u32 % count));
        while count > 1 {
            count /= 2;
            for k in 0..count as usize {
                lanes[k] = step(env, o, 0, lanes[2 * k], lanes[2 * k + 1]);
            }
        }
        cpu.vregs[o.d()] = lanes[0].into();
    });
}

macro_rules! kernels {
    ($($loop_:ident { $($name:ident = $step:expr;)* })*) => {
        $($(
            /// The instruction of this name.
            pub(crate) fn $name(cpu: &mut Cpu, o: &Op) {
                $loop_(cpu, o, $step);
            }
        )*)*
    };
}

fn negative(o: &Op, a: u64) -> u64 {
    a ^ 1 << (o.bits() - 1)
}

fn magnitude(o: &Op, a: u64) -> u64 {
    a & !(1 << (o.bits() - 1))
}

/// How two lanes compare. Signalling NaNs are invalid, and with `all_nans` quiet ones are, too.
fn related(env: &mut Env, o: &Op, a: u64, b: u64, all_nans: bool) -> Relation {
    match (o.lane, all_nans) {
        (3, false) => ieee::compare::<Double>(env, a, b),
        (3, true) => ieee::compare_signalling::<Double>(env, a, b),
        (2, false) => ieee::compare::<Single>(env, a as u32, b as u32),
        (2, true) => ieee::compare_signalling::<Single>(env, a as u32, b as u32),
        (_, false) => ieee::compare::<Half>(env, a as u16, b as u16),
        (_, true) => ieee::compare_signalling::<Half>(env, a as u16, b as u16),
    }
}

/// Ones when the relation is one of these. Order comparisons find all NaNs invalid, equality only signalling ones.
fn ones_if(env: &mut Env, o: &Op, a: u64, b: u64, wanted: &[Relation]) -> u64 {
    let only_equal = wanted == [Relation::Equal];
    let relation = related(env, o, a, b, !only_equal);
    if wanted.contains(&relation) { u64::MAX } else { 0 }
}

const EQUAL: &[Relation] = &[Relation::Equal];
const GREATER: &[Relation] = &[Relation::Greater];
const GREATER_EQUAL: &[Relation] = &[Relation::Greater, Relation::Equal];
const LESS: &[Relation] = &[Relation::Less];
const LESS_EQUAL: &[Relation] = &[Relation::Less, Relation::Equal];

fn rounded(env: &mut Env, o: &Op, a: u64, rounding: Rounding, exact: bool) -> u64 {
    match o.lane {
        3 => ieee::round_to_integral::<Double>(env, a, rounding, exact),
        2 => ieee::round_to_integral::<Single>(env, a as u32, rounding, exact).into(),
        _ => ieee::round_to_integral::<Half>(env, a as u16, rounding, exact).into(),
    }
}

fn integer(env: &mut Env, o: &Op, a: u64, to: Integer, fbits: u32, rounding: Rounding) -> u64 {
    match o.lane {
        3 => ieee::to_int::<Double>(env, a, to, fbits, rounding),
        2 => ieee::to_int::<Single>(env, a as u32, to, fbits, rounding),
        _ => ieee::to_int::<Half>(env, a as u16, to, fbits, rounding),
    }
}

/// To an integer as wide as the lane.
fn lane_integer(env: &mut Env, o: &Op, a: u64, fbits: u32, rounding: Rounding) -> u64 {
    let to = Integer { bits: o.bits(), signed: !o.w.bit(29) };
    integer(env, o, a, to, fbits, rounding)
}

fn from_value(env: &mut Env, o: &Op, value: i128, fbits: u32) -> u64 {
    let rounding = env.rounding;
    match o.lane {
        3 => ieee::from_int::<Double>(env, value, fbits, rounding),
        2 => ieee::from_int::<Single>(env, value, fbits, rounding).into(),
        _ => ieee::from_int::<Half>(env, value, fbits, rounding).into(),
    }
}

fn lane_value(o: &Op, a: u64) -> i128 {
    extended(a, o.bits(), !o.w.bit(29))
}

fn extended(a: u64, bits: u32, signed: bool) -> i128 {
    let up = 64 - bits;
    if signed { i128::from((a << up) as i64 >> up) } else { i128::from(a << up >> up) }
}

fn sum(env: &mut Env, o: &Op, a: u64, b: u64, c: u64) -> u64 {
    by_lane!(o, fma(env, a, b, c))
}

kernels! {
    same {
        add = |e, o, _, a, b| by_lane!(o, add(e, a, b));
        sub = |e, o, _, a, b| by_lane!(o, sub(e, a, b));
        mul = |e, o, _, a, b| by_lane!(o, mul(e, a, b));
        div = |e, o, _, a, b| by_lane!(o, div(e, a, b));
        nmul = |e, o, _, a, b| negative(o, by_lane!(o, mul(e, a, b)));
        mulx = |e, o, _, a, b| by_lane!(o, mul_extended(e, a, b));
        max = |e, o, _, a, b| by_lane!(o, max(e, a, b));
        min = |e, o, _, a, b| by_lane!(o, min(e, a, b));
        maxnm = |e, o, _, a, b| by_lane!(o, max_num(e, a, b));
        minnm = |e, o, _, a, b| by_lane!(o, min_num(e, a, b));
        mla = |e, o, d, a, b| sum(e, o, a, b, d);
        mls = |e, o, d, a, b| sum(e, o, negative(o, a), b, d);
        abd = |e, o, _, a, b| magnitude(o, by_lane!(o, sub(e, a, b)));
        recps = |e, o, _, a, b| by_lane!(o, recip_step(e, a, b));
        rsqrts = |e, o, _, a, b| by_lane!(o, recip_sqrt_step(e, a, b));
        equal = |e, o, _, a, b| ones_if(e, o, a, b, EQUAL);
        greater = |e, o, _, a, b| ones_if(e, o, a, b, GREATER);
        greater_equal = |e, o, _, a, b| ones_if(e, o, a, b, GREATER_EQUAL);
        abs_greater = |e, o, _, a, b| ones_if(e, o, magnitude(o, a), magnitude(o, b), GREATER);
        abs_greater_equal = |e, o, _, a, b| {
            ones_if(e, o, magnitude(o, a), magnitude(o, b), GREATER_EQUAL)
        };
        equal_zero = |e, o, _, a, _| ones_if(e, o, a, 0, EQUAL);
        greater_zero = |e, o, _, a, _| ones_if(e, o, a, 0, GREATER);
        greater_equal_zero = |e, o, _, a, _| ones_if(e, o, a, 0, GREATER_EQUAL);
        less_zero = |e, o, _, a, _| ones_if(e, o, a, 0, LESS);
        less_equal_zero = |e, o, _, a, _| ones_if(e, o, a, 0, LESS_EQUAL);
        abs = |_, o, _, a, _| magnitude(o, a);
        neg = |_, o, _, a, _| negative(o, a);
        sqrt = |e, o, _, a, _| by_lane!(o, sqrt(e, a));
        rintn = |e, o, _, a, _| rounded(e, o, a, Rounding::NearestEven, false);
        rinta = |e, o, _, a, _| rounded(e, o, a, Rounding::NearestAway, false);
        rintp = |e, o, _, a, _| rounded(e, o, a, Rounding::Up, false);
        rintm = |e, o, _, a, _| rounded(e, o, a, Rounding::Down, false);
        rintz = |e, o, _, a, _| rounded(e, o, a, Rounding::TowardZero, false);
        rinti = |e, o, _, a, _| rounded(e, o, a, e.rounding, false);
        rintx = |e, o, _, a, _| rounded(e, o, a, e.rounding, true);
        cvtn = |e, o, _, a, _| lane_integer(e, o, a, 0, Rounding::NearestEven);
        cvta = |e, o, _, a, _| lane_integer(e, o, a, 0, Rounding::NearestAway);
        cvtp = |e, o, _, a, _| lane_integer(e, o, a, 0, Rounding::Up);
        cvtm = |e, o, _, a, _| lane_integer(e, o, a, 0, Rounding::Down);
        cvtz = |e, o, _, a, _| lane_integer(e, o, a, 0, Rounding::TowardZero);
        cvtz_fixed = |e, o, _, a, _| lane_integer(e, o, a, right_amount(o), Rounding::TowardZero);
        cvtf = |e, o, _, a, _| from_value(e, o, lane_value(o, a), 0);
        cvtf_fixed = |e, o, _, a, _| from_value(e, o, lane_value(o, a), right_amount(o));
        recpe = |e, o, _, a, _| by_lane!(o, recip_estimate(e, a));
        rsqrte = |e, o, _, a, _| by_lane!(o, recip_sqrt_estimate(e, a));
        recpx = |e, o, _, a, _| by_lane!(o, recip_exponent(e, a));
        urecpe = |_, _, _, a, _| ieee::unsigned_recip_estimate(a as u32).into();
        ursqrte = |_, _, _, a, _| ieee::unsigned_recip_sqrt_estimate(a as u32).into();
    }
    pairs {
        addp = |e, o, _, a, b| by_lane!(o, add(e, a, b));
        maxp = |e, o, _, a, b| by_lane!(o, max(e, a, b));
        minp = |e, o, _, a, b| by_lane!(o, min(e, a, b));
        maxnmp = |e, o, _, a, b| by_lane!(o, max_num(e, a, b));
        minnmp = |e, o, _, a, b| by_lane!(o, min_num(e, a, b));
    }
    one_pair {
        addp_scalar = |e, o, _, a, b| by_lane!(o, add(e, a, b));
        maxp_scalar = |e, o, _, a, b| by_lane!(o, max(e, a, b));
        minp_scalar = |e, o, _, a, b| by_lane!(o, min(e, a, b));
        maxnmp_scalar = |e, o, _, a, b| by_lane!(o, max_num(e, a, b));
        minnmp_scalar = |e, o, _, a, b| by_lane!(o, min_num(e, a, b));
    }
    across {
        maxv = |e, o, _, a, b| by_lane!(o, max(e, a, b));
        minv = |e, o, _, a, b| by_lane!(o, min(e, a, b));
        maxnmv = |e, o, _, a, b| by_lane!(o, max_num(e, a, b));
        minnmv = |e, o, _, a, b| by_lane!(o, min_num(e, a, b));
    }
}

/// FMADD, FMSUB, FNMADD, FNMSUB: what is negated is an operand, NaN or not.
pub(crate) fn fused(cpu: &mut Cpu, o: &Op) {
    within(cpu, |cpu, env| {
        let operand = |register: usize, negated: bool| {
            let value = lane(cpu.vregs[register], o.lane, 0);
            if negated { negative(o, value) } else { value }
        };
        let (o1, o0) = (o.w.bit(21), o.w.bit(15));
        let (n, m, a) = (operand(o.n(), o0 != o1), operand(o.m(), false), operand(o.a(), o1));
        cpu.vregs[o.d()] = sum(env, o, n, m, a).into();
    });
}

/// From one format to another: `log2` are of the bytes.
fn converted(env: &mut Env, a: u64, from: u32, to: u32, rounding: Rounding) -> u64 {
    match (from, to) {
        (1, 2) => ieee::convert::<Half, Single>(env, a as u16, rounding).into(),
        (1, 3) => ieee::convert::<Half, Double>(env, a as u16, rounding),
        (2, 1) => ieee::convert::<Single, Half>(env, a as u32, rounding).into(),
        (2, 3) => ieee::convert::<Single, Double>(env, a as u32, rounding),
        (3, 1) => ieee::convert::<Double, Half>(env, a, rounding).into(),
        _ => ieee::convert::<Double, Single>(env, a, rounding).into(),
    }
}

/// FCVT.
pub(crate) fn convert(cpu: &mut Cpu, o: &Op) {
    let log2 = |code: u32| match code {
        0 => 2,
        1 => 3,
        _ => 1,
    };
    let (from, to) = (log2(o.w.bits(22, 2)), log2(o.w.bits(15, 2)));
    within(cpu, |cpu, env| {
        let a = lane(cpu.vregs[o.n()], from, 0);
        cpu.vregs[o.d()] = converted(env, a, from, to, env.rounding).into();
    });
}

fn narrow_rounding(cpu: &mut Cpu, o: &Op, rounding: Option<Rounding>) {
    within(cpu, |cpu, env| {
        let rounding = rounding.unwrap_or(env.rounding);
        let n = cpu.vregs[o.n()];
        let mut new = if o.upper() > 0 { cpu.vregs[o.d()] & u128::from(u64::MAX) } else { 0 };
        for k in 0..o.half_count() {
            let a = lane(n, o.lane + 1, k);
            let result = converted(env, a, o.lane + 1, o.lane, rounding);
            set_lane(&mut new, o.lane, k + o.upper(), result);
        }
        cpu.vregs[o.d()] = new;
    });
}

/// FCVTN.
pub(crate) fn narrow(cpu: &mut Cpu, o: &Op) {
    narrow_rounding(cpu, o, None);
}

/// FCVTXN.
pub(crate) fn narrow_odd(cpu: &mut Cpu, o: &Op) {
    narrow_rounding(cpu, o, Some(Rounding::ToOdd));
}

/// FCVTL.
pub(crate) fn lengthen(cpu: &mut Cpu, o: &Op) {
    within(cpu, |cpu, env| {
        let (n, mut new) = (cpu.vregs[o.n()], 0);
        for k in 0..o.half_count() {
            let a = lane(n, o.lane, k + o.upper());
            set_lane(&mut new, o.lane + 1, k, converted(env, a, o.lane, o.lane + 1, env.rounding));
        }
        cpu.vregs[o.d()] = new;
    });
}

/// The flags N, Z, C, V (8, 4, 2, 1) of a scalar comparison. Bit 3 of the encoding compares with zero and bit 4 finds quiet
/// NaNs invalid, both in the field `opcode2`; FCCMPE has the latter there, too.
pub(crate) fn compare(cpu: &mut Cpu, o: &Op) -> u64 {
    let conditional = o.w.bits(10, 2) == 1;
    let with_zero = !conditional && o.w.bit(3);
    within(cpu, |cpu, env| {
        let a = lane(cpu.vregs[o.n()], o.lane, 0);
        let b = if with_zero { 0 } else { lane(cpu.vregs[o.m()], o.lane, 0) };
        match related(env, o, a, b, o.w.bit(4)) {
            Relation::Less => 8,
            Relation::Equal => 6,
            Relation::Greater => 2,
            Relation::Unordered => 3,
        }
    })
}

/// The fraction bits of a conversion with a general register: none, unless bit 21 is clear.
fn fraction_bits(o: &Op) -> u32 {
    if o.w.bit(21) { 0 } else { 64 - o.w.bits(10, 6) }
}

fn general(o: &Op) -> Integer {
    Integer { bits: if o.w.bit(31) { 64 } else { 32 }, signed: !o.w.bit(16) }
}

/// FCVT to a general register. Bit 18 says that ties go away from zero, whatever the field of the rounding says.
pub(crate) fn to_integer(cpu: &mut Cpu, o: &Op) -> u64 {
    let rounding = match (o.w.bit(18), o.w.bits(19, 2)) {
        (true, _) => Rounding::NearestAway,
        (_, 0) => Rounding::NearestEven,
        (_, 1) => Rounding::Up,
        (_, 2) => Rounding::Down,
        _ => Rounding::TowardZero,
    };
    within(cpu, |cpu, env| {
        let a = lane(cpu.vregs[o.n()], o.lane, 0);
        integer(env, o, a, general(o), fraction_bits(o), rounding)
    })
}

/// SCVTF and UCVTF from a general register.
pub(crate) fn from_integer(cpu: &mut Cpu, o: &Op) {
    let from = general(o);
    within(cpu, |cpu, env| {
        let value = extended(o.x, from.bits, from.signed);
        cpu.vregs[o.d()] = from_value(env, o, value, fraction_bits(o)).into();
    });
}
