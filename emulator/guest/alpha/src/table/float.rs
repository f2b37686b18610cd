//! Floating-point operates with qualifiers, in the order of opcodes and function codes (appendix C).
//!
//! A line has the row's name, opcode, function code without qualifiers, format, in brackets which qualifiers there are,
//! and meaning.

use lockstep_cpu::{Emit, Meaning};

use super::Row;
use crate::decode::{Format, Qualifiers};
use crate::float::ieee::*;
use crate::float::vax::*;
use crate::{Alpha, Insn, float};

instructions! {
    sqrtf     0x14 0x0a  FloatOneQualified(Vax)       => vax_one::<E, SqrtF>;
    sqrts     0x14 0x0b  FloatOneQualified(Ieee)      => ieee_one::<E, SqrtS>;
    sqrtg     0x14 0x2a  FloatOneQualified(Vax)       => vax_one::<E, SqrtG>;
    sqrtt     0x14 0x2b  FloatOneQualified(Ieee)      => ieee_one::<E, SqrtT>;

    addf      0x15 0x00  FloatQualified(Vax)          => vax_two::<E, AddF>;
    subf      0x15 0x01  FloatQualified(Vax)          => vax_two::<E, SubF>;
    mulf      0x15 0x02  FloatQualified(Vax)          => vax_two::<E, MulF>;
    divf      0x15 0x03  FloatQualified(Vax)          => vax_two::<E, DivF>;
    cvtdg     0x15 0x1e  FloatOneQualified(Vax)       => vax_one::<E, CvtDG>;
    addg      0x15 0x20  FloatQualified(Vax)          => vax_two::<E, AddG>;
    subg      0x15 0x21  FloatQualified(Vax)          => vax_two::<E, SubG>;
    mulg      0x15 0x22  FloatQualified(Vax)          => vax_two::<E, MulG>;
    divg      0x15 0x23  FloatQualified(Vax)          => vax_two::<E, DivG>;
    cmpgeq    0x15 0x25  FloatQualified(VaxCompare)   => vax_two::<E, CmpGEq>;
    cmpglt    0x15 0x26  FloatQualified(VaxCompare)   => vax_two::<E, CmpGLt>;
    cmpgle    0x15 0x27  FloatQualified(VaxCompare)   => vax_two::<E, CmpGLe>;
    cvtgf     0x15 0x2c  FloatOneQualified(Vax)       => vax_one::<E, CvtGF>;
    cvtgd     0x15 0x2d  FloatOneQualified(Vax)       => vax_one::<E, CvtGD>;
    cvtgq     0x15 0x2f  FloatOneQualified(VaxToInteger) => vax_one::<E, CvtGQ>;
    cvtqf     0x15 0x3c  FloatOneQualified(VaxFromInteger) => vax_one::<E, CvtQF>;
    cvtqg     0x15 0x3e  FloatOneQualified(VaxFromInteger) => vax_one::<E, CvtQG>;

    adds      0x16 0x00  FloatQualified(Ieee)         => ieee_two::<E, AddS>;
    subs      0x16 0x01  FloatQualified(Ieee)         => ieee_two::<E, SubS>;
    muls      0x16 0x02  FloatQualified(Ieee)         => ieee_two::<E, MulS>;
    divs      0x16 0x03  FloatQualified(Ieee)         => ieee_two::<E, DivS>;
    addt      0x16 0x20  FloatQualified(Ieee)         => ieee_two::<E, AddT>;
    subt      0x16 0x21  FloatQualified(Ieee)         => ieee_two::<E, SubT>;
    mult      0x16 0x22  FloatQualified(Ieee)         => ieee_two::<E, MulT>;
    divt      0x16 0x23  FloatQualified(Ieee)         => ieee_two::<E, DivT>;
    cmptun    0x16 0x24  FloatQualified(IeeeCompare)  => ieee_two::<E, CmpTUn>;
    cmpteq    0x16 0x25  FloatQualified(IeeeCompare)  => ieee_two::<E, CmpTEq>;
    cmptlt    0x16 0x26  FloatQualified(IeeeCompare)  => ieee_two::<E, CmpTLt>;
    cmptle    0x16 0x27  FloatQualified(IeeeCompare)  => ieee_two::<E, CmpTLe>;
    cvtts     0x16 0x2c  FloatOneQualified(Ieee)      => ieee_one::<E, CvtTS>;
    cvttq     0x16 0x2f  FloatOneQualified(ToInteger) => ieee_one::<E, CvtTQ>;
    cvtqs     0x16 0x3c  FloatOneQualified(FromInteger) => ieee_one::<E, CvtQS>;
    cvtqt     0x16 0x3e  FloatOneQualified(FromInteger) => ieee_one::<E, CvtQT>;
    cvtst     0x16 0x2ac FloatOneQualified(Widen)     => ieee_one::<E, CvtST>;

    cvtql     0x17 0x30  FloatOneQualified(Longword)  => float::cvtql;
}
