//! Which NaN comes out, by tables from the architecture's pseudo-code.

use crate::float::{
    Double, Env, Flags, Format, Half, InfTimesZero, NanOrder, NanRules, NanToInt, Negate, Rounding,
    Single, add, convert, div, fma, fma_negating, max, max_num, min, min_num, mul, mul_extended,
    neg, recip_estimate, recip_exponent, recip_sqrt_estimate, recip_sqrt_step, recip_step,
    round_to_integral, sqrt, sub, to_int,
};

const ONE: u32 = 0x3f80_0000;
const INF: u32 = 0x7f80_0000;
const DEFAULT: u32 = 0x7fc0_0000;
/// Signalling, payloads 1 and 2, the second negative; then the quiet ones that they become.
const S1: u32 = 0x7f80_0001;
const S2: u32 = 0xff80_0002;
const S1_QUIET: u32 = 0x7fc0_0001;
const S2_QUIET: u32 = 0xffc0_0002;
/// Quiet, payloads 3 and 4, the second negative.
const Q3: u32 = 0x7fc0_0003;
const Q4: u32 = 0xffc0_0004;

type Binary = fn(&mut Env, u32, u32) -> u32;

/// Arithmetic on two operands.
const BINARY: [Binary; 5] =
    [add::<Single>, sub::<Single>, mul::<Single>, div::<Single>, mul_extended::<Single>];
const EXTREMES: [Binary; 2] = [max::<Single>, min::<Single>];

fn rules(nan: NanRules) -> Env {
    Env { nan, ..Env::arm() }
}

/// Catches the second operand's NaN taken before the first's, a quiet one before a signalling one, a payload or sign
/// lost, a signalling one left so, and invalid raised for a quiet one or not for a signalling one.
#[test]
fn arm_takes_the_first_signalling_nan_else_the_first() {
    let table = [
        (Q3, ONE, Q3, false),
        (ONE, Q4, Q4, false),
        (Q3, Q4, Q3, false),
        (Q4, Q3, Q4, false),
        (S1, ONE, S1_QUIET, true),
        (ONE, S2, S2_QUIET, true),
        (S1, S2, S1_QUIET, true),
        (S2, S1, S2_QUIET, true),
        (Q3, S2, S2_QUIET, true),
        (S1, Q4, S1_QUIET, true),
        (INF, Q4, Q4, false),
        (0, Q4, Q4, false),
    ];
    for (a, b, nan, invalid) in table {
        for operation in BINARY.iter().chain(&EXTREMES) {
            let mut env = Env::arm();
            assert_eq!(operation(&mut env, a, b), nan, "{a:x} {b:x}");
            assert_eq!(env.flags == Flags::INVALID, invalid, "{a:x} {b:x}");
            assert!(invalid || env.flags == Flags::NONE);
            let mut env = rules(NanRules { default_only: true, ..NanRules::ARM });
            assert_eq!(operation(&mut env, a, b), DEFAULT, "{a:x} {b:x} with default NaNs");
            assert_eq!(env.flags == Flags::INVALID, invalid, "{a:x} {b:x}");
        }
    }
}

/// Catches an order that ignores the parameter, and a default NaN that ignores its sign.
#[test]
fn other_guests_take_other_nans() {
    let mut env = rules(NanRules { order: NanOrder::Last, default_sign: true, ..NanRules::ARM });
    assert_eq!(add::<Single>(&mut env, S1, Q4), Q4);
    assert_eq!(add::<Single>(&mut env, Q3, S2), S2_QUIET);
    assert_eq!(add::<Single>(&mut env, Q3, ONE), Q3);
    assert_eq!(sub::<Single>(&mut env, INF, INF), DEFAULT | 1 << 31);
    let mut env = rules(NanRules { order: NanOrder::First, ..NanRules::ARM });
    assert_eq!(add::<Single>(&mut env, Q3, S2), Q3);
    assert_eq!(env.flags, Flags::INVALID);
}

/// Catches an operation without a result that is not invalid or not the default NaN.
#[test]
fn no_result_is_the_default_nan() {
    let minus_inf = INF | 1 << 31;
    let table: [(Binary, u32, u32); 9] = [
        (add::<Single>, INF, minus_inf),
        (add::<Single>, minus_inf, INF),
        (sub::<Single>, INF, INF),
        (mul::<Single>, INF, 0),
        (mul::<Single>, 1 << 31, INF),
        (div::<Single>, 0, 0),
        (div::<Single>, INF, minus_inf),
        (|env, a, _| sqrt::<Single>(env, a), ONE | 1 << 31, 0),
        (|env, a, _| recip_sqrt_estimate::<Single>(env, a), minus_inf, 0),
    ];
    for (operation, a, b) in table {
        let mut env = Env::arm();
        assert_eq!(operation(&mut env, a, b), DEFAULT, "{a:x} {b:x}");
        assert_eq!(env.flags, Flags::INVALID);
    }
}

