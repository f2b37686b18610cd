//! Floating point: moving numbers (Principles of Operation, chapter 9), and binary arithmetic (chapter 19).
//!
//! A floating-point register is the high half of the vector register of that number, and a short number is in its high half
//! again. Moving is plain operations, so that engines compile it; arithmetic is helpers.

use lockstep_cpu::float::{self, Double, Env, Flags, Format, Integer, Quad, Relation, Single};
use lockstep_cpu::{Cx, Emit, Exit, Mem, Size};

use crate::bfp_env::{self, Bfp, FPC_BITS, inspect, operate, rounding, settle};
use crate::exceptions::{code, dxc};
use crate::ops::{W64, address};
use crate::{Exception, Insn, Program, S390x, Text, exceptions, reg};

type Result<T> = std::result::Result<T, Exit<S390x>>;

const WORD: Mem = Mem::plain(Size::B4);
const DOUBLEWORD: Mem = Mem::plain(Size::B8);

/// The half of a vector register that is a floating-point register.
const FLOAT: u8 = 1;

fn unavailable(dxc: u8) -> Exception {
    Exception::Program(Program { detail: dxc.into(), ..Program::new(code::DATA) })
}

/// A data exception if the program may use only the four registers of old, and this is none of them.
fn check_register<E: Emit<S390x>>(e: &mut E, number: u8) -> std::result::Result<(), E::Exit> {
    if matches!(number, 0 | 2 | 4 | 6) {
        return Ok(());
    }
    let no = e.get(reg::NO_AFP);
    e.when(no, |e| e.raise(unavailable(dxc::AFP)))
}

/// The same for instructions of binary floating point, which need the facility to be switched on.
fn check_bfp<E: Emit<S390x>>(e: &mut E) -> std::result::Result<(), E::Exit> {
    let no = e.get(reg::NO_AFP);
    e.when(no, |e| e.raise(unavailable(dxc::BFP)))
}

fn specification<E: Emit<S390x>>(e: &mut E) -> std::result::Result<(), E::Exit> {
    e.raise(Exception::Program(Program::new(code::SPECIFICATION)))
}

/// The register of the other half of an extended number; none begins at every register.
const fn is_pair(number: u8) -> bool {
    number & 2 == 0
}

// Moving.

pub(crate) fn load_register<E: Emit<S390x>>(
    e: &mut E,
    i: &Insn,
) -> std::result::Result<(), E::Exit> {
    check_register(e, i.r1)?;
    check_register(e, i.r2)?;
    let value = e.vget(i.r2, FLOAT);
    e.vput(i.r1, FLOAT, value);
    Ok(())
}

/// The high half of a register changes.
fn put_short<E: Emit<S390x>>(e: &mut E, number: u8, value: E::V) {
    let (old, low) = (e.vget(number, FLOAT), e.imm(0xffff_ffff));
    let kept = e.and(W64, old, low);
    let half = e.imm(32);
    let high = e.shl(W64, value, half);
    let new = e.or(W64, kept, high);
    e.vput(number, FLOAT, new);
}

fn get_short<E: Emit<S390x>>(e: &mut E, number: u8) -> E::V {
    let (value, half) = (e.vget(number, FLOAT), e.imm(32));
    e.shr(W64, value, half)
}

pub(crate) fn load_register_short<E: Emit<S390x>>(
    e: &mut E,
    i: &Insn,
) -> std::result::Result<(), E::Exit> {
    check_register(e, i.r1)?;
    check_register(e, i.r2)?;
    let value = get_short(e, i.r2);
    put_short(e, i.r1, value);
    Ok(())
}

pub(crate) fn load_register_extended<E: Emit<S390x>>(
    e: &mut E,
    i: &Insn,
) -> std::result::Result<(), E::Exit> {
    if !is_pair(i.r1) || !is_pair(i.r2) {
        return specification(e);
    }
    for number in [i.r1, i.r2] {
        check_register(e, number)?;
    }
    let (high, low) = (e.vget(i.r2, FLOAT), e.vget(i.r2 + 2, FLOAT));
    e.vput(i.r1, FLOAT, high);
    e.vput(i.r1 + 2, FLOAT, low);
    Ok(())
}

pub(crate) fn load_zero<E: Emit<S390x>>(e: &mut E, i: &Insn) -> std::result::Result<(), E::Exit> {
    check_register(e, i.r1)?;
    let zero = e.imm(0);
    e.vput(i.r1, FLOAT, zero);
    Ok(())
}

pub(crate) fn load_zero_short<E: Emit<S390x>>(
    e: &mut E,
    i: &Insn,
) -> std::result::Result<(), E::Exit> {
    check_register(e, i.r1)?;
    let zero = e.imm(0);
    put_short(e, i.r1, zero);
    Ok(())
}

pub(crate) fn load_zero_extended<E: Emit<S390x>>(
    e: &mut E,
    i: &Insn,
) -> std::result::Result<(), E::Exit> {
    if !is_pair(i.r1) {
        return specification(e);
    }
    check_register(e, i.r1)?;
    let zero = e.imm(0);
    e.vput(i.r1, FLOAT, zero);
    e.vput(i.r1 + 2, FLOAT, zero);
    Ok(())
}

pub(crate) fn load<E: Emit<S390x>>(e: &mut E, i: &Insn) -> std::result::Result<(), E::Exit> {
    check_register(e, i.r1)?;
    let place = address(e, i);
    let value = e.load(place, DOUBLEWORD)?;
    e.vput(i.r1, FLOAT, value);
    Ok(())
}

