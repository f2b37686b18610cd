//! The instructions, group by group in the order of the manual's index by encoding (section C4.1).
//!
//! A line has the row's name, its encoding (`.` is any bit; fields are set apart), the format that takes its operands
//! out of the encoding and prints them, and its meaning. The name up to the first `_` is the mnemonic; a final
//! `_w` or `_x` is the size of its registers. Encodings that no row covers are undefined.

use lockstep_cpu::{Emit, Meaning};

use super::Row;
use crate::atomics::{Clr, Set, Smax, Smin, Swp, Umax, Umin};
use crate::decode::Format;
use crate::memory_ops::{Index, Literal, Offset, Post, Pre, User};
use crate::ops::*;
use crate::{Aarch64, Insn, atomics, branch, conditional, flags, integer, memory_ops, system};

instructions! {
    // PC-relative addresses.
    adr_x           "0 .. 10000 ................... ....."      PcRelative            integer::adr;
    adrp_x          "1 .. 10000 ................... ....."      PcRelativePage        integer::adrp;

    // Sums with an immediate. Bit 23 set (tagged addresses) is not in Armv8.0.
    add_imm_w       "0 00 100010 . ............ ..... ....."    SumImmediate          integer::sum_imm::<_, W, Add>;
    adds_imm_w      "0 01 100010 . ............ ..... ....."    SumImmediateFlags     integer::sum_imm::<_, W, Adds>;
    sub_imm_w       "0 10 100010 . ............ ..... ....."    SumImmediate          integer::sum_imm::<_, W, Sub>;
    subs_imm_w      "0 11 100010 . ............ ..... ....."    SumImmediateFlags     integer::sum_imm::<_, W, Subs>;
    add_imm_x       "1 00 100010 . ............ ..... ....."    SumImmediate          integer::sum_imm::<_, X, Add>;
    adds_imm_x      "1 01 100010 . ............ ..... ....."    SumImmediateFlags     integer::sum_imm::<_, X, Adds>;
    sub_imm_x       "1 10 100010 . ............ ..... ....."    SumImmediate          integer::sum_imm::<_, X, Sub>;
    subs_imm_x      "1 11 100010 . ............ ..... ....."    SumImmediateFlags     integer::sum_imm::<_, X, Subs>;

    // Bitwise operations with a bitmask immediate.
    and_imm_w       "0 00 100100 0 ...... ...... ..... ....."   LogicalImmediate      integer::logical_imm::<_, W, And>;
    orr_imm_w       "0 01 100100 0 ...... ...... ..... ....."   LogicalImmediate      integer::logical_imm::<_, W, Orr>;
    eor_imm_w       "0 10 100100 0 ...... ...... ..... ....."   LogicalImmediate      integer::logical_imm::<_, W, Eor>;
    ands_imm_w      "0 11 100100 0 ...... ...... ..... ....."   LogicalImmediateFlags integer::logical_imm::<_, W, Ands>;
    and_imm_x       "1 00 100100 . ...... ...... ..... ....."   LogicalImmediate      integer::logical_imm::<_, X, And>;
    orr_imm_x       "1 01 100100 . ...... ...... ..... ....."   LogicalImmediate      integer::logical_imm::<_, X, Orr>;
    eor_imm_x       "1 10 100100 . ...... ...... ..... ....."   LogicalImmediate      integer::logical_imm::<_, X, Eor>;
    ands_imm_x      "1 11 100100 . ...... ...... ..... ....."   LogicalImmediateFlags integer::logical_imm::<_, X, Ands>;

    // Wide moves.
    movn_w          "0 00 100101 0. ................ ....."     MoveWide              integer::constant;
    movz_w          "0 10 100101 0. ................ ....."     MoveWide              integer::constant;
    movk_w          "0 11 100101 0. ................ ....."     MoveKeep              integer::movk::<_, W>;
    movn_x          "1 00 100101 .. ................ ....."     MoveWide              integer::constant;
    movz_x          "1 10 100101 .. ................ ....."     MoveWide              integer::constant;
    movk_x          "1 11 100101 .. ................ ....."     MoveKeep              integer::movk::<_, X>;

    // Bitfields and extraction. N equals sf, and the W forms have no bit numbers above 31.
    sbfm_w          "0 00 100110 0 0..... 0..... ..... ....."   Bitfield              integer::bitfield::<_, W, Asr>;
    bfm_w           "0 01 100110 0 0..... 0..... ..... ....."   BitfieldInsert        integer::bfm::<_, W>;
    ubfm_w          "0 10 100110 0 0..... 0..... ..... ....."   Bitfield              integer::bitfield::<_, W, Lsr>;
    extr_w          "0 00 100111 0 0 ..... 0..... ..... ....."  Extract               integer::extr::<_, W>;
    sbfm_x          "1 00 100110 1 ...... ...... ..... ....."   Bitfield              integer::bitfield::<_, X, Asr>;
    bfm_x           "1 01 100110 1 ...... ...... ..... ....."   BitfieldInsert        integer::bfm::<_, X>;
    ubfm_x          "1 10 100110 1 ...... ...... ..... ....."   Bitfield              integer::bitfield::<_, X, Lsr>;
    extr_x          "1 00 100111 1 0 ..... ...... ..... ....."  Extract               integer::extr::<_, X>;

    // Bitwise operations with a shifted register: a row per kind of shift, so that meanings need not ask.
    and_lsl_w       "0 00 01010 00 0 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, And, Lsl>;
    and_lsr_w       "0 00 01010 01 0 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, And, Lsr>;
    and_asr_w       "0 00 01010 10 0 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, And, Asr>;
    and_ror_w       "0 00 01010 11 0 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, And, Ror>;
    bic_lsl_w       "0 00 01010 00 1 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Bic, Lsl>;
    bic_lsr_w       "0 00 01010 01 1 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Bic, Lsr>;
    bic_asr_w       "0 00 01010 10 1 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Bic, Asr>;
    bic_ror_w       "0 00 01010 11 1 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Bic, Ror>;
    orr_lsl_w       "0 01 01010 00 0 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Orr, Lsl>;
    orr_lsr_w       "0 01 01010 01 0 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Orr, Lsr>;
    orr_asr_w       "0 01 01010 10 0 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Orr, Asr>;
    orr_ror_w       "0 01 01010 11 0 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Orr, Ror>;
    orn_lsl_w       "0 01 01010 00 1 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Orn, Lsl>;
    orn_lsr_w       "0 01 01010 01 1 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Orn, Lsr>;
    orn_asr_w       "0 01 01010 10 1 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Orn, Asr>;
    orn_ror_w       "0 01 01010 11 1 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Orn, Ror>;
    eor_lsl_w       "0 10 01010 00 0 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Eor, Lsl>;
    eor_lsr_w       "0 10 01010 01 0 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Eor, Lsr>;
    eor_asr_w       "0 10 01010 10 0 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Eor, Asr>;
    eor_ror_w       "0 10 01010 11 0 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Eor, Ror>;
    eon_lsl_w       "0 10 01010 00 1 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Eon, Lsl>;
    eon_lsr_w       "0 10 01010 01 1 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Eon, Lsr>;
    eon_asr_w       "0 10 01010 10 1 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Eon, Asr>;
    eon_ror_w       "0 10 01010 11 1 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Eon, Ror>;
    ands_lsl_w      "0 11 01010 00 0 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Ands, Lsl>;
    ands_lsr_w      "0 11 01010 01 0 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Ands, Lsr>;
    ands_asr_w      "0 11 01010 10 0 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Ands, Asr>;
    ands_ror_w      "0 11 01010 11 0 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Ands, Ror>;
    bics_lsl_w      "0 11 01010 00 1 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Bics, Lsl>;
    bics_lsr_w      "0 11 01010 01 1 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Bics, Lsr>;
    bics_asr_w      "0 11 01010 10 1 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Bics, Asr>;
    bics_ror_w      "0 11 01010 11 1 ..... 0..... ..... ....."  Shifted               integer::logical_shifted::<_, W, Bics, Ror>;
    and_lsl_x       "1 00 01010 00 0 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, And, Lsl>;
    and_lsr_x       "1 00 01010 01 0 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, And, Lsr>;
    and_asr_x       "1 00 01010 10 0 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, And, Asr>;
    and_ror_x       "1 00 01010 11 0 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, And, Ror>;
    bic_lsl_x       "1 00 01010 00 1 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Bic, Lsl>;
    bic_lsr_x       "1 00 01010 01 1 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Bic, Lsr>;
    bic_asr_x       "1 00 01010 10 1 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Bic, Asr>;
    bic_ror_x       "1 00 01010 11 1 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Bic, Ror>;
    orr_lsl_x       "1 01 01010 00 0 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Orr, Lsl>;
    orr_lsr_x       "1 01 01010 01 0 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Orr, Lsr>;
    orr_asr_x       "1 01 01010 10 0 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Orr, Asr>;
    orr_ror_x       "1 01 01010 11 0 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Orr, Ror>;
    orn_lsl_x       "1 01 01010 00 1 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Orn, Lsl>;
    orn_lsr_x       "1 01 01010 01 1 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Orn, Lsr>;
    orn_asr_x       "1 01 01010 10 1 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Orn, Asr>;
    orn_ror_x       "1 01 01010 11 1 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Orn, Ror>;
    eor_lsl_x       "1 10 01010 00 0 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Eor, Lsl>;
    eor_lsr_x       "1 10 01010 01 0 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Eor, Lsr>;
    eor_asr_x       "1 10 01010 10 0 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Eor, Asr>;
    eor_ror_x       "1 10 01010 11 0 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Eor, Ror>;
    eon_lsl_x       "1 10 01010 00 1 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Eon, Lsl>;
    eon_lsr_x       "1 10 01010 01 1 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Eon, Lsr>;
    eon_asr_x       "1 10 01010 10 1 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Eon, Asr>;
    eon_ror_x       "1 10 01010 11 1 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Eon, Ror>;
    ands_lsl_x      "1 11 01010 00 0 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Ands, Lsl>;
    ands_lsr_x      "1 11 01010 01 0 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Ands, Lsr>;
    ands_asr_x      "1 11 01010 10 0 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Ands, Asr>;
    ands_ror_x      "1 11 01010 11 0 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Ands, Ror>;
    bics_lsl_x      "1 11 01010 00 1 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Bics, Lsl>;
    bics_lsr_x      "1 11 01010 01 1 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Bics, Lsr>;
    bics_asr_x      "1 11 01010 10 1 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Bics, Asr>;
    bics_ror_x      "1 11 01010 11 1 ..... ...... ..... ....."  Shifted               integer::logical_shifted::<_, X, Bics, Ror>;

    // Sums with a shifted register.
    add_lsl_w       "0 00 01011 00 0 ..... 0..... ..... ....."  Shifted               integer::sum_shifted::<_, W, Add, Lsl>;
    add_lsr_w       "0 00 01011 01 0 ..... 0..... ..... ....."  Shifted               integer::sum_shifted::<_, W, Add, Lsr>;
    add_asr_w       "0 00 01011 10 0 ..... 0..... ..... ....."  Shifted               integer::sum_shifted::<_, W, Add, Asr>;
    adds_lsl_w      "0 01 01011 00 0 ..... 0..... ..... ....."  Shifted               integer::sum_shifted::<_, W, Adds, Lsl>;
    adds_lsr_w      "0 01 01011 01 0 ..... 0..... ..... ....."  Shifted               integer::sum_shifted::<_, W, Adds, Lsr>;
    adds_asr_w      "0 01 01011 10 0 ..... 0..... ..... ....."  Shifted               integer::sum_shifted::<_, W, Adds, Asr>;
    sub_lsl_w       "0 10 01011 00 0 ..... 0..... ..... ....."  Shifted               integer::sum_shifted::<_, W, Sub, Lsl>;
    sub_lsr_w       "0 10 01011 01 0 ..... 0..... ..... ....."  Shifted               integer::sum_shifted::<_, W, Sub, Lsr>;
    sub_asr_w       "0 10 01011 10 0 ..... 0..... ..... ....."  Shifted               integer::sum_shifted::<_, W, Sub, Asr>;
    subs_lsl_w      "0 11 01011 00 0 ..... 0..... ..... ....."  Shifted               integer::sum_shifted::<_, W, Subs, Lsl>;
    subs_lsr_w      "0 11 01011 01 0 ..... 0..... ..... ....."  Shifted               integer::sum_shifted::<_, W, Subs, Lsr>;
    subs_asr_w      "0 11 01011 10 0 ..... 0..... ..... ....."  Shifted               integer::sum_shifted::<_, W, Subs, Asr>;
    add_lsl_x       "1 00 01011 00 0 ..... ...... ..... ....."  Shifted               integer::sum_shifted::<_, X, Add, Lsl>;
    add_lsr_x       "1 00 01011 01 0 ..... ...... ..... ....."  Shifted               integer::sum_shifted::<_, X, Add, Lsr>;
    add_asr_x       "1 00 01011 10 0 ..... ...... ..... ....."  Shifted               integer::sum_shifted::<_, X, Add, Asr>;
    adds_lsl_x      "1 01 01011 00 0 ..... ...... ..... ....."  Shifted               integer::sum_shifted::<_, X, Adds, Lsl>;
    adds_lsr_x      "1 01 01011 01 0 ..... ...... ..... ....."  Shifted               integer::sum_shifted::<_, X, Adds, Lsr>;
    adds_asr_x      "1 01 01011 10 0 ..... ...... ..... ....."  Shifted               integer::sum_shifted::<_, X, Adds, Asr>;
    sub_lsl_x       "1 10 01011 00 0 ..... ...... ..... ....."  Shifted               integer::sum_shifted::<_, X, Sub, Lsl>;
    sub_lsr_x       "1 10 01011 01 0 ..... ...... ..... ....."  Shifted               integer::sum_shifted::<_, X, Sub, Lsr>;
    sub_asr_x       "1 10 01011 10 0 ..... ...... ..... ....."  Shifted               integer::sum_shifted::<_, X, Sub, Asr>;
    subs_lsl_x      "1 11 01011 00 0 ..... ...... ..... ....."  Shifted               integer::sum_shifted::<_, X, Subs, Lsl>;
    subs_lsr_x      "1 11 01011 01 0 ..... ...... ..... ....."  Shifted               integer::sum_shifted::<_, X, Subs, Lsr>;
    subs_asr_x      "1 11 01011 10 0 ..... ...... ..... ....."  Shifted               integer::sum_shifted::<_, X, Subs, Asr>;

    // Sums with an extended register, and with carry.
    add_ext_w       "0 00 01011 00 1 ..... ... ... ..... ....." Extended              integer::sum_extended::<_, W, Add>;
    adds_ext_w      "0 01 01011 00 1 ..... ... ... ..... ....." ExtendedFlags         integer::sum_extended::<_, W, Adds>;
    sub_ext_w       "0 10 01011 00 1 ..... ... ... ..... ....." Extended              integer::sum_extended::<_, W, Sub>;
    subs_ext_w      "0 11 01011 00 1 ..... ... ... ..... ....." ExtendedFlags         integer::sum_extended::<_, W, Subs>;
    add_ext_x       "1 00 01011 00 1 ..... ... ... ..... ....." Extended              integer::sum_extended::<_, X, Add>;
    adds_ext_x      "1 01 01011 00 1 ..... ... ... ..... ....." ExtendedFlags         integer::sum_extended::<_, X, Adds>;
    sub_ext_x       "1 10 01011 00 1 ..... ... ... ..... ....." Extended              integer::sum_extended::<_, X, Sub>;
    subs_ext_x      "1 11 01011 00 1 ..... ... ... ..... ....." ExtendedFlags         integer::sum_extended::<_, X, Subs>;
    adc_w           "0 00 11010000 ..... 000000 ..... ....."    ThreeRegisters        integer::sum_carry::<_, W, Add>;
    adcs_w          "0 01 11010000 ..... 000000 ..... ....."    ThreeRegisters        integer::sum_carry::<_, W, Adds>;
    sbc_w           "0 10 11010000 ..... 000000 ..... ....."    ThreeRegisters        integer::sum_carry::<_, W, Sub>;
    sbcs_w          "0 11 11010000 ..... 000000 ..... ....."    ThreeRegisters        integer::sum_carry::<_, W, Subs>;
    adc_x           "1 00 11010000 ..... 000000 ..... ....."    ThreeRegisters        integer::sum_carry::<_, X, Add>;
    adcs_x          "1 01 11010000 ..... 000000 ..... ....."    ThreeRegisters        integer::sum_carry::<_, X, Adds>;
    sbc_x           "1 10 11010000 ..... 000000 ..... ....."    ThreeRegisters        integer::sum_carry::<_, X, Sub>;
    sbcs_x          "1 11 11010000 ..... 000000 ..... ....."    ThreeRegisters        integer::sum_carry::<_, X, Subs>;

    // Conditional comparison and selection.
    ccmn_imm_w      "0 0 1 11010010 ..... .... 10 ..... 0 ...." CompareImmediate      conditional::compare_imm::<_, W, Adds>;
    ccmn_w          "0 0 1 11010010 ..... .... 00 ..... 0 ...." CompareRegister       conditional::compare::<_, W, Adds>;
    ccmp_imm_w      "0 1 1 11010010 ..... .... 10 ..... 0 ...." CompareImmediate      conditional::compare_imm::<_, W, Subs>;
    ccmp_w          "0 1 1 11010010 ..... .... 00 ..... 0 ...." CompareRegister       conditional::compare::<_, W, Subs>;
    csel_w          "0 0 0 11010100 ..... .... 00 ..... ....."  Select                conditional::csel::<_, W>;
    csinc_w         "0 0 0 11010100 ..... .... 01 ..... ....."  Select                conditional::csinc::<_, W>;
    csinv_w         "0 1 0 11010100 ..... .... 00 ..... ....."  Select                conditional::csinv::<_, W>;
    csneg_w         "0 1 0 11010100 ..... .... 01 ..... ....."  Select                conditional::csneg::<_, W>;
    ccmn_imm_x      "1 0 1 11010010 ..... .... 10 ..... 0 ...." CompareImmediate      conditional::compare_imm::<_, X, Adds>;
    ccmn_x          "1 0 1 11010010 ..... .... 00 ..... 0 ...." CompareRegister       conditional::compare::<_, X, Adds>;
    ccmp_imm_x      "1 1 1 11010010 ..... .... 10 ..... 0 ...." CompareImmediate      conditional::compare_imm::<_, X, Subs>;
    ccmp_x          "1 1 1 11010010 ..... .... 00 ..... 0 ...." CompareRegister       conditional::compare::<_, X, Subs>;
    csel_x          "1 0 0 11010100 ..... .... 00 ..... ....."  Select                conditional::csel::<_, X>;
    csinc_x         "1 0 0 11010100 ..... .... 01 ..... ....."  Select                conditional::csinc::<_, X>;
    csinv_x         "1 1 0 11010100 ..... .... 00 ..... ....."  Select                conditional::csinv::<_, X>;
    csneg_x         "1 1 0 11010100 ..... .... 01 ..... ....."  Select                conditional::csneg::<_, X>;

    // One source.
    rbit_w          "0 10 11010110 00000 000000 ..... ....."    TwoRegisters          integer::rbit::<_, W>;
    rev16_w         "0 10 11010110 00000 000001 ..... ....."    TwoRegisters          integer::rev16::<_, W>;
    rev_w           "0 10 11010110 00000 000010 ..... ....."    TwoRegisters          integer::rev::<_, W>;
    clz_w           "0 10 11010110 00000 000100 ..... ....."    TwoRegisters          integer::clz::<_, W>;
    cls_w           "0 10 11010110 00000 000101 ..... ....."    TwoRegisters          integer::cls::<_, W>;
    rbit_x          "1 10 11010110 00000 000000 ..... ....."    TwoRegisters          integer::rbit::<_, X>;
    rev16_x         "1 10 11010110 00000 000001 ..... ....."    TwoRegisters          integer::rev16::<_, X>;
    rev32_x         "1 10 11010110 00000 000010 ..... ....."    TwoRegisters          integer::rev32;
    rev_x           "1 10 11010110 00000 000011 ..... ....."    TwoRegisters          integer::rev::<_, X>;
    clz_x           "1 10 11010110 00000 000100 ..... ....."    TwoRegisters          integer::clz::<_, X>;
    cls_x           "1 10 11010110 00000 000101 ..... ....."    TwoRegisters          integer::cls::<_, X>;

    // Two sources.
    udiv_w          "0 00 11010110 ..... 000010 ..... ....."    ThreeRegisters        integer::two_sources::<_, W, Udiv>;
    sdiv_w          "0 00 11010110 ..... 000011 ..... ....."    ThreeRegisters        integer::two_sources::<_, W, Sdiv>;
    lsl_w           "0 00 11010110 ..... 001000 ..... ....."    ThreeRegisters        integer::two_sources::<_, W, Lsl>;
    lsr_w           "0 00 11010110 ..... 001001 ..... ....."    ThreeRegisters        integer::two_sources::<_, W, Lsr>;
    asr_w           "0 00 11010110 ..... 001010 ..... ....."    ThreeRegisters        integer::two_sources::<_, W, Asr>;
    ror_w           "0 00 11010110 ..... 001011 ..... ....."    ThreeRegisters        integer::two_sources::<_, W, Ror>;
    udiv_x          "1 00 11010110 ..... 000010 ..... ....."    ThreeRegisters        integer::two_sources::<_, X, Udiv>;
    sdiv_x          "1 00 11010110 ..... 000011 ..... ....."    ThreeRegisters        integer::two_sources::<_, X, Sdiv>;
    lsl_x           "1 00 11010110 ..... 001000 ..... ....."    ThreeRegisters        integer::two_sources::<_, X, Lsl>;
    lsr_x           "1 00 11010110 ..... 001001 ..... ....."    ThreeRegisters        integer::two_sources::<_, X, Lsr>;
    asr_x           "1 00 11010110 ..... 001010 ..... ....."    ThreeRegisters        integer::two_sources::<_, X, Asr>;
    ror_x           "1 00 11010110 ..... 001011 ..... ....."    ThreeRegisters        integer::two_sources::<_, X, Ror>;
    crc32b_w        "0 00 11010110 ..... 010000 ..... ....."    Checksum              integer::crc32::<_, Crc32, 1>;
    crc32h_w        "0 00 11010110 ..... 010001 ..... ....."    Checksum              integer::crc32::<_, Crc32, 2>;
    crc32w_w        "0 00 11010110 ..... 010010 ..... ....."    Checksum              integer::crc32::<_, Crc32, 4>;
    crc32x_x        "1 00 11010110 ..... 010011 ..... ....."    Checksum              integer::crc32::<_, Crc32, 8>;
    crc32cb_w       "0 00 11010110 ..... 010100 ..... ....."    Checksum              integer::crc32::<_, Crc32c, 1>;
    crc32ch_w       "0 00 11010110 ..... 010101 ..... ....."    Checksum              integer::crc32::<_, Crc32c, 2>;
    crc32cw_w       "0 00 11010110 ..... 010110 ..... ....."    Checksum              integer::crc32::<_, Crc32c, 4>;
    crc32cx_x       "1 00 11010110 ..... 010111 ..... ....."    Checksum              integer::crc32::<_, Crc32c, 8>;

    // Three sources. The high multiplications have no Ra: what should be ones must be (constrained unpredictable: QEMU
    // does the same).
    madd_w          "0 00 11011 000 ..... 0 ..... ..... ....."  FourRegisters         integer::multiply::<_, W, Add>;
    msub_w          "0 00 11011 000 ..... 1 ..... ..... ....."  FourRegisters         integer::multiply::<_, W, Sub>;
    madd_x          "1 00 11011 000 ..... 0 ..... ..... ....."  FourRegisters         integer::multiply::<_, X, Add>;
    msub_x          "1 00 11011 000 ..... 1 ..... ..... ....."  FourRegisters         integer::multiply::<_, X, Sub>;
    smaddl_x        "1 00 11011 001 ..... 0 ..... ..... ....."  FourRegisters         integer::multiply_long::<_, Signed, Add>;
    smsubl_x        "1 00 11011 001 ..... 1 ..... ..... ....."  FourRegisters         integer::multiply_long::<_, Signed, Sub>;
    umaddl_x        "1 00 11011 101 ..... 0 ..... ..... ....."  FourRegisters         integer::multiply_long::<_, Unsigned, Add>;
    umsubl_x        "1 00 11011 101 ..... 1 ..... ..... ....."  FourRegisters         integer::multiply_long::<_, Unsigned, Sub>;
    smulh_x         "1 00 11011 010 ..... 0 11111 ..... ....."  ThreeRegisters        integer::two_sources::<_, X, Smulh>;
    umulh_x         "1 00 11011 110 ..... 0 11111 ..... ....."  ThreeRegisters        integer::two_sources::<_, X, Umulh>;

    // Branches. A row per condition, because b.cond is what most loops end with.
    b               "0 00101 .........................."        Branch                branch::b;
    bl              "1 00101 .........................."        Branch                branch::bl;
    b_eq            "0101010 0 ................... 0 0000"      BranchConditional     branch::b_cond::<_, { flags::EQ }>;
    b_ne            "0101010 0 ................... 0 0001"      BranchConditional     branch::b_cond::<_, { flags::NE }>;
    b_cs            "0101010 0 ................... 0 0010"      BranchConditional     branch::b_cond::<_, { flags::CS }>;
    b_cc            "0101010 0 ................... 0 0011"      BranchConditional     branch::b_cond::<_, { flags::CC }>;
    b_mi            "0101010 0 ................... 0 0100"      BranchConditional     branch::b_cond::<_, { flags::MI }>;
    b_pl            "0101010 0 ................... 0 0101"      BranchConditional     branch::b_cond::<_, { flags::PL }>;
    b_vs            "0101010 0 ................... 0 0110"      BranchConditional     branch::b_cond::<_, { flags::VS }>;
    b_vc            "0101010 0 ................... 0 0111"      BranchConditional     branch::b_cond::<_, { flags::VC }>;
    b_hi            "0101010 0 ................... 0 1000"      BranchConditional     branch::b_cond::<_, { flags::HI }>;
    b_ls            "0101010 0 ................... 0 1001"      BranchConditional     branch::b_cond::<_, { flags::LS }>;
    b_ge            "0101010 0 ................... 0 1010"      BranchConditional     branch::b_cond::<_, { flags::GE }>;
    b_lt            "0101010 0 ................... 0 1011"      BranchConditional     branch::b_cond::<_, { flags::LT }>;
    b_gt            "0101010 0 ................... 0 1100"      BranchConditional     branch::b_cond::<_, { flags::GT }>;
    b_le            "0101010 0 ................... 0 1101"      BranchConditional     branch::b_cond::<_, { flags::LE }>;
    b_al            "0101010 0 ................... 0 1110"      BranchConditional     branch::b_cond::<_, { flags::AL }>;
    b_nv            "0101010 0 ................... 0 1111"      BranchConditional     branch::b_cond::<_, { flags::NV }>;
    cbz_w           "0 011010 0 ................... ....."      CompareBranch         branch::cbz::<_, W>;
    cbnz_w          "0 011010 1 ................... ....."      CompareBranch         branch::cbnz::<_, W>;
    cbz_x           "1 011010 0 ................... ....."      CompareBranch         branch::cbz::<_, X>;
    cbnz_x          "1 011010 1 ................... ....."      CompareBranch         branch::cbnz::<_, X>;
    tbz             ". 011011 0 ..... .............. ....."     TestBranch            branch::tbz;
    tbnz            ". 011011 1 ..... .............. ....."     TestBranch            branch::tbnz;
    br              "1101011 0000 11111 000000 ..... 00000"     BranchRegister        branch::br;
    blr             "1101011 0001 11111 000000 ..... 00000"     BranchRegister        branch::blr;
    ret             "1101011 0010 11111 000000 ..... 00000"     BranchRegister        branch::br;
    eret            "1101011 0100 11111 000000 11111 00000"     ExceptionReturn       system::eret;

    // Exceptions. DCPS and DRPS need a halting debugger, which there is none of: undefined.
    udf             "0000000000000000 ................"         PermanentlyUndefined  system::undefined;
    svc             "11010100 000 ................ 00001"       Exception             system::svc;
    hvc             "11010100 000 ................ 00010"       Exception             system::hvc;
    smc             "11010100 000 ................ 00011"       Exception             system::smc;
    brk             "11010100 001 ................ 00000"       Exception             system::brk;
    hlt             "11010100 010 ................ 00000"       Exception             system::hlt;

    // System. Hints that need an extension (PAC, BTI, DGH...) are what they were before it: NOP.
    hint            "1101010100 0 00 011 0010 .... ... 11111"   Hint                  system::hint;
    clrex           "1101010100 0 00 011 0011 .... 010 11111"   Barrier               system::clrex;
    dsb             "1101010100 0 00 011 0011 .... 100 11111"   Barrier               system::dsb;
    dmb             "1101010100 0 00 011 0011 .... 101 11111"   Barrier               system::dmb;
    isb             "1101010100 0 00 011 0011 .... 110 11111"   Barrier               system::isb;
    msr_imm         "1101010100 0 00 ... 0100 .... ... 11111"   SystemImmediate       system::msr_imm;
    sys_x           "1101010100 0 01 ... .... .... ... ....."   SystemWrite           system::sys;
    sysl_x          "1101010100 1 01 ... .... .... ... ....."   SystemRead            system::sysl;
    msr_x           "1101010100 0 1 . ... .... .... ... ....."  RegisterWrite         system::msr;
    mrs_x           "1101010100 1 1 . ... .... .... ... ....."  RegisterRead          system::mrs;

    // Loads and stores: unsigned offset.
    strb_w          "00 111001 00 ............ ..... ....."     StoreUnsigned         memory_ops::store::<_, Offset, U8>;
    ldrb_w          "00 111001 01 ............ ..... ....."     LoadUnsigned          memory_ops::load::<_, Offset, U8>;
    ldrsb_x         "00 111001 10 ............ ..... ....."     LoadUnsigned          memory_ops::load::<_, Offset, S8X>;
    ldrsb_w         "00 111001 11 ............ ..... ....."     LoadUnsigned          memory_ops::load::<_, Offset, S8W>;
    strh_w          "01 111001 00 ............ ..... ....."     StoreUnsigned         memory_ops::store::<_, Offset, U16>;
    ldrh_w          "01 111001 01 ............ ..... ....."     LoadUnsigned          memory_ops::load::<_, Offset, U16>;
    ldrsh_x         "01 111001 10 ............ ..... ....."     LoadUnsigned          memory_ops::load::<_, Offset, S16X>;
    ldrsh_w         "01 111001 11 ............ ..... ....."     LoadUnsigned          memory_ops::load::<_, Offset, S16W>;
    str_w           "10 111001 00 ............ ..... ....."     StoreUnsigned         memory_ops::store::<_, Offset, U32>;
    ldr_w           "10 111001 01 ............ ..... ....."     LoadUnsigned          memory_ops::load::<_, Offset, U32>;
    ldrsw_x         "10 111001 10 ............ ..... ....."     LoadUnsigned          memory_ops::load::<_, Offset, S32X>;
    str_x           "11 111001 00 ............ ..... ....."     StoreUnsigned         memory_ops::store::<_, Offset, U64>;
    ldr_x           "11 111001 01 ............ ..... ....."     LoadUnsigned          memory_ops::load::<_, Offset, U64>;
    prfm            "11 111001 10 ............ ..... ....."     PrefetchUnsigned      memory_ops::nothing;

    // Register offset. Option bit 14 clear is not allocated.
    strb_index_w    "00 111000 00 1 ..... .1. . 10 ..... ....." StoreIndex            memory_ops::store::<_, Index, U8>;
    ldrb_index_w    "00 111000 01 1 ..... .1. . 10 ..... ....." LoadIndex             memory_ops::load::<_, Index, U8>;
    ldrsb_index_x   "00 111000 10 1 ..... .1. . 10 ..... ....." LoadIndex             memory_ops::load::<_, Index, S8X>;
    ldrsb_index_w   "00 111000 11 1 ..... .1. . 10 ..... ....." LoadIndex             memory_ops::load::<_, Index, S8W>;
    strh_index_w    "01 111000 00 1 ..... .1. . 10 ..... ....." StoreIndex            memory_ops::store::<_, Index, U16>;
    ldrh_index_w    "01 111000 01 1 ..... .1. . 10 ..... ....." LoadIndex             memory_ops::load::<_, Index, U16>;
    ldrsh_index_x   "01 111000 10 1 ..... .1. . 10 ..... ....." LoadIndex             memory_ops::load::<_, Index, S16X>;
    ldrsh_index_w   "01 111000 11 1 ..... .1. . 10 ..... ....." LoadIndex             memory_ops::load::<_, Index, S16W>;
    str_index_w     "10 111000 00 1 ..... .1. . 10 ..... ....." StoreIndex            memory_ops::store::<_, Index, U32>;
    ldr_index_w     "10 111000 01 1 ..... .1. . 10 ..... ....." LoadIndex             memory_ops::load::<_, Index, U32>;
    ldrsw_index_x   "10 111000 10 1 ..... .1. . 10 ..... ....." LoadIndex             memory_ops::load::<_, Index, S32X>;
    str_index_x     "11 111000 00 1 ..... .1. . 10 ..... ....." StoreIndex            memory_ops::store::<_, Index, U64>;
    ldr_index_x     "11 111000 01 1 ..... .1. . 10 ..... ....." LoadIndex             memory_ops::load::<_, Index, U64>;
    prfm_index      "11 111000 10 1 ..... .1. . 10 ..... ....." PrefetchIndex         memory_ops::nothing;

    // Unscaled offset.
    sturb_w         "00 111000 00 0 ......... 00 ..... ....."   StoreSigned           memory_ops::store::<_, Offset, U8>;
    ldurb_w         "00 111000 01 0 ......... 00 ..... ....."   LoadSigned            memory_ops::load::<_, Offset, U8>;
    ldursb_x        "00 111000 10 0 ......... 00 ..... ....."   LoadSigned            memory_ops::load::<_, Offset, S8X>;
    ldursb_w        "00 111000 11 0 ......... 00 ..... ....."   LoadSigned            memory_ops::load::<_, Offset, S8W>;
    sturh_w         "01 111000 00 0 ......... 00 ..... ....."   StoreSigned           memory_ops::store::<_, Offset, U16>;
    ldurh_w         "01 111000 01 0 ......... 00 ..... ....."   LoadSigned            memory_ops::load::<_, Offset, U16>;
    ldursh_x        "01 111000 10 0 ......... 00 ..... ....."   LoadSigned            memory_ops::load::<_, Offset, S16X>;
    ldursh_w        "01 111000 11 0 ......... 00 ..... ....."   LoadSigned            memory_ops::load::<_, Offset, S16W>;
    stur_w          "10 111000 00 0 ......... 00 ..... ....."   StoreSigned           memory_ops::store::<_, Offset, U32>;
    ldur_w          "10 111000 01 0 ......... 00 ..... ....."   LoadSigned            memory_ops::load::<_, Offset, U32>;
    ldursw_x        "10 111000 10 0 ......... 00 ..... ....."   LoadSigned            memory_ops::load::<_, Offset, S32X>;
    stur_x          "11 111000 00 0 ......... 00 ..... ....."   StoreSigned           memory_ops::store::<_, Offset, U64>;
    ldur_x          "11 111000 01 0 ......... 00 ..... ....."   LoadSigned            memory_ops::load::<_, Offset, U64>;
    prfum           "11 111000 10 0 ......... 00 ..... ....."   PrefetchSigned        memory_ops::nothing;

    // Post-indexed. With Rn = Rt the written-back base wins, as in QEMU (constrained unpredictable).
    strb_post_w     "00 111000 00 0 ......... 01 ..... ....."   StoreSigned           memory_ops::store::<_, Post, U8>;
    ldrb_post_w     "00 111000 01 0 ......... 01 ..... ....."   LoadSigned            memory_ops::load::<_, Post, U8>;
    ldrsb_post_x    "00 111000 10 0 ......... 01 ..... ....."   LoadSigned            memory_ops::load::<_, Post, S8X>;
    ldrsb_post_w    "00 111000 11 0 ......... 01 ..... ....."   LoadSigned            memory_ops::load::<_, Post, S8W>;
    strh_post_w     "01 111000 00 0 ......... 01 ..... ....."   StoreSigned           memory_ops::store::<_, Post, U16>;
    ldrh_post_w     "01 111000 01 0 ......... 01 ..... ....."   LoadSigned            memory_ops::load::<_, Post, U16>;
    ldrsh_post_x    "01 111000 10 0 ......... 01 ..... ....."   LoadSigned            memory_ops::load::<_, Post, S16X>;
    ldrsh_post_w    "01 111000 11 0 ......... 01 ..... ....."   LoadSigned            memory_ops::load::<_, Post, S16W>;
    str_post_w      "10 111000 00 0 ......... 01 ..... ....."   StoreSigned           memory_ops::store::<_, Post, U32>;
    ldr_post_w      "10 111000 01 0 ......... 01 ..... ....."   LoadSigned            memory_ops::load::<_, Post, U32>;
    ldrsw_post_x    "10 111000 10 0 ......... 01 ..... ....."   LoadSigned            memory_ops::load::<_, Post, S32X>;
    str_post_x      "11 111000 00 0 ......... 01 ..... ....."   StoreSigned           memory_ops::store::<_, Post, U64>;
    ldr_post_x      "11 111000 01 0 ......... 01 ..... ....."   LoadSigned            memory_ops::load::<_, Post, U64>;

    // Unprivileged.
    sttrb_w         "00 111000 00 0 ......... 10 ..... ....."   StoreSigned           memory_ops::store::<_, User, U8>;
    ldtrb_w         "00 111000 01 0 ......... 10 ..... ....."   LoadSigned            memory_ops::load::<_, User, U8>;
    ldtrsb_x        "00 111000 10 0 ......... 10 ..... ....."   LoadSigned            memory_ops::load::<_, User, S8X>;
    ldtrsb_w        "00 111000 11 0 ......... 10 ..... ....."   LoadSigned            memory_ops::load::<_, User, S8W>;
    sttrh_w         "01 111000 00 0 ......... 10 ..... ....."   StoreSigned           memory_ops::store::<_, User, U16>;
    ldtrh_w         "01 111000 01 0 ......... 10 ..... ....."   LoadSigned            memory_ops::load::<_, User, U16>;
    ldtrsh_x        "01 111000 10 0 ......... 10 ..... ....."   LoadSigned            memory_ops::load::<_, User, S16X>;
    ldtrsh_w        "01 111000 11 0 ......... 10 ..... ....."   LoadSigned            memory_ops::load::<_, User, S16W>;
    sttr_w          "10 111000 00 0 ......... 10 ..... ....."   StoreSigned           memory_ops::store::<_, User, U32>;
    ldtr_w          "10 111000 01 0 ......... 10 ..... ....."   LoadSigned            memory_ops::load::<_, User, U32>;
    ldtrsw_x        "10 111000 10 0 ......... 10 ..... ....."   LoadSigned            memory_ops::load::<_, User, S32X>;
    sttr_x          "11 111000 00 0 ......... 10 ..... ....."   StoreSigned           memory_ops::store::<_, User, U64>;
    ldtr_x          "11 111000 01 0 ......... 10 ..... ....."   LoadSigned            memory_ops::load::<_, User, U64>;

    // Pre-indexed.
    strb_pre_w      "00 111000 00 0 ......... 11 ..... ....."   StoreSigned           memory_ops::store::<_, Pre, U8>;
    ldrb_pre_w      "00 111000 01 0 ......... 11 ..... ....."   LoadSigned            memory_ops::load::<_, Pre, U8>;
    ldrsb_pre_x     "00 111000 10 0 ......... 11 ..... ....."   LoadSigned            memory_ops::load::<_, Pre, S8X>;
    ldrsb_pre_w     "00 111000 11 0 ......... 11 ..... ....."   LoadSigned            memory_ops::load::<_, Pre, S8W>;
    strh_pre_w      "01 111000 00 0 ......... 11 ..... ....."   StoreSigned           memory_ops::store::<_, Pre, U16>;
    ldrh_pre_w      "01 111000 01 0 ......... 11 ..... ....."   LoadSigned            memory_ops::load::<_, Pre, U16>;
    ldrsh_pre_x     "01 111000 10 0 ......... 11 ..... ....."   LoadSigned            memory_ops::load::<_, Pre, S16X>;
    ldrsh_pre_w     "01 111000 11 0 ......... 11 ..... ....."   LoadSigned            memory_ops::load::<_, Pre, S16W>;
    str_pre_w       "10 111000 00 0 ......... 11 ..... ....."   StoreSigned           memory_ops::store::<_, Pre, U32>;
    ldr_pre_w       "10 111000 01 0 ......... 11 ..... ....."   LoadSigned            memory_ops::load::<_, Pre, U32>;
    ldrsw_pre_x     "10 111000 10 0 ......... 11 ..... ....."   LoadSigned            memory_ops::load::<_, Pre, S32X>;
    str_pre_x       "11 111000 00 0 ......... 11 ..... ....."   StoreSigned           memory_ops::store::<_, Pre, U64>;
    ldr_pre_x       "11 111000 01 0 ......... 11 ..... ....."   LoadSigned            memory_ops::load::<_, Pre, U64>;

    // Literals.
    ldr_literal_w   "00 011 0 00 ................... ....."     LoadLiteral           memory_ops::load::<_, Literal, U32>;
    ldr_literal_x   "01 011 0 00 ................... ....."     LoadLiteral           memory_ops::load::<_, Literal, U64>;
    ldrsw_literal_x "10 011 0 00 ................... ....."     LoadLiteral           memory_ops::load::<_, Literal, S32X>;
    prfm_literal    "11 011 0 00 ................... ....."     PrefetchLiteral       memory_ops::nothing;

    // Pairs. With Rt = Rt2 the second load wins; with Rn = Rt or Rt2 the base does (constrained unpredictable).
    stnp_w          "00 101 0 000 0 ....... ..... ..... ....."  StorePair             memory_ops::store_pair::<_, Offset, U32>;
    ldnp_w          "00 101 0 000 1 ....... ..... ..... ....."  LoadPair              memory_ops::load_pair::<_, Offset, U32>;
    stnp_x          "10 101 0 000 0 ....... ..... ..... ....."  StorePair             memory_ops::store_pair::<_, Offset, U64>;
    ldnp_x          "10 101 0 000 1 ....... ..... ..... ....."  LoadPair              memory_ops::load_pair::<_, Offset, U64>;
    stp_post_w      "00 101 0 001 0 ....... ..... ..... ....."  StorePair             memory_ops::store_pair::<_, Post, U32>;
    ldp_post_w      "00 101 0 001 1 ....... ..... ..... ....."  LoadPair              memory_ops::load_pair::<_, Post, U32>;
    ldpsw_post_x    "01 101 0 001 1 ....... ..... ..... ....."  LoadPair              memory_ops::load_pair::<_, Post, S32X>;
    stp_post_x      "10 101 0 001 0 ....... ..... ..... ....."  StorePair             memory_ops::store_pair::<_, Post, U64>;
    ldp_post_x      "10 101 0 001 1 ....... ..... ..... ....."  LoadPair              memory_ops::load_pair::<_, Post, U64>;
    stp_w           "00 101 0 010 0 ....... ..... ..... ....."  StorePair             memory_ops::store_pair::<_, Offset, U32>;
    ldp_w           "00 101 0 010 1 ....... ..... ..... ....."  LoadPair              memory_ops::load_pair::<_, Offset, U32>;
    ldpsw_x         "01 101 0 010 1 ....... ..... ..... ....."  LoadPair              memory_ops::load_pair::<_, Offset, S32X>;
    stp_x           "10 101 0 010 0 ....... ..... ..... ....."  StorePair             memory_ops::store_pair::<_, Offset, U64>;
    ldp_x           "10 101 0 010 1 ....... ..... ..... ....."  LoadPair              memory_ops::load_pair::<_, Offset, U64>;
    stp_pre_w       "00 101 0 011 0 ....... ..... ..... ....."  StorePair             memory_ops::store_pair::<_, Pre, U32>;
    ldp_pre_w       "00 101 0 011 1 ....... ..... ..... ....."  LoadPair              memory_ops::load_pair::<_, Pre, U32>;
    ldpsw_pre_x     "01 101 0 011 1 ....... ..... ..... ....."  LoadPair              memory_ops::load_pair::<_, Pre, S32X>;
    stp_pre_x       "10 101 0 011 0 ....... ..... ..... ....."  StorePair             memory_ops::store_pair::<_, Pre, U64>;
    ldp_pre_x       "10 101 0 011 1 ....... ..... ..... ....."  LoadPair              memory_ops::load_pair::<_, Pre, U64>;

    // Exclusives. Fields that should be ones (Rs of loads, Rt2 of single registers) are ignored (constrained
    // unpredictable: QEMU does the same).
    stxrb_w         "00 001000 0 0 0 ..... 0 ..... ..... ....." StoreExclusive        atomics::store_exclusive::<_, U8>;
    stxrh_w         "01 001000 0 0 0 ..... 0 ..... ..... ....." StoreExclusive        atomics::store_exclusive::<_, U16>;
    stxr_w          "10 001000 0 0 0 ..... 0 ..... ..... ....." StoreExclusive        atomics::store_exclusive::<_, U32>;
    stxr_x          "11 001000 0 0 0 ..... 0 ..... ..... ....." StoreExclusive        atomics::store_exclusive::<_, U64>;
    stlxrb_w        "00 001000 0 0 0 ..... 1 ..... ..... ....." StoreExclusive        atomics::store_exclusive::<_, U8>;
    stlxrh_w        "01 001000 0 0 0 ..... 1 ..... ..... ....." StoreExclusive        atomics::store_exclusive::<_, U16>;
    stlxr_w         "10 001000 0 0 0 ..... 1 ..... ..... ....." StoreExclusive        atomics::store_exclusive::<_, U32>;
    stlxr_x         "11 001000 0 0 0 ..... 1 ..... ..... ....." StoreExclusive        atomics::store_exclusive::<_, U64>;
    ldxrb_w         "00 001000 0 1 0 ..... 0 ..... ..... ....." LoadExclusive         atomics::load_exclusive::<_, U8>;
    ldxrh_w         "01 001000 0 1 0 ..... 0 ..... ..... ....." LoadExclusive         atomics::load_exclusive::<_, U16>;
    ldxr_w          "10 001000 0 1 0 ..... 0 ..... ..... ....." LoadExclusive         atomics::load_exclusive::<_, U32>;
    ldxr_x          "11 001000 0 1 0 ..... 0 ..... ..... ....." LoadExclusive         atomics::load_exclusive::<_, U64>;
    ldaxrb_w        "00 001000 0 1 0 ..... 1 ..... ..... ....." LoadExclusive         atomics::load_exclusive::<_, U8>;
    ldaxrh_w        "01 001000 0 1 0 ..... 1 ..... ..... ....." LoadExclusive         atomics::load_exclusive::<_, U16>;
    ldaxr_w         "10 001000 0 1 0 ..... 1 ..... ..... ....." LoadExclusive         atomics::load_exclusive::<_, U32>;
    ldaxr_x         "11 001000 0 1 0 ..... 1 ..... ..... ....." LoadExclusive         atomics::load_exclusive::<_, U64>;
    stxp_w          "10 001000 0 0 1 ..... 0 ..... ..... ....." StoreExclusivePair    atomics::store_exclusive_pair_w;
    stxp_x          "11 001000 0 0 1 ..... 0 ..... ..... ....." StoreExclusivePair    atomics::store_exclusive_pair_x;
    stlxp_w         "10 001000 0 0 1 ..... 1 ..... ..... ....." StoreExclusivePair    atomics::store_exclusive_pair_w;
    stlxp_x         "11 001000 0 0 1 ..... 1 ..... ..... ....." StoreExclusivePair    atomics::store_exclusive_pair_x;
    ldxp_w          "10 001000 0 1 1 ..... 0 ..... ..... ....." LoadExclusivePair     atomics::load_exclusive_pair_w;
    ldxp_x          "11 001000 0 1 1 ..... 0 ..... ..... ....." LoadExclusivePair     atomics::load_exclusive_pair_x;
    ldaxp_w         "10 001000 0 1 1 ..... 1 ..... ..... ....." LoadExclusivePair     atomics::load_exclusive_pair_w;
    ldaxp_x         "11 001000 0 1 1 ..... 1 ..... ..... ....." LoadExclusivePair     atomics::load_exclusive_pair_x;

    // Acquire and release. The limited-ordering forms (bit 15 clear) are Armv8.1's, and not here. Rs and Rt2 must be
    // ones (constrained unpredictable: QEMU does the same).
    stllrb_w        "00 001000 1 0 0 11111 0 11111 ..... ....." StoreOrdered          atomics::store_release::<_, U8>;
    stllrh_w        "01 001000 1 0 0 11111 0 11111 ..... ....." StoreOrdered          atomics::store_release::<_, U16>;
    stllr_w         "10 001000 1 0 0 11111 0 11111 ..... ....." StoreOrdered          atomics::store_release::<_, U32>;
    stllr_x         "11 001000 1 0 0 11111 0 11111 ..... ....." StoreOrdered          atomics::store_release::<_, U64>;
    stlrb_w         "00 001000 1 0 0 11111 1 11111 ..... ....." StoreOrdered          atomics::store_release::<_, U8>;
    stlrh_w         "01 001000 1 0 0 11111 1 11111 ..... ....." StoreOrdered          atomics::store_release::<_, U16>;
    stlr_w          "10 001000 1 0 0 11111 1 11111 ..... ....." StoreOrdered          atomics::store_release::<_, U32>;
    stlr_x          "11 001000 1 0 0 11111 1 11111 ..... ....." StoreOrdered          atomics::store_release::<_, U64>;
    ldlarb_w        "00 001000 1 1 0 11111 0 11111 ..... ....." LoadOrdered           atomics::load_acquire::<_, U8>;
    ldlarh_w        "01 001000 1 1 0 11111 0 11111 ..... ....." LoadOrdered           atomics::load_acquire::<_, U16>;
    ldlar_w         "10 001000 1 1 0 11111 0 11111 ..... ....." LoadOrdered           atomics::load_acquire::<_, U32>;
    ldlar_x         "11 001000 1 1 0 11111 0 11111 ..... ....." LoadOrdered           atomics::load_acquire::<_, U64>;
    ldarb_w         "00 001000 1 1 0 11111 1 11111 ..... ....." LoadOrdered           atomics::load_acquire::<_, U8>;
    ldarh_w         "01 001000 1 1 0 11111 1 11111 ..... ....." LoadOrdered           atomics::load_acquire::<_, U16>;
    ldar_w          "10 001000 1 1 0 11111 1 11111 ..... ....." LoadOrdered           atomics::load_acquire::<_, U32>;
    ldar_x          "11 001000 1 1 0 11111 1 11111 ..... ....." LoadOrdered           atomics::load_acquire::<_, U64>;

    // Compare and swap. The acquire and release bits are free: one vCPU runs at a time, so all orders are the same.
    casb_w          "00 001000 1 . 1 ..... . 11111 ..... ....." CompareSwap           atomics::cas::<_, U8>;
    cash_w          "01 001000 1 . 1 ..... . 11111 ..... ....." CompareSwap           atomics::cas::<_, U16>;
    cas_w           "10 001000 1 . 1 ..... . 11111 ..... ....." CompareSwap           atomics::cas::<_, U32>;
    cas_x           "11 001000 1 . 1 ..... . 11111 ..... ....." CompareSwap           atomics::cas::<_, U64>;
    casp_w          "00 001000 0 . 1 ..... . 11111 ..... ....." CompareSwapPair       atomics::casp_w;
    casp_x          "01 001000 0 . 1 ..... . 11111 ..... ....." CompareSwapPair       atomics::casp_x;

    // Atomic updates.
    ldaddb_w        "00 111000 . . 1 ..... 0000 00 ..... ....." Atomic                atomics::update::<_, U8, Add>;
    ldaddh_w        "01 111000 . . 1 ..... 0000 00 ..... ....." Atomic                atomics::update::<_, U16, Add>;
    // Loads with acquire semantics of the weaker kind.
    ldaprb_w        "00 111000 1 0 1 11111 1 100 00 ..... ....." LoadOrdered           atomics::load_acquire::<_, U8>;
    ldaprh_w        "01 111000 1 0 1 11111 1 100 00 ..... ....." LoadOrdered           atomics::load_acquire::<_, U16>;
    ldapr_w         "10 111000 1 0 1 11111 1 100 00 ..... ....." LoadOrdered           atomics::load_acquire::<_, U32>;
    ldapr_x         "11 111000 1 0 1 11111 1 100 00 ..... ....." LoadOrdered           atomics::load_acquire::<_, U64>;

    ldadd_w         "10 111000 . . 1 ..... 0000 00 ..... ....." Atomic                atomics::update::<_, U32, Add>;
    ldadd_x         "11 111000 . . 1 ..... 0000 00 ..... ....." Atomic                atomics::update::<_, U64, Add>;
    ldclrb_w        "00 111000 . . 1 ..... 0001 00 ..... ....." Atomic                atomics::update::<_, U8, Clr>;
    ldclrh_w        "01 111000 . . 1 ..... 0001 00 ..... ....." Atomic                atomics::update::<_, U16, Clr>;
    ldclr_w         "10 111000 . . 1 ..... 0001 00 ..... ....." Atomic                atomics::update::<_, U32, Clr>;
    ldclr_x         "11 111000 . . 1 ..... 0001 00 ..... ....." Atomic                atomics::update::<_, U64, Clr>;
    ldeorb_w        "00 111000 . . 1 ..... 0010 00 ..... ....." Atomic                atomics::update::<_, U8, Eor>;
    ldeorh_w        "01 111000 . . 1 ..... 0010 00 ..... ....." Atomic                atomics::update::<_, U16, Eor>;
    ldeor_w         "10 111000 . . 1 ..... 0010 00 ..... ....." Atomic                atomics::update::<_, U32, Eor>;
    ldeor_x         "11 111000 . . 1 ..... 0010 00 ..... ....." Atomic                atomics::update::<_, U64, Eor>;
    ldsetb_w        "00 111000 . . 1 ..... 0011 00 ..... ....." Atomic                atomics::update::<_, U8, Set>;
    ldseth_w        "01 111000 . . 1 ..... 0011 00 ..... ....." Atomic                atomics::update::<_, U16, Set>;
    ldset_w         "10 111000 . . 1 ..... 0011 00 ..... ....." Atomic                atomics::update::<_, U32, Set>;
    ldset_x         "11 111000 . . 1 ..... 0011 00 ..... ....." Atomic                atomics::update::<_, U64, Set>;
    ldsmaxb_w       "00 111000 . . 1 ..... 0100 00 ..... ....." Atomic                atomics::update::<_, U8, Smax>;
    ldsmaxh_w       "01 111000 . . 1 ..... 0100 00 ..... ....." Atomic                atomics::update::<_, U16, Smax>;
    ldsmax_w        "10 111000 . . 1 ..... 0100 00 ..... ....." Atomic                atomics::update::<_, U32, Smax>;
    ldsmax_x        "11 111000 . . 1 ..... 0100 00 ..... ....." Atomic                atomics::update::<_, U64, Smax>;
    ldsminb_w       "00 111000 . . 1 ..... 0101 00 ..... ....." Atomic                atomics::update::<_, U8, Smin>;
    ldsminh_w       "01 111000 . . 1 ..... 0101 00 ..... ....." Atomic                atomics::update::<_, U16, Smin>;
    ldsmin_w        "10 111000 . . 1 ..... 0101 00 ..... ....." Atomic                atomics::update::<_, U32, Smin>;
    ldsmin_x        "11 111000 . . 1 ..... 0101 00 ..... ....." Atomic                atomics::update::<_, U64, Smin>;
    ldumaxb_w       "00 111000 . . 1 ..... 0110 00 ..... ....." Atomic                atomics::update::<_, U8, Umax>;
    ldumaxh_w       "01 111000 . . 1 ..... 0110 00 ..... ....." Atomic                atomics::update::<_, U16, Umax>;
    ldumax_w        "10 111000 . . 1 ..... 0110 00 ..... ....." Atomic                atomics::update::<_, U32, Umax>;
    ldumax_x        "11 111000 . . 1 ..... 0110 00 ..... ....." Atomic                atomics::update::<_, U64, Umax>;
    lduminb_w       "00 111000 . . 1 ..... 0111 00 ..... ....." Atomic                atomics::update::<_, U8, Umin>;
    lduminh_w       "01 111000 . . 1 ..... 0111 00 ..... ....." Atomic                atomics::update::<_, U16, Umin>;
    ldumin_w        "10 111000 . . 1 ..... 0111 00 ..... ....." Atomic                atomics::update::<_, U32, Umin>;
    ldumin_x        "11 111000 . . 1 ..... 0111 00 ..... ....." Atomic                atomics::update::<_, U64, Umin>;
    swpb_w          "00 111000 . . 1 ..... 1000 00 ..... ....." Atomic                atomics::update::<_, U8, Swp>;
    swph_w          "01 111000 . . 1 ..... 1000 00 ..... ....." Atomic                atomics::update::<_, U16, Swp>;
    swp_w           "10 111000 . . 1 ..... 1000 00 ..... ....." Atomic                atomics::update::<_, U32, Swp>;
    swp_x           "11 111000 . . 1 ..... 1000 00 ..... ....." Atomic                atomics::update::<_, U64, Swp>;
}