/// Catches the addend's place in the order, and what (infinity * 0) plus a NaN is: the default NaN if that is quiet,
/// itself if it signals; and either is invalid.
#[test]
fn arm_fused_multiply_add_takes_the_addend_first() {
    let table = [
        (Q3, Q4, ONE, Q3, false),
        (Q3, ONE, Q4, Q4, false),
        (ONE, Q3, Q4, Q4, false),
        (S1, ONE, Q4, S1_QUIET, true),
        (ONE, S2, Q4, S2_QUIET, true),
        (S1, Q3, S2, S2_QUIET, true),
        (S1, S2, Q3, S1_QUIET, true),
        (INF, 0, Q4, DEFAULT, true),
        (0, INF, Q3, DEFAULT, true),
        (INF, 0, S2, S2_QUIET, true),
        (INF, 0, ONE, DEFAULT, true),
        (INF, ONE, INF | 1 << 31, DEFAULT, true),
        (INF, Q3, ONE, Q3, false),
    ];
    for (a, b, c, nan, invalid) in table {
        let mut env = Env::arm();
        assert_eq!(fma::<Single>(&mut env, a, b, c), nan, "{a:x} {b:x} {c:x}");
        assert_eq!(env.flags == Flags::INVALID, invalid, "{a:x} {b:x} {c:x}");
    }
}

/// Catches the fused multiply-add's parameters not being used, and a NaN negated by what negates numbers alone.
#[test]
fn other_fused_multiply_adds_take_the_addend_last() {
    let last = NanRules { addend_first: false, ..NanRules::ARM };
    let mut env = rules(NanRules { inf_times_zero: InfTimesZero::Default, ..last });
    assert_eq!(fma::<Single>(&mut env, Q3, Q4, Q4), Q3);
    assert_eq!(env.flags, Flags::NONE);
    assert_eq!(fma::<Single>(&mut env, INF, 0, S1), DEFAULT);
    let mut env = rules(NanRules { inf_times_zero: InfTimesZero::Propagate, ..last });
    assert_eq!(fma::<Single>(&mut env, INF, 0, Q4), Q4);
    assert_eq!(env.flags, Flags::NONE);

    let two = 0x4000_0000;
    let sign = 1 << 31;
    for bits in 0..8 {
        let on = |bit: u32| bits >> bit & 1 != 0;
        let negate = Negate { product: on(0), addend: on(1), result: on(2) };
        let mut env = Env::arm();
        assert_eq!(fma_negating::<Single>(&mut env, ONE, ONE, Q3, negate), Q3);
        // +-1 +- 2, and its negation.
        let sum = if on(0) == on(1) { 0x4040_0000 } else { ONE };
        let negative = on(1) ^ on(2);
        let expected = if negative { sum | sign } else { sum };
        assert_eq!(fma_negating::<Single>(&mut env, ONE, ONE, two, negate), expected, "{negate:?}");
    }
}

/// Catches a quiet NaN that wins over a number, or a signalling one that does not win.
#[test]
fn numbers_win_over_quiet_nans() {
    for operation in [max_num::<Single>, min_num::<Single>] {
        for number in [ONE, ONE | 1 << 31, 0, 1 << 31, INF, INF | 1 << 31] {
            for quiet in [Q3, Q4] {
                let mut env = Env::arm();
                assert_eq!(operation(&mut env, number, quiet), number);
                assert_eq!(operation(&mut env, quiet, number), number);
                assert_eq!(env.flags, Flags::NONE);
            }
        }
        let mut env = Env::arm();
        assert_eq!(operation(&mut env, Q3, Q4), Q3);
        assert_eq!(env.flags, Flags::NONE);
        assert_eq!(operation(&mut env, Q3, S2), S2_QUIET);
        assert_eq!(operation(&mut env, S1, ONE), S1_QUIET);
        assert_eq!(env.flags, Flags::INVALID);
    }
}