pub(crate) fn load_short<E: Emit<S390x>>(e: &mut E, i: &Insn) -> std::result::Result<(), E::Exit> {
    check_register(e, i.r1)?;
    let place = address(e, i);
    let value = e.load(place, WORD)?;
    put_short(e, i.r1, value);
    Ok(())
}

pub(crate) fn store<E: Emit<S390x>>(e: &mut E, i: &Insn) -> std::result::Result<(), E::Exit> {
    check_register(e, i.r1)?;
    let place = address(e, i);
    let value = e.vget(i.r1, FLOAT);
    e.store(place, value, DOUBLEWORD)
}

pub(crate) fn store_short<E: Emit<S390x>>(e: &mut E, i: &Insn) -> std::result::Result<(), E::Exit> {
    check_register(e, i.r1)?;
    let place = address(e, i);
    let value = get_short(e, i.r1);
    e.store(place, value, WORD)
}

/// LOAD GR FROM FPR.
pub(crate) fn to_general<E: Emit<S390x>>(e: &mut E, i: &Insn) -> std::result::Result<(), E::Exit> {
    check_register(e, i.r2)?;
    let value = e.vget(i.r2, FLOAT);
    e.put(i.r1, value);
    Ok(())
}

/// LOAD FPR FROM GR.
pub(crate) fn from_general<E: Emit<S390x>>(
    e: &mut E,
    i: &Insn,
) -> std::result::Result<(), E::Exit> {
    check_register(e, i.r1)?;
    let value = e.get(i.r2);
    e.vput(i.r1, FLOAT, value);
    Ok(())
}

const SIGN: u64 = 1 << 63;

/// What LOAD POSITIVE, LOAD NEGATIVE and LOAD COMPLEMENT without a condition code make of the sign.
pub(crate) fn sign<E: Emit<S390x>, O: SignChange>(
    e: &mut E,
    i: &Insn,
) -> std::result::Result<(), E::Exit> {
    check_register(e, i.r1)?;
    check_register(e, i.r2)?;
    let value = e.vget(i.r2, FLOAT);
    let bit = e.imm(SIGN);
    let set = e.or(W64, value, bit);
    let result = match O::SIGN {
        NewSign::Plus => e.xor(W64, set, bit),
        NewSign::Minus => set,
        NewSign::Other => e.xor(W64, value, bit),
    };
    e.vput(i.r1, FLOAT, result);
    Ok(())
}

/// COPY SIGN.
pub(crate) fn copy_sign<E: Emit<S390x>>(e: &mut E, i: &Insn) -> std::result::Result<(), E::Exit> {
    for number in [i.r1, i.r2, i.r3] {
        check_register(e, number)?;
    }
    let (value, from) = (e.vget(i.r2, FLOAT), e.vget(i.r3, FLOAT));
    let (bit, rest) = (e.imm(SIGN), e.imm(!SIGN));
    let (sign, value) = (e.and(W64, from, bit), e.and(W64, value, rest));
    let result = e.or(W64, sign, value);
    e.vput(i.r1, FLOAT, result);
    Ok(())
}

// The control register.

/// Loads the control register; one that cannot be is a specification exception.
fn set_control(cx: &mut Cx<S390x>, value: u32) -> Result<u64> {
    if value & !FPC_BITS != 0 || bfp_env::control_rounding(value).is_none() {
        return Err(exceptions::program(code::SPECIFICATION));
    }
    cx.cpu.sys.fpc = value;
    Ok(0)
}

/// The same, and a data exception when it has a flag whose mask it has, too (LOAD FPC AND SIGNAL, SET FPC AND SIGNAL).
fn set_control_and_signal(cx: &mut Cx<S390x>, value: u32) -> Result<u64> {
    let old = cx.cpu.sys.fpc;
    set_control(cx, value)?;
    let signals = (value >> 24) as u8 & (old >> 16) as u8 & 0xf8;
    // The flags of both are set; the exception is that of the highest that is enabled.
    cx.cpu.sys.fpc |= old & 0x00f8_0000;
    match signals.leading_zeros() {
        8 => Ok(0),
        place => Err(exceptions::data((0x80 >> place) | 3)),
    }
}

fn set_rounding(cx: &mut Cx<S390x>, value: u32) -> Result<u64> {
    if bfp_env::control_rounding(value).is_none() {
        return Err(exceptions::program(code::SPECIFICATION));
    }
    cx.cpu.sys.fpc = cx.cpu.sys.fpc & !bfp_env::ROUNDING | value & bfp_env::ROUNDING;
    Ok(0)
}

fn get_control(cx: &mut Cx<S390x>, _: [u64; 3]) -> Result<u64> {
    Ok(cx.cpu.sys.fpc.into())
}

/// EXTRACT FPC.
pub(crate) fn extract_control<E: Emit<S390x>>(
    e: &mut E,
    i: &Insn,
) -> std::result::Result<(), E::Exit> {
    check_bfp(e)?;
    let none = e.imm(0);
    let value = e.call(get_control, [none; 3])?;
    crate::ops::put_low(e, i.r1, value);
    Ok(())
}

