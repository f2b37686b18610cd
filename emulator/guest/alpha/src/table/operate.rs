//! Integer operates, in the order of their opcodes and function codes (appendix C).
//!
//! A line has the row's name, opcode, function code, format, and the operation on two operands (see `ops`),
//! behind `!` if it can overflow.

use lockstep_cpu::{Emit, Meaning};

use super::Row;
use crate::decode::Format;
use crate::ops::*;
use crate::{Alpha, Insn};

instructions! {
    // Arithmetic and comparison.
    addl      0x10 0x00  Operate: Addl;
    s4addl    0x10 0x02  Operate: S4addl;
    subl      0x10 0x09  Operate: Subl;
    s4subl    0x10 0x0b  Operate: S4subl;
    cmpbge    0x10 0x0f  Operate: Cmpbge;
    s8addl    0x10 0x12  Operate: S8addl;
    s8subl    0x10 0x1b  Operate: S8subl;
    cmpult    0x10 0x1d  Operate: Cmpult;
    addq      0x10 0x20  Operate: Addq;
    s4addq    0x10 0x22  Operate: S4addq;
    subq      0x10 0x29  Operate: Subq;
    s4subq    0x10 0x2b  Operate: S4subq;
    cmpeq     0x10 0x2d  Operate: Cmpeq;
    s8addq    0x10 0x32  Operate: S8addq;
    s8subq    0x10 0x3b  Operate: S8subq;
    cmpule    0x10 0x3d  Operate: Cmpule;
    addl_v    0x10 0x40  Operate! AddlV;
    subl_v    0x10 0x49  Operate! SublV;
    cmplt     0x10 0x4d  Operate: Cmplt;
    addq_v    0x10 0x60  Operate! AddqV;
    subq_v    0x10 0x69  Operate! SubqV;
    cmple     0x10 0x6d  Operate: Cmple;

    // Logic and conditional moves.
    and       0x11 0x00  Operate: And;
    andnot    0x11 0x08  Operate: Andnot;
    cmovlbs   0x11 0x14  Operate: Cmovlbs;
    cmovlbc   0x11 0x16  Operate: Cmovlbc;
    or        0x11 0x20  Operate: Or;
    cmoveq    0x11 0x24  Operate: Cmoveq;
    cmovne    0x11 0x26  Operate: Cmovne;
    ornot     0x11 0x28  Operate: Ornot;
    xor       0x11 0x40  Operate: Xor;
    cmovlt    0x11 0x44  Operate: Cmovlt;
    cmovge    0x11 0x46  Operate: Cmovge;
    eqv       0x11 0x48  Operate: Eqv;
    amask     0x11 0x61  OperateOne: Amask;
    cmovle    0x11 0x64  Operate: Cmovle;
    cmovgt    0x11 0x66  Operate: Cmovgt;
    implver   0x11 0x6c  Implver: Implver;

    // Shifts and bytes.
    mskbl     0x12 0x02  Operate: Mskbl;
    extbl     0x12 0x06  Operate: Extbl;
    insbl     0x12 0x0b  Operate: Insbl;
    mskwl     0x12 0x12  Operate: Mskwl;
    extwl     0x12 0x16  Operate: Extwl;
    inswl     0x12 0x1b  Operate: Inswl;
    mskll     0x12 0x22  Operate: Mskll;
    extll     0x12 0x26  Operate: Extll;
    insll     0x12 0x2b  Operate: Insll;
    zap       0x12 0x30  Operate: Zap;
    zapnot    0x12 0x31  Operate: Zapnot;
    mskql     0x12 0x32  Operate: Mskql;
    srl       0x12 0x34  Operate: Srl;
    extql     0x12 0x36  Operate: Extql;
    sll       0x12 0x39  Operate: Sll;
    insql     0x12 0x3b  Operate: Insql;
    sra       0x12 0x3c  Operate: Sra;
    mskwh     0x12 0x52  Operate: Mskwh;
    inswh     0x12 0x57  Operate: Inswh;
    extwh     0x12 0x5a  Operate: Extwh;
    msklh     0x12 0x62  Operate: Msklh;
    inslh     0x12 0x67  Operate: Inslh;
    extlh     0x12 0x6a  Operate: Extlh;
    mskqh     0x12 0x72  Operate: Mskqh;
    insqh     0x12 0x77  Operate: Insqh;
    extqh     0x12 0x7a  Operate: Extqh;

    // Multiplication.
    mull      0x13 0x00  Operate: Mull;
    mulq      0x13 0x20  Operate: Mulq;
    umulh     0x13 0x30  Operate: Umulh;
    mull_v    0x13 0x40  Operate! MullV;
    mulq_v    0x13 0x60  Operate! MulqV;

    // BWX, CIX and MVI.
    sextb     0x1c 0x00  OperateOne: Sextb;
    sextw     0x1c 0x01  OperateOne: Sextw;
    ctpop     0x1c 0x30  OperateOneRegister: Ctpop;
    perr      0x1c 0x31  OperateRegister: Perr;
    ctlz      0x1c 0x32  OperateOneRegister: Ctlz;
    cttz      0x1c 0x33  OperateOneRegister: Cttz;
    unpkbw    0x1c 0x34  OperateOneRegister: Unpkbw;
    unpkbl    0x1c 0x35  OperateOneRegister: Unpkbl;
    pkwb      0x1c 0x36  OperateOneRegister: Pkwb;
    pklb      0x1c 0x37  OperateOneRegister: Pklb;
    minsb8    0x1c 0x38  Operate: Minsb8;
    minsw4    0x1c 0x39  Operate: Minsw4;
    minub8    0x1c 0x3a  Operate: Minub8;
    minuw4    0x1c 0x3b  Operate: Minuw4;
    maxub8    0x1c 0x3c  Operate: Maxub8;
    maxuw4    0x1c 0x3d  Operate: Maxuw4;
    maxsb8    0x1c 0x3e  Operate: Maxsb8;
    maxsw4    0x1c 0x3f  Operate: Maxsw4;
}
