//! What `rustc_apfloat` says, and where its flags are not the standard's, a comparison in a format with room.
//!
//! Its underflow is not any of the standard's, and it has no overflow where the largest number is the result.

use rustc_apfloat::{Float, FloatConvert, Round, Status, StatusAnd, ieee};

use crate::float::{Double, Flags, Format, Half, Quad, Rounding, Single, Tininess};

/// A format that the reference has too.
pub(super) trait Known: Format {
    type Reference: Float + FloatConvert<ieee::Quad>;

    fn from_quad(quad: ieee::Quad, round: Round) -> StatusAnd<Self::Reference>;
}

macro_rules! known {
    ($($format:ident)*) => {$(
        impl Known for $format {
            type Reference = ieee::$format;

            fn from_quad(quad: ieee::Quad, round: Round) -> StatusAnd<ieee::$format> {
                quad.convert_r(round, &mut false)
            }
        }
    )*};
}

known!(Half Single Double Quad);

/// A result: nothing for a NaN, of which the reference knows no more than that it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) value: Option<u128>,
    pub(super) flags: Flags,
}

impl Outcome {
    pub(super) fn of<F: Format>(value: u128, flags: Flags) -> Self {
        let nan = value & !F::SIGN > F::INFINITY;
        Self { value: (!nan).then_some(value), flags }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Add,
    Sub,
    Mul,
    Div,
    Fma,
}

pub(super) fn round(rounding: Rounding) -> Round {
    match rounding {
        Rounding::NearestEven => Round::NearestTiesToEven,
        Rounding::NearestAway => Round::NearestTiesToAway,
        Rounding::TowardZero | Rounding::ToOdd => Round::TowardZero,
        Rounding::Up => Round::TowardPositive,
        Rounding::Down => Round::TowardNegative,
    }
}

fn apply<T: Float>(operation: Operation, [a, b, c]: [T; 3], round: Round) -> StatusAnd<T> {
    match operation {
        Operation::Add => a.add_r(b, round),
        Operation::Sub => a.sub_r(b, round),
        Operation::Mul => a.mul_r(b, round),
        Operation::Div => a.div_r(b, round),
        Operation::Fma => a.mul_add_r(b, c, round),
    }
}

pub(super) fn is_signalling<F: Format>(bits: u128) -> bool {
    let magnitude = bits & !F::SIGN;
    magnitude > F::INFINITY && magnitude & F::QUIET == 0
}

/// The reference's flags, without underflow.
pub(super) fn flags(status: Status) -> Flags {
    let mut flags = Flags::NONE;
    for (theirs, ours) in [
        (Status::INVALID_OP, Flags::INVALID),
        (Status::DIV_BY_ZERO, Flags::DIVIDE_BY_ZERO),
        (Status::OVERFLOW, Flags::OVERFLOW),
        (Status::INEXACT, Flags::INEXACT),
    ] {
        if status.contains(theirs) {
            flags |= ours;
        }
    }
    flags
}

/// What an operation should make of operands that are in the first `count` places.
pub(super) fn outcome<F: Known>(
    operation: Operation,
    operands: [u128; 3],
    rounding: Rounding,
    tininess: Tininess,
) -> Outcome {
    let known = operands.map(F::Reference::from_bits);
    let result = apply(operation, known, round(rounding));
    let flags = flags(result.status);
    let used = if operation == Operation::Fma { 3 } else { 2 };
    let signals = operands[..used].iter().any(|&operand| is_signalling::<F>(operand));
    let flags = if signals { flags | Flags::INVALID } else { flags };
    let mut value = result.value.to_bits();
    if rounding == Rounding::ToOdd && flags.contains(Flags::INEXACT) {
        value |= 1;
    }
    let mut outcome = Outcome::of::<F>(value, flags);
    if flags.contains(Flags::INEXACT) && F::BITS < 128 {
        let exact = exact_toward_zero::<F>(operation, operands);
        outcome.flags |= range_flags::<F>(&exact, rounding, tininess);
    } else if flags.contains(Flags::INEXACT) {
        let quads = operands.map(widened::<F>);
        outcome.flags |= quad_range_flags(operation, quads, rounding, tininess);
    }
    outcome
}

/// Overflow or underflow of an inexact binary128 result: no format is wider, so the operands are moved away from the
/// end of the range that the result is near, where the result is rounded as if there were no end.
fn quad_range_flags(
    operation: Operation,
    operands: [ieee::Quad; 3],
    rounding: Rounding,
    tininess: Tininess,
) -> Flags {
    const FAR: i32 = 400;
    let magnitude = |by: i32, rounding| {
        apply(operation, moved(operation, operands, by), round(rounding)).value.abs()
    };
    let tiny_rounding =
        if tininess == Tininess::BeforeRounding { Rounding::TowardZero } else { rounding };
    let least = ieee::Quad::from_bits(Quad::power(Quad::EMIN + FAR));
    let too_large = ieee::Quad::from_bits(Quad::power(Quad::EMAX + 1 - FAR));
    if magnitude(FAR, tiny_rounding) < least {
        Flags::UNDERFLOW
    } else if magnitude(-FAR, rounding) >= too_large {
        Flags::OVERFLOW
    } else {
        Flags::NONE
    }
}

/// Operands whose exact result is 2^`by` times that of these.
fn moved(operation: Operation, [a, b, c]: [ieee::Quad; 3], by: i32) -> [ieee::Quad; 3] {
    // A term that would vanish stays: near the large end any small one decides as much.
    let least = ieee::Quad::smallest_normalized();
    let move_a = match operation {
        Operation::Mul | Operation::Fma => (a.abs() < b.abs()) == (by > 0),
        _ => true,
    };
    let move_b = !move_a || matches!(operation, Operation::Add | Operation::Sub);
    let moved = |number: ieee::Quad, moves| match moves {
        true if number.is_non_zero() && number.scalbn(by).abs() < least => least.copy_sign(number),
        true => number.scalbn(by),
        false => number,
    };
    [moved(a, move_a), moved(b, move_b), moved(c, true)]
}

/// Overflow or underflow of an inexact result, from its value in binary128 rounded toward zero.
pub(super) fn range_flags<F: Format>(
    exact: &StatusAnd<ieee::Quad>,
    rounding: Rounding,
    tininess: Tininess,
) -> Flags {
    if exact.value.abs().to_bits() >= Quad::power(F::EMAX + 1) {
        Flags::OVERFLOW
    } else if is_tiny::<F>(exact, rounding, tininess) {
        Flags::UNDERFLOW
    } else {
        Flags::NONE
    }
}

/// Whether a result is tiny, from its value in binary128 rounded toward zero.
///
/// Comparing that with a number that binary128 has is as good as comparing the exact value, unless they are equal and
/// it was inexact.
fn is_tiny<F: Format>(
    exact: &StatusAnd<ieee::Quad>,
    rounding: Rounding,
    tininess: Tininess,
) -> bool {
    let magnitude = exact.value.abs().to_bits();
    let smallest_normal = Quad::power(F::EMIN);
    // Below it the places of a number of the format's precision are half as far apart.
    let place = 1 << (Quad::FRAC - F::FRAC);
    let negative = exact.value.is_negative();
    let rounds_to_normal = match rounding {
        Rounding::NearestEven | Rounding::NearestAway => magnitude >= smallest_normal - place / 2,
        Rounding::Up if !negative => above(magnitude, exact.status, smallest_normal - place),
        Rounding::Down if negative => above(magnitude, exact.status, smallest_normal - place),
        _ => false,
    };
    magnitude < smallest_normal && !(tininess == Tininess::AfterRounding && rounds_to_normal)
}

fn above(truncated: u128, status: Status, bound: u128) -> bool {
    truncated > bound || truncated == bound && status.contains(Status::INEXACT)
}

/// What a binary128 number should be in another format.
pub(super) fn narrowed<F: Known>(
    quad: ieee::Quad,
    rounding: Rounding,
    tininess: Tininess,
) -> Outcome {
    let result = F::from_quad(quad, round(rounding));
    let mut flags = flags(result.status);
    let mut value = result.value.to_bits();
    if flags.contains(Flags::INEXACT) {
        value |= u128::from(rounding == Rounding::ToOdd);
        flags |= range_flags::<F>(&Status::OK.and(quad), rounding, tininess);
    }
    Outcome::of::<F>(value, flags)
}

/// A number as binary128.
pub(super) fn widened<F: Known>(bits: u128) -> ieee::Quad {
    F::Reference::from_bits(bits).convert(&mut false).value
}

/// A number below 2^100 as an integer, and whether it was not one.
pub(super) fn integer(quad: ieee::Quad, rounding: Rounding) -> (i128, bool) {
    let result = quad.to_i128_r(120, round(rounding), &mut false);
    let inexact = result.status.contains(Status::INEXACT);
    let away = if quad.is_negative() { -1 } else { 1 };
    let to_odd = rounding == Rounding::ToOdd && inexact && result.value & 1 == 0;
    (result.value + if to_odd { away } else { 0 }, inexact)
}

/// The exact result in binary128, rounded toward zero.
pub(super) fn exact_toward_zero<F: Known>(
    operation: Operation,
    operands: [u128; 3],
) -> StatusAnd<ieee::Quad> {
    apply(operation, operands.map(widened::<F>), Round::TowardZero)
}