/// STORE FPC.
pub(crate) fn store_control<E: Emit<S390x>>(
    e: &mut E,
    i: &Insn,
) -> std::result::Result<(), E::Exit> {
    check_bfp(e)?;
    let place = address(e, i);
    let none = e.imm(0);
    let value = e.call(get_control, [none; 3])?;
    e.store(place, value, WORD)
}

fn load_control_with<E: Emit<S390x>>(
    e: &mut E,
    i: &Insn,
    set: lockstep_cpu::Helper<S390x>,
) -> std::result::Result<(), E::Exit> {
    check_bfp(e)?;
    let place = address(e, i);
    let value = e.load(place, WORD)?;
    e.call(set, [value; 3])?;
    Ok(())
}

/// LOAD FPC.
pub(crate) fn load_control<E: Emit<S390x>>(
    e: &mut E,
    i: &Insn,
) -> std::result::Result<(), E::Exit> {
    load_control_with(e, i, |cx, [value, ..]| set_control(cx, value as u32))
}

/// LOAD FPC AND SIGNAL.
pub(crate) fn load_control_and_signal<E: Emit<S390x>>(
    e: &mut E,
    i: &Insn,
) -> std::result::Result<(), E::Exit> {
    load_control_with(e, i, |cx, [value, ..]| set_control_and_signal(cx, value as u32))
}

fn set_control_with<E: Emit<S390x>>(
    e: &mut E,
    i: &Insn,
    set: lockstep_cpu::Helper<S390x>,
) -> std::result::Result<(), E::Exit> {
    check_bfp(e)?;
    let value = e.get(i.r1);
    e.call(set, [value; 3])?;
    Ok(())
}

/// SET FPC.
pub(crate) fn set_control_from<E: Emit<S390x>>(
    e: &mut E,
    i: &Insn,
) -> std::result::Result<(), E::Exit> {
    set_control_with(e, i, |cx, [value, ..]| set_control(cx, value as u32))
}

/// SET FPC AND SIGNAL.
pub(crate) fn set_control_and_signal_from<E: Emit<S390x>>(
    e: &mut E,
    i: &Insn,
) -> std::result::Result<(), E::Exit> {
    set_control_with(e, i, |cx, [value, ..]| set_control_and_signal(cx, value as u32))
}

/// SET BFP ROUNDING MODE: `BITS` of the address are the mode, the others are ignored or must be zero.
pub(crate) fn set_rounding_mode<E: Emit<S390x>, const BITS: u64>(
    e: &mut E,
    i: &Insn,
) -> std::result::Result<(), E::Exit> {
    check_bfp(e)?;
    let place = address(e, i);
    let bits = e.imm(BITS);
    let mode = e.and(W64, place, bits);
    e.call(
        |cx, [mode, ..]| match u32::try_from(mode) {
            Ok(mode @ 0..=7) => set_rounding(cx, mode),
            _ => Err(exceptions::program(code::SPECIFICATION)),
        },
        [mode; 3],
    )?;
    Ok(())
}

// Arithmetic.

/// A format and where its numbers are.
pub(crate) trait Number: Bfp {
    fn get(cx: &Cx<S390x>, number: u8) -> Self::Bits;
    fn put(cx: &mut Cx<S390x>, number: u8, bits: Self::Bits);
    /// Whether a register can have a number of the format.
    fn fits(number: u8) -> bool {
        let _ = number;
        true
    }
}

fn float_register(cx: &Cx<S390x>, number: u8) -> u64 {
    (cx.cpu.vregs[usize::from(number & 15)] >> 64) as u64
}

fn set_float_register(cx: &mut Cx<S390x>, number: u8, bits: u64) {
    let whole = &mut cx.cpu.vregs[usize::from(number & 15)];
    *whole = u128::from(bits) << 64 | *whole & u128::from(u64::MAX);
}

impl Number for Single {
    fn get(cx: &Cx<S390x>, number: u8) -> u32 {
        (float_register(cx, number) >> 32) as u32
    }

    fn put(cx: &mut Cx<S390x>, number: u8, bits: u32) {
        let low = float_register(cx, number) & 0xffff_ffff;
        set_float_register(cx, number, u64::from(bits) << 32 | low);
    }
}

impl Number for Double {
    fn get(cx: &Cx<S390x>, number: u8) -> u64 {
        float_register(cx, number)
    }

    fn put(cx: &mut Cx<S390x>, number: u8, bits: u64) {
        set_float_register(cx, number, bits);
    }
}

impl Number for Quad {
    fn get(cx: &Cx<S390x>, number: u8) -> u128 {
        u128::from(float_register(cx, number)) << 64 | u128::from(float_register(cx, number + 2))
    }

    fn put(cx: &mut Cx<S390x>, number: u8, bits: u128) {
        set_float_register(cx, number, (bits >> 64) as u64);
        set_float_register(cx, number + 2, bits as u64);
    }

    fn fits(number: u8) -> bool {
        is_pair(number)
    }
}

/// Numbers of registers in the formats RRE and RRF, and in RXE and RXF: [`crate::decode`] has them in an instruction's
/// operands, which helpers do not see.
#[derive(Clone, Copy)]
struct Fields(Text);

impl Fields {
    const fn r1(self) -> u8 {
        self.0.nibble(6)
    }
    const fn r2(self) -> u8 {
        self.0.nibble(7)
    }
    /// The third register or mask, of RRF and RRD.
    const fn r3(self) -> u8 {
        self.0.nibble(4)
    }
    const fn m4(self) -> u8 {
        self.0.nibble(5)
    }
    /// The first register of RXE, and the third of RXF.
    const fn x1(self) -> u8 {
        self.0.nibble(2)
    }
    /// The first register of RXF.
    const fn xf1(self) -> u8 {
        self.0.nibble(8)
    }
}

