//! Everything but integer operates and floating-point operates, in the order of opcodes (appendix C).
//!
//! A line has the row's name, opcode, function code, format, and meaning.

use lockstep_cpu::{Emit, Meaning};

use super::Row;
use crate::branch::*;
use crate::decode::Format;
use crate::{Alpha, Insn, float, memory_ops, pal, system};

instructions! {
    call_pal  0x00 0  Pal        => pal::call;

    lda       0x08 0  Address    => memory_ops::lda;
    ldah      0x09 0  Address    => memory_ops::lda;
    ldbu      0x0a 0  Load       => memory_ops::load::<E, 1>;
    ldq_u     0x0b 0  Load       => memory_ops::ldq_u;
    ldwu      0x0c 0  Load       => memory_ops::load::<E, 2>;
    stw       0x0d 0  Store      => memory_ops::store::<E, 2>;
    stb       0x0e 0  Store      => memory_ops::store::<E, 1>;
    stq_u     0x0f 0  Store      => memory_ops::stq_u;

    trapb     0x18 0x0000  Misc        => system::nothing;
    excb      0x18 0x0400  Misc        => system::nothing;
    mb        0x18 0x4000  Misc        => system::nothing;
    wmb       0x18 0x4400  Misc        => system::nothing;
    fetch     0x18 0x8000  MiscAddress => system::nothing;
    fetch_m   0x18 0xa000  MiscAddress => system::nothing;
    rpcc      0x18 0xc000  MiscCounter => system::rpcc;
    rc        0x18 0xe000  MiscRegister => system::interrupt_flag::<E, 0>;
    ecb       0x18 0xe800  MiscAddress => system::nothing;
    rs        0x18 0xf000  MiscRegister => system::interrupt_flag::<E, 1>;
    wh64      0x18 0xf800  MiscAddress => system::nothing;
    wh64en    0x18 0xfc00  MiscAddress => system::nothing;

    // Reserved to PALcode, which here is not made of instructions.
    pal19     0x19 0  PalReserved => system::reserved;
    pal1b     0x1b 0  PalReserved => system::reserved;
    pal1d     0x1d 0  PalReserved => system::reserved;
    pal1e     0x1e 0  PalReserved => system::reserved;
    pal1f     0x1f 0  PalReserved => system::reserved;

    jmp       0x1a 0  Jump       => jump;
    jsr       0x1a 1  Jump       => jump;
    ret       0x1a 2  Return     => jump;
    jcr       0x1a 3  Return     => jump;

    ldf       0x20 0  FloatMemory => memory_ops::ldf;
    ldg       0x21 0  FloatMemory => memory_ops::ldg;
    lds       0x22 0  FloatMemory => memory_ops::lds;
    ldt       0x23 0  FloatMemory => memory_ops::ldt;
    stf       0x24 0  FloatMemory => memory_ops::stf;
    stg       0x25 0  FloatMemory => memory_ops::stg;
    sts       0x26 0  FloatMemory => memory_ops::sts;
    stt       0x27 0  FloatMemory => memory_ops::stt;

    ldl       0x28 0  Load       => memory_ops::ldl;
    ldq       0x29 0  Load       => memory_ops::load::<E, 8>;
    ldl_l     0x2a 0  LoadLocked => memory_ops::load_locked::<E, 4>;
    ldq_l     0x2b 0  LoadLocked => memory_ops::load_locked::<E, 8>;
    stl       0x2c 0  Store      => memory_ops::store::<E, 4>;
    stq       0x2d 0  Store      => memory_ops::store::<E, 8>;
    stl_c     0x2e 0  StoreConditional => memory_ops::store_conditional::<E, 4>;
    stq_c     0x2f 0  StoreConditional => memory_ops::store_conditional::<E, 8>;

    br        0x30 0  Branch      => br;
    fbeq      0x31 0  FloatBranch => conditional_float::<E, FloatEq>;
    fblt      0x32 0  FloatBranch => conditional_float::<E, FloatLt>;
    fble      0x33 0  FloatBranch => conditional_float::<E, FloatLe>;
    bsr       0x34 0  Branch      => br;
    fbne      0x35 0  FloatBranch => conditional_float::<E, FloatNe>;
    fbge      0x36 0  FloatBranch => conditional_float::<E, FloatGe>;
    fbgt      0x37 0  FloatBranch => conditional_float::<E, FloatGt>;
    blbc      0x38 0  ConditionalBranch => conditional::<E, LowClear>;
    beq       0x39 0  ConditionalBranch => conditional::<E, Eq>;
    blt       0x3a 0  ConditionalBranch => conditional::<E, Lt>;
    ble       0x3b 0  ConditionalBranch => conditional::<E, Le>;
    blbs      0x3c 0  ConditionalBranch => conditional::<E, LowSet>;
    bne       0x3d 0  ConditionalBranch => conditional::<E, Ne>;
    bge       0x3e 0  ConditionalBranch => conditional::<E, Ge>;
    bgt       0x3f 0  ConditionalBranch => conditional::<E, Gt>;

    // Moves between the register files (FIX); and what moves or copies without arithmetic.
    itofs     0x14 0x004  ToFloat     => float::itofs;
    itoff     0x14 0x014  ToFloat     => float::itoff;
    itoft     0x14 0x024  ToFloat     => float::itoft;
    ftoit     0x1c 0x70   FromFloat   => float::ftoit;
    ftois     0x1c 0x78   FromFloat   => float::ftois;
    cvtlq     0x17 0x010  FloatOne    => float::cvtlq;
    cpys      0x17 0x020  FloatThree  => float::cpys;
    cpysn     0x17 0x021  FloatThree  => float::cpysn;
    cpyse     0x17 0x022  FloatThree  => float::cpyse;
    mt_fpcr   0x17 0x024  FloatControl => float::mt_fpcr;
    mf_fpcr   0x17 0x025  FloatControl => float::mf_fpcr;
    fcmoveq   0x17 0x02a  FloatThree  => float::fcmov::<E, FloatEq>;
    fcmovne   0x17 0x02b  FloatThree  => float::fcmov::<E, FloatNe>;
    fcmovlt   0x17 0x02c  FloatThree  => float::fcmov::<E, FloatLt>;
    fcmovge   0x17 0x02d  FloatThree  => float::fcmov::<E, FloatGe>;
    fcmovle   0x17 0x02e  FloatThree  => float::fcmov::<E, FloatLe>;
    fcmovgt   0x17 0x02f  FloatThree  => float::fcmov::<E, FloatGt>;
}