/// Catches a unary operation that has its own idea of NaNs, and steps that do not negate their first operand.
#[test]
fn operations_on_one_operand_make_it_quiet() {
    let unary: [fn(&mut Env, u32) -> u32; 5] = [
        sqrt::<Single>,
        recip_estimate::<Single>,
        recip_sqrt_estimate::<Single>,
        recip_exponent::<Single>,
        |env, a| round_to_integral::<Single>(env, a, Rounding::Up, true),
    ];
    for operation in unary {
        for (a, nan, invalid) in [(S2, S2_QUIET, true), (Q4, Q4, false), (S1, S1_QUIET, true)] {
            let mut env = Env::arm();
            assert_eq!(operation(&mut env, a), nan);
            assert_eq!(env.flags == Flags::INVALID, invalid);
        }
    }
    for step in [recip_step::<Single>, recip_sqrt_step::<Single>] {
        let mut env = Env::arm();
        assert_eq!(step(&mut env, Q3, ONE), neg::<Single>(Q3));
        assert_eq!(step(&mut env, ONE, Q4), Q4);
        assert_eq!(env.flags, Flags::NONE);
        assert_eq!(step(&mut env, Q3, S2), S2_QUIET);
    }
}

/// Catches a payload that is not kept from its top when the format changes, and a NaN that is a number as an integer.
#[test]
fn conversions_keep_the_top_of_the_payload() {
    let mut env = Env::arm();
    let even = Rounding::NearestEven;
    assert_eq!(convert::<Single, Double>(&mut env, Q4, even), 0xfff8_0000_8000_0000);
    assert_eq!(env.flags, Flags::NONE);
    assert_eq!(convert::<Single, Double>(&mut env, S2, even), 0xfff8_0000_4000_0000);
    assert_eq!(env.flags, Flags::INVALID);
    assert_eq!(convert::<Double, Single>(&mut env, 0x7ff0_0000_1fff_ffff, even), DEFAULT);
    assert_eq!(convert::<Double, Single>(&mut env, 0xfff4_0000_2000_0000, even), 0xffe0_0001);
    assert_eq!(convert::<Single, Half>(&mut env, 0x7fbf_e000, even), 0x7fff);
    assert_eq!(convert::<Half, Single>(&mut env, 0xfd01, even), 0xffe0_2000);
    let to = crate::float::Integer::I32;
    assert_eq!(to_int::<Single>(&mut env, Q4, to, 0, even), 0);
    env.nan.to_int = NanToInt::Lowest;
    assert_eq!(to_int::<Single>(&mut env, Q4, to, 0, even), 1 << 31);
    env.nan.default_only = true;
    assert_eq!(
        convert::<Half, Double>(&mut env, 0xfd01, even),
        (Double::INFINITY | Double::QUIET) as u64
    );
}

/// Catches the alternative binary16 having infinities or NaNs, or its largest exponent missing, either way round.
#[test]
fn alternative_half_has_numbers_only() {
    let even = Rounding::NearestEven;
    let to = |a: u32| {
        let mut env = Env { alternative_half: true, ..Env::arm() };
        (convert::<Single, Half>(&mut env, a, even), env.flags)
    };
    assert_eq!(to(INF), (0x7fff, Flags::INVALID));
    assert_eq!(to(INF | 1 << 31), (0xffff, Flags::INVALID));
    assert_eq!(to(Q4), (0x8000, Flags::INVALID));
    assert_eq!(to(S1), (0, Flags::INVALID));
    assert_eq!(to(0x4780_0000), (0x7c00, Flags::NONE), "65536");
    assert_eq!(to(0x47ff_e000), (0x7fff, Flags::NONE), "131008");
    assert_eq!(to(0x47ff_efff), (0x7fff, Flags::INEXACT));
    assert_eq!(to(0x47ff_f000), (0x7fff, Flags::INVALID), "131040 rounds to 2^17");
    assert_eq!(to(0xc800_0000), (0xffff, Flags::INVALID), "-2^17");
    let mut env = Env { alternative_half: true, ..Env::arm() };
    for (half, single) in [(0x7c00, 0x4780_0000), (0xffff, 0xc7ff_e000), (0x7d01, 0x47a0_2000)] {
        assert_eq!(convert::<Half, Single>(&mut env, half, even), single);
    }
    assert_eq!(env.flags, Flags::NONE);
    assert_eq!(add::<Half>(&mut env, 0x7c00, 0xfc00), 0x7e00, "arithmetic takes no notice");
}