fn need<F: Number>(numbers: &[u8]) -> Result<()> {
    if numbers.iter().all(|number| F::fits(*number)) {
        Ok(())
    } else {
        Err(exceptions::program(code::SPECIFICATION))
    }
}

/// What a storage operand's bits are: helpers get them loaded.
fn loaded<F: Format>(value: u64) -> F::Bits {
    F::narrow(value.into())
}

/// Sets the condition code from a number: zero, less, greater, NaN.
fn set_cc<F: Format>(cx: &mut Cx<S390x>, bits: F::Bits) {
    let bits: u128 = bits.into();
    let magnitude = bits & !F::SIGN;
    let cc = if magnitude == 0 {
        0
    } else if magnitude > F::INFINITY {
        3
    } else if bits & F::SIGN != 0 {
        1
    } else {
        2
    };
    set_code(cx, cc);
}

fn set_code(cx: &mut Cx<S390x>, cc: u64) {
    cx.cpu.regs[usize::from(reg::CC)] = cc;
}

/// An operation of two numbers of one format.
pub(crate) trait Binary {
    /// Whether it sets the condition code.
    const SETS_CC: bool;
    fn apply<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits) -> F::Bits;
}

macro_rules! binary {
    ($($name:ident $function:ident $cc:literal)*) => {$(
        pub(crate) struct $name;
        impl Binary for $name {
            const SETS_CC: bool = $cc;
            fn apply<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits) -> F::Bits {
                float::$function::<F>(env, a, b)
            }
        }
    )*};
}

binary! {
    Add add true
    Sub sub true
    Mul mul false
    Div div false
}

fn binary_on<F: Number, O: Binary>(cx: &mut Cx<S390x>, r1: u8, b: F::Bits) -> Result<u64> {
    let a = F::get(cx, r1);
    let usual = bfp_env::usual(cx);
    let wide = |env: &mut Env| {
        let exact = || O::apply::<Quad>(env, F::widened(a), F::widened(b));
        (F::BITS < Quad::BITS).then(exact)
    };
    let done = operate::<F>(cx, usual, false, |env| O::apply::<F>(env, a, b), wide)?;
    F::put(cx, r1, done.bits);
    if O::SETS_CC {
        set_cc::<F>(cx, done.bits);
    }
    done.trap()?;
    Ok(0)
}

/// `r1 = r1 op r2`.
fn binary_registers<F: Number, O: Binary>(cx: &mut Cx<S390x>, [.., text]: [u64; 3]) -> Result<u64> {
    let f = Fields(Text(text));
    need::<F>(&[f.r1(), f.r2()])?;
    let b = F::get(cx, f.r2());
    binary_on::<F, O>(cx, f.r1(), b)
}

/// `r1 = r1 op storage`.
fn binary_storage<F: Number, O: Binary>(
    cx: &mut Cx<S390x>,
    [value, _, text]: [u64; 3],
) -> Result<u64> {
    binary_on::<F, O>(cx, Fields(Text(text)).x1(), loaded::<F>(value))
}

/// The meaning of an instruction on registers.
fn on_registers<E: Emit<S390x>>(
    e: &mut E,
    i: &Insn,
    helper: lockstep_cpu::Helper<S390x>,
) -> std::result::Result<(), E::Exit> {
    check_bfp(e)?;
    let text = e.imm(i.raw | u64::from(i.len));
    e.call(helper, [text; 3])?;
    Ok(())
}

/// The meaning of an instruction with a storage operand of so many bits.
fn on_storage<E: Emit<S390x>>(
    e: &mut E,
    i: &Insn,
    bits: u32,
    helper: lockstep_cpu::Helper<S390x>,
) -> std::result::Result<(), E::Exit> {
    check_bfp(e)?;
    let place = address(e, i);
    let value = e.load(place, if bits == 32 { WORD } else { DOUBLEWORD })?;
    let text = e.imm(i.raw | u64::from(i.len));
    e.call(helper, [value, value, text])?;
    Ok(())
}

macro_rules! meanings {
    ($($(#[$doc:meta])* $registers:ident $storage:ident <$($bound:ident: $trait:ident),*> $register_helper:ident $storage_helper:ident;)*) => {$(
        $(#[$doc])*
        pub(crate) fn $registers<E: Emit<S390x>, F: Number, $($bound: $trait),*>(
            e: &mut E,
            i: &Insn,
        ) -> std::result::Result<(), E::Exit> {
            on_registers(e, i, $register_helper::<F, $($bound),*>)
        }

        $(#[$doc])*
        pub(crate) fn $storage<E: Emit<S390x>, F: Number, $($bound: $trait),*>(
            e: &mut E,
            i: &Insn,
        ) -> std::result::Result<(), E::Exit> {
            on_storage(e, i, F::BITS, $storage_helper::<F, $($bound),*>)
        }
    )*};
}

meanings! {
    /// ADD, SUBTRACT, MULTIPLY, DIVIDE.
    arithmetic arithmetic_storage <O: Binary> binary_registers binary_storage;
    /// COMPARE, COMPARE AND SIGNAL.
    compare compare_storage <O: Comparison> compare_registers compare_with_storage;
    /// LOAD LENGTHENED.
    lengthen lengthen_storage <O: Number> lengthen_registers lengthen_from_storage;
    /// MULTIPLY with a longer product.
    multiply_long multiply_long_storage <O: Number> multiply_long_registers multiply_long_with_storage;
    /// MULTIPLY AND ADD, MULTIPLY AND SUBTRACT.
    multiply_add multiply_add_storage <O: Fused> fused_registers fused_storage;
    /// SQUARE ROOT.
    square_root square_root_storage <> root_registers root_storage;
}

/// How two numbers are compared.
pub(crate) trait Comparison {
    fn apply<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits) -> Relation;
}

pub(crate) struct Quiet;
pub(crate) struct Signalling;

impl Comparison for Quiet {
    fn apply<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits) -> Relation {
        float::compare::<F>(env, a, b)
    }
}

impl Comparison for Signalling {
    fn apply<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits) -> Relation {
        float::compare_signalling::<F>(env, a, b)
    }
}

