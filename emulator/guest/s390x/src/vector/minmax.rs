//! VECTOR FP MINIMUM and MAXIMUM: five ways to choose, as programming languages have them.
//!
//! They differ in what becomes of NaNs and of zeros with different signs. Otherwise the number that is greater, or lesser, is the
//! result. With eight more as its function code, an instruction takes both without their signs.

use lockstep_cpu::Cx;
use lockstep_cpu::float::{self as ieee, Double, Env, Flags, Format, Quad, Relation, Single};

use super::float::{by_format, compute, lanes, number, set_number};
use super::*;
use crate::float_control::current;

/// The way, by the function code without its first bit.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// IEEE's maxNum and minNum.
    Ieee,
    /// Java's Math.max and Math.min.
    Java,
    /// The macro of C: `a > b ? a : b`.
    Macro,
    /// The algorithm of C++: `a < b ? b : a`.
    Algorithm,
    /// fmax and fmin of C.
    Function,
}

/// The magnitude alone is compared.
const ABSOLUTE: u8 = 8;

fn way(field: u8) -> Result<Way, Exit<S390x>> {
    Ok(match field & !ABSOLUTE {
        0 => Way::Ieee,
        1 => Way::Java,
        2 => Way::Macro,
        3 => Way::Algorithm,
        4 => Way::Function,
        _ => return Err(program(code::SPECIFICATION)),
    })
}

pub(super) fn of(cx: &mut Cx<S390x>, o: Op, maximum: bool) -> Helped {
    require(o.field(7) & 7 == 0)?;
    let way = way(o.field(6))?;
    by_format!(o.field(8), choose_all(cx, o, way, maximum))
}

fn choose_all<F: Format>(cx: &mut Cx<S390x>, o: Op, way: Way, maximum: bool) -> Helped {
    let (a, b) = (get(cx, o.v2()), get(cx, o.v3()));
    let absolute = o.field(6) & ABSOLUTE != 0;
    let mut result = 0;
    compute(cx, current(cx), lanes::<F>(o), |env, k| {
        let (a, b) = (number::<F>(a, k), number::<F>(b, k));
        let chosen = match way {
            Way::Ieee if absolute => by_magnitude::<F>(env, a, b, maximum),
            Way::Ieee if maximum => ieee::max_num::<F>(env, a, b),
            Way::Ieee => ieee::min_num::<F>(env, a, b),
            _ if absolute => choose::<F>(env, positive::<F>(a), positive::<F>(b), way, maximum),
            _ => choose::<F>(env, a, b, way, maximum),
        };
        set_number::<F>(&mut result, k, chosen);
    })?;
    put(cx, o.v1(), result);
    Ok(0)
}

fn positive<F: Format>(value: F::Bits) -> F::Bits {
    F::narrow(value.into() & !F::SIGN)
}

fn is_nan<F: Format>(value: F::Bits) -> bool {
    value.into() & !F::SIGN > F::INFINITY
}

fn signals<F: Format>(value: F::Bits) -> bool {
    is_nan::<F>(value) && value.into() & F::QUIET == 0
}

fn quiet<F: Format>(value: F::Bits) -> F::Bits {
    F::narrow(value.into() | F::QUIET)
}

/// Of numbers with different magnitudes the one whose magnitude is wanted, with its sign; else as without.
fn by_magnitude<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits, maximum: bool) -> F::Bits {
    let (x, y) = (positive::<F>(a).into(), positive::<F>(b).into());
    if is_nan::<F>(a) || is_nan::<F>(b) || x == y {
        return if maximum { ieee::max_num::<F>(env, a, b) } else { ieee::min_num::<F>(env, a, b) };
    }
    if (x > y) == maximum { a } else { b }
}

fn choose<F: Format>(env: &mut Env, a: F::Bits, b: F::Bits, way: Way, maximum: bool) -> F::Bits {
    let first = |first: bool| if first { a } else { b };
    if is_nan::<F>(a) || is_nan::<F>(b) {
        let is_signalling = signals::<F>(a) || signals::<F>(b);
        if is_signalling || matches!(way, Way::Macro | Way::Algorithm) {
            env.flags |= Flags::INVALID;
        }
        return match way {
            Way::Java if signals::<F>(a) => quiet::<F>(a),
            Way::Java if signals::<F>(b) => quiet::<F>(b),
            Way::Macro => b,
            Way::Algorithm => a,
            Way::Function => first(is_nan::<F>(b)),
            _ => first(is_nan::<F>(a)),
        };
    }
    let negative = a.into() & F::SIGN != 0;
    match ieee::compare::<F>(env, a, b) {
        Relation::Equal if positive::<F>(a).into() == 0 => match way {
            Way::Macro => b,
            Way::Algorithm => a,
            _ => first(negative != maximum),
        },
        Relation::Greater => first(maximum),
        Relation::Less => first(!maximum),
        _ => a,
    }
}