fn compare_on<F: Number, O: Comparison>(cx: &mut Cx<S390x>, r1: u8, b: F::Bits) -> Result<u64> {
    let a = F::get(cx, r1);
    let (relation, flags) = inspect(cx, false, |env| O::apply::<F>(env, a, b))?;
    set_code(
        cx,
        match relation {
            Relation::Equal => 0,
            Relation::Less => 1,
            Relation::Greater => 2,
            Relation::Unordered => 3,
        },
    );
    settle(cx, flags, false, || false)?;
    Ok(0)
}

fn compare_registers<F: Number, O: Comparison>(
    cx: &mut Cx<S390x>,
    [.., text]: [u64; 3],
) -> Result<u64> {
    let f = Fields(Text(text));
    need::<F>(&[f.r1(), f.r2()])?;
    let b = F::get(cx, f.r2());
    compare_on::<F, O>(cx, f.r1(), b)
}

fn compare_with_storage<F: Number, O: Comparison>(
    cx: &mut Cx<S390x>,
    [value, _, text]: [u64; 3],
) -> Result<u64> {
    compare_on::<F, O>(cx, Fields(Text(text)).x1(), loaded::<F>(value))
}

/// LOAD LENGTHENED from `F` to `T`.
fn lengthen_to<F: Number, T: Number>(cx: &mut Cx<S390x>, r1: u8, a: F::Bits) -> Result<u64> {
    need::<T>(&[r1])?;
    let usual = bfp_env::usual(cx);
    let done =
        operate::<T>(cx, usual, false, |env| float::convert::<F, T>(env, a, usual), |_| None)?;
    T::put(cx, r1, done.bits);
    Ok(0)
}

fn lengthen_registers<F: Number, T: Number>(
    cx: &mut Cx<S390x>,
    [.., text]: [u64; 3],
) -> Result<u64> {
    let f = Fields(Text(text));
    let a = F::get(cx, f.r2());
    lengthen_to::<F, T>(cx, f.r1(), a)
}

fn lengthen_from_storage<F: Number, T: Number>(
    cx: &mut Cx<S390x>,
    [value, _, text]: [u64; 3],
) -> Result<u64> {
    lengthen_to::<F, T>(cx, Fields(Text(text)).x1(), loaded::<F>(value))
}

/// The product of two numbers of `F`, in `T`: it is exact.
fn product_to<F: Number, T: Number>(cx: &mut Cx<S390x>, r1: u8, b: F::Bits) -> Result<u64> {
    need::<T>(&[r1])?;
    let a = F::get(cx, r1);
    let usual = bfp_env::usual(cx);
    let product = |env: &mut Env| {
        // Lengthening would make signalling NaNs quiet, one after the other: the first one has to come out.
        let (x, y) = (float::convert::<F, T>(env, a, usual), float::convert::<F, T>(env, b, usual));
        if env.flags.contains(Flags::INVALID) && !is_signalling::<F>(a) {
            return y;
        }
        float::mul::<T>(env, x, y)
    };
    let done = operate::<T>(cx, usual, false, product, |_| None)?;
    T::put(cx, r1, done.bits);
    done.trap()?;
    Ok(0)
}

fn is_signalling<F: Format>(bits: F::Bits) -> bool {
    let magnitude = bits.into() & !F::SIGN;
    magnitude > F::INFINITY && magnitude & F::QUIET == 0
}

fn multiply_long_registers<F: Number, T: Number>(
    cx: &mut Cx<S390x>,
    [.., text]: [u64; 3],
) -> Result<u64> {
    let f = Fields(Text(text));
    let b = F::get(cx, f.r2());
    product_to::<F, T>(cx, f.r1(), b)
}

fn multiply_long_with_storage<F: Number, T: Number>(
    cx: &mut Cx<S390x>,
    [value, _, text]: [u64; 3],
) -> Result<u64> {
    product_to::<F, T>(cx, Fields(Text(text)).x1(), loaded::<F>(value))
}

/// A product and the sum or difference with an addend.
pub(crate) trait Fused {
    const NEGATE: float::Negate;
}

pub(crate) struct Plus;
pub(crate) struct Minus;

impl Fused for Plus {
    const NEGATE: float::Negate = float::Negate { product: false, addend: false, result: false };
}

impl Fused for Minus {
    const NEGATE: float::Negate = float::Negate { product: false, addend: true, result: false };
}

/// `r1 = r3 * b op r1`.
fn fused_on<F: Number, O: Fused>(cx: &mut Cx<S390x>, r1: u8, r3: u8, b: F::Bits) -> Result<u64> {
    let (a, c) = (F::get(cx, r3), F::get(cx, r1));
    let usual = bfp_env::usual(cx);
    let wide = |env: &mut Env| {
        let [a, b, c] = [a, b, c].map(F::widened);
        Some(float::fma_negating::<Quad>(env, b, a, c, O::NEGATE))
    };
    let op = |env: &mut Env| float::fma_negating::<F>(env, b, a, c, O::NEGATE);
    let done = operate::<F>(cx, usual, false, op, wide)?;
    F::put(cx, r1, done.bits);
    done.trap()?;
    Ok(0)
}

fn fused_registers<F: Number, O: Fused>(cx: &mut Cx<S390x>, [.., text]: [u64; 3]) -> Result<u64> {
    let f = Fields(Text(text));
    // Format RRD: the first register is where the others have the third.
    let b = F::get(cx, f.r2());
    fused_on::<F, O>(cx, f.r3(), f.r1(), b)
}

fn fused_storage<F: Number, O: Fused>(
    cx: &mut Cx<S390x>,
    [value, _, text]: [u64; 3],
) -> Result<u64> {
    let f = Fields(Text(text));
    fused_on::<F, O>(cx, f.xf1(), f.x1(), loaded::<F>(value))
}

fn root_of<F: Number>(cx: &mut Cx<S390x>, r1: u8, a: F::Bits) -> Result<u64> {
    need::<F>(&[r1])?;
    let usual = bfp_env::usual(cx);
    let done = operate::<F>(cx, usual, false, |env| float::sqrt::<F>(env, a), |_| None)?;
    F::put(cx, r1, done.bits);
    done.trap()?;
    Ok(0)
}

fn root_registers<F: Number>(cx: &mut Cx<S390x>, [.., text]: [u64; 3]) -> Result<u64> {
    let f = Fields(Text(text));
    need::<F>(&[f.r2()])?;
    let a = F::get(cx, f.r2());
    root_of::<F>(cx, f.r1(), a)
}

fn root_storage<F: Number>(cx: &mut Cx<S390x>, [value, _, text]: [u64; 3]) -> Result<u64> {
    root_of::<F>(cx, Fields(Text(text)).x1(), loaded::<F>(value))
}

/// LOAD AND TEST: a signalling NaN is an exception, and becomes quiet.
fn load_and_test_helper<F: Number>(cx: &mut Cx<S390x>, [.., text]: [u64; 3]) -> Result<u64> {
    let f = Fields(Text(text));
    need::<F>(&[f.r1(), f.r2()])?;
    let a = F::get(cx, f.r2());
    let usual = bfp_env::usual(cx);
    // Exact in its own format, and so neither tiny nor inexact.
    let (bits, flags) = inspect(cx, false, |env| float::convert::<F, F>(env, a, usual))?;
    F::put(cx, f.r1(), bits);
    set_cc::<F>(cx, bits);
    settle(cx, flags, false, || false)?;
    Ok(0)
}

/// LOAD AND TEST.
pub(crate) fn load_and_test<E: Emit<S390x>, F: Number>(
    e: &mut E,
    i: &Insn,
) -> std::result::Result<(), E::Exit> {
    on_registers(e, i, load_and_test_helper::<F>)
}

/// What becomes of a sign.
#[derive(Clone, Copy)]
pub(crate) enum NewSign {
    Plus,
    Minus,
    Other,
}

/// LOAD COMPLEMENT, LOAD NEGATIVE and LOAD POSITIVE; NaNs are no exception.
pub(crate) trait SignChange {
    const SIGN: NewSign;
    fn apply<F: Format>(bits: u128) -> u128 {
        match Self::SIGN {
            NewSign::Plus => bits & !F::SIGN,
            NewSign::Minus => bits | F::SIGN,
            NewSign::Other => bits ^ F::SIGN,
        }
    }
}

pub(crate) struct Complement;
pub(crate) struct Negative;
pub(crate) struct Positive;

impl SignChange for Complement {
    const SIGN: NewSign = NewSign::Other;
}

impl SignChange for Negative {
    const SIGN: NewSign = NewSign::Minus;
}

impl SignChange for Positive {
    const SIGN: NewSign = NewSign::Plus;
}

fn change_sign_helper<F: Number, O: SignChange>(
    cx: &mut Cx<S390x>,
    [.., text]: [u64; 3],
) -> Result<u64> {
    let f = Fields(Text(text));
    need::<F>(&[f.r1(), f.r2()])?;
    let bits = F::narrow(O::apply::<F>(F::get(cx, f.r2()).into()));
    F::put(cx, f.r1(), bits);
    set_cc::<F>(cx, bits);
    Ok(0)
}

/// LOAD COMPLEMENT, LOAD NEGATIVE, LOAD POSITIVE of binary floating point.
pub(crate) fn change_sign<E: Emit<S390x>, F: Number, O: SignChange>(
    e: &mut E,
    i: &Insn,
) -> std::result::Result<(), E::Exit> {
    on_registers(e, i, change_sign_helper::<F, O>)
}

/// In a modifier: inexact is no exception.
const QUIET_INEXACT: u8 = 4;

/// LOAD ROUNDED from `F` to `T`.
fn round_helper<F: Number, T: Number>(cx: &mut Cx<S390x>, [.., text]: [u64; 3]) -> Result<u64> {
    let f = Fields(Text(text));
    if F::BITS == Quad::BITS {
        // The result is in the first of a pair, too.
        need::<F>(&[f.r1(), f.r2()])?;
    }
    let how = rounding(cx, f.r3())?;
    let a = F::get(cx, f.r2());
    let quiet = f.m4() & QUIET_INEXACT != 0;
    let op = |env: &mut Env| float::convert::<F, T>(env, a, env.rounding);
    let done = operate::<T>(cx, how, quiet, op, |_| Some(F::widened(a)))?;
    T::put(cx, f.r1(), done.bits);
    done.trap()?;
    Ok(0)
}

/// LOAD ROUNDED.
pub(crate) fn load_rounded<E: Emit<S390x>, F: Number, T: Number>(
    e: &mut E,
    i: &Insn,
) -> std::result::Result<(), E::Exit> {
    on_registers(e, i, round_helper::<F, T>)
}

fn integer_helper<F: Number>(cx: &mut Cx<S390x>, [.., text]: [u64; 3]) -> Result<u64> {
    let f = Fields(Text(text));
    need::<F>(&[f.r1(), f.r2()])?;
    let how = rounding(cx, f.r3())?;
    let a = F::get(cx, f.r2());
    let quiet = f.m4() & QUIET_INEXACT != 0;
    let op = |env: &mut Env| float::round_to_integral::<F>(env, a, env.rounding, true);
    let done = operate::<F>(cx, how, quiet, op, |_| Some(F::widened(a)))?;
    F::put(cx, f.r1(), done.bits);
    done.trap()?;
    Ok(0)
}

/// LOAD FP INTEGER.
pub(crate) fn load_integer<E: Emit<S390x>, F: Number>(
    e: &mut E,
    i: &Insn,
) -> std::result::Result<(), E::Exit> {
    on_registers(e, i, integer_helper::<F>)
}

/// A fixed-point operand: its width, and whether it has a sign.
fn from_fixed_helper<F: Number, const BITS: u32, const SIGNED: bool>(
    cx: &mut Cx<S390x>,
    [.., text]: [u64; 3],
) -> Result<u64> {
    let f = Fields(Text(text));
    need::<F>(&[f.r1()])?;
    let how = rounding(cx, f.r3())?;
    let value = cx.cpu.regs[usize::from(f.r2())];
    let value = match (BITS, SIGNED) {
        (32, true) => i128::from(value as i32),
        (32, false) => i128::from(value as u32),
        (_, true) => i128::from(value as i64),
        (_, false) => i128::from(value),
    };
    let quiet = f.m4() & QUIET_INEXACT != 0;
    let op = |env: &mut Env| float::from_int::<F>(env, value, 0, env.rounding);
    let done = operate::<F>(cx, how, quiet, op, |_| None)?;
    F::put(cx, f.r1(), done.bits);
    done.trap()?;
    Ok(0)
}

/// CONVERT FROM FIXED, CONVERT FROM LOGICAL.
pub(crate) fn from_fixed<E: Emit<S390x>, F: Number, const BITS: u32, const SIGNED: bool>(
    e: &mut E,
    i: &Insn,
) -> std::result::Result<(), E::Exit> {
    on_registers(e, i, from_fixed_helper::<F, BITS, SIGNED>)
}

fn to_fixed_helper<F: Number, const BITS: u32, const SIGNED: bool>(
    cx: &mut Cx<S390x>,
    [.., text]: [u64; 3],
) -> Result<u64> {
    let f = Fields(Text(text));
    need::<F>(&[f.r2()])?;
    let how = rounding(cx, f.r3())?;
    let a = F::get(cx, f.r2());
    let quiet = f.m4() & QUIET_INEXACT != 0;
    let to = Integer { bits: BITS, signed: SIGNED };
    let convert = |env: &mut Env, how| float::to_int::<F>(env, a, to, 0, how);
    let (value, flags) = inspect(cx, quiet, |env| convert(env, how))?;
    let register = &mut cx.cpu.regs[usize::from(f.r1())];
    *register = if BITS == 32 { *register >> 32 << 32 | value } else { value };
    if flags.contains(Flags::INVALID) {
        set_code(cx, 3);
    } else {
        set_cc::<F>(cx, a);
    }
    settle(cx, flags, quiet, || convert(&mut Env::s390x(), float::Rounding::TowardZero) != value)?;
    Ok(0)
}

/// CONVERT TO FIXED, CONVERT TO LOGICAL.
pub(crate) fn to_fixed<E: Emit<S390x>, F: Number, const BITS: u32, const SIGNED: bool>(
    e: &mut E,
    i: &Insn,
) -> std::result::Result<(), E::Exit> {
    on_registers(e, i, to_fixed_helper::<F, BITS, SIGNED>)
}

/// TEST DATA CLASS: the address's last twelve bits name the classes.
fn class_helper<F: Number>(cx: &mut Cx<S390x>, [place, _, text]: [u64; 3]) -> Result<u64> {
    let r1 = Fields(Text(text)).x1();
    need::<F>(&[r1])?;
    let bits: u128 = F::get(cx, r1).into();
    let magnitude = bits & !F::SIGN;
    // Zero, normal, subnormal, infinity, quiet NaN, signalling NaN; plus before minus.
    let class = if magnitude == 0 {
        0
    } else if magnitude > F::INFINITY {
        if magnitude & F::QUIET != 0 { 4 } else { 5 }
    } else if magnitude == F::INFINITY {
        3
    } else if magnitude >= F::QUIET << 1 {
        1
    } else {
        2
    };
    let bit = 11 - (2 * class + u32::from(bits & F::SIGN != 0));
    set_code(cx, place >> bit & 1);
    Ok(0)
}

/// TEST DATA CLASS.
pub(crate) fn test_class<E: Emit<S390x>, F: Number>(
    e: &mut E,
    i: &Insn,
) -> std::result::Result<(), E::Exit> {
    check_bfp(e)?;
    let place = address(e, i);
    let text = e.imm(i.raw | u64::from(i.len));
    e.call(class_helper::<F>, [place, place, text])?;
    Ok(())
}

/// DIVIDE TO INTEGER: a quotient that is an integer, and the remainder. The quotient goes to the third register, the remainder
/// to the first. When the quotient has more places than the format, it is only a part of it, rounded to zero, and the
/// remainder is that of the part.
fn divide_to_integer_helper<F: Number>(cx: &mut Cx<S390x>, [.., text]: [u64; 3]) -> Result<u64> {
    let f = Fields(Text(text));
    let (r1, r2, r3) = (f.r1(), f.r2(), f.r3());
    if r1 == r2 || r2 == r3 || r1 == r3 {
        return Err(exceptions::program(code::SPECIFICATION));
    }
    let how = rounding(cx, f.m4())?;
    let (a, b) = (F::get(cx, r1), F::get(cx, r2));
    let divide = |env: &mut Env| divide_exactly::<F>(env, a, b, how);
    let (found, flags) = inspect(cx, false, divide)?;
    F::put(cx, r1, found.remainder);
    F::put(cx, r3, found.quotient);
    set_code(cx, found.cc);
    settle(cx, flags, false, || false)?;
    Ok(0)
}

struct Division<B> {
    quotient: B,
    remainder: B,
    cc: u64,
}

fn divide_exactly<F: Number>(
    env: &mut Env,
    a: F::Bits,
    b: F::Bits,
    how: float::Rounding,
) -> Division<F::Bits> {
    // In the widest format the quotient of shorter numbers is that of the exact one, to its last odd place.
    let (x, y) = (F::widened(a), F::widened(b));
    let mut odd = Env { rounding: float::Rounding::ToOdd, ..Env::s390x() };
    let is_nan = |bits: F::Bits| bits.into() & !F::SIGN > F::INFINITY;
    let infinite = |bits: F::Bits| bits.into() & !F::SIGN == F::INFINITY;
    let zero = |bits: F::Bits| bits.into() & !F::SIGN == 0;
    if is_nan(a) || is_nan(b) || infinite(a) || zero(b) {
        // NaNs come out as of any operation; infinity and division by zero have no remainder.
        let nan = if is_nan(a) || is_nan(b) {
            float::add::<F>(env, a, b)
        } else {
            float::sub::<F>(env, F::narrow(F::INFINITY), F::narrow(F::INFINITY))
        };
        return Division { quotient: nan, remainder: nan, cc: 1 };
    }
    let sign = (a.into() ^ b.into()) & F::SIGN;
    if infinite(b) || zero(a) {
        return Division { quotient: F::narrow(sign), remainder: a, cc: 0 };
    }
    let exact = float::div::<Quad>(&mut odd, x, y);
    let exponent = (exact >> 112 & 0x7fff) as i32 - 16383;
    let places = F::FRAC as i32 + 1;
    let whole = if exponent < places {
        float::round_to_integral::<Quad>(&mut Env::s390x(), exact, how, false)
    } else {
        exact
    };
    let partial = exponent >= places;
    let to_zero = float::Rounding::TowardZero;
    let too_large = exponent > F::EMAX;
    let rounded = if too_large {
        let by = Quad::narrow(Quad::power(-F::ALPHA));
        let scaled = float::mul::<Quad>(&mut Env::s390x(), whole, by);
        float::convert::<Quad, F>(&mut Env::s390x(), scaled, to_zero)
    } else {
        float::convert::<Quad, F>(&mut Env::s390x(), whole, to_zero)
    };
    let mut factor = F::widened(rounded);
    if too_large {
        let by = Quad::narrow(Quad::power(F::ALPHA));
        factor = float::mul::<Quad>(&mut Env::s390x(), factor, by);
    }
    let negated = float::Negate { product: true, addend: false, result: false };
    let rest = float::fma_negating::<Quad>(&mut Env::s390x(), factor, y, x, negated);
    let mut remainder = float::convert::<Quad, F>(env, rest, to_zero);
    if remainder.into() & !F::SIGN == 0 {
        // A zero has the dividend's sign.
        remainder = F::narrow(a.into() & F::SIGN);
    }
    let cc = match (partial, too_large) {
        (false, _) => 0,
        (true, false) => 2,
        (true, true) => 3,
    };
    Division { quotient: rounded, remainder, cc }
}

/// DIVIDE TO INTEGER.
pub(crate) fn divide_to_integer<E: Emit<S390x>, F: Number>(
    e: &mut E,
    i: &Insn,
) -> std::result::Result<(), E::Exit> {
    on_registers(e, i, divide_to_integer_helper::<F>)
}
