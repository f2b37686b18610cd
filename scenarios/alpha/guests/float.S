# Floating-point instructions, one function each: R16 points to two operands, a result, and the FPCR before and after.

    .set noat
    .set noreorder
    .set nomacro
    .arch ev67
    .text

    .macro case name, insn:vararg
    .balign 16
    .globl float_\name
float_\name:
    ldt     $f10, 24($16)
    mt_fpcr $f10
    trapb
    ldt     $f1, 0($16)
    ldt     $f2, 8($16)
    ldt     $f3, 16($16)
    \insn
    trapb
    mf_fpcr $f10
    trapb
    stt     $f3, 16($16)
    stt     $f10, 32($16)
    ret     $31, ($26), 1
    .endm

    case addt,      addt $f1, $f2, $f3
    case addt_su,   addt/su $f1, $f2, $f3
    case addt_sui,  addt/sui $f1, $f2, $f3
    case addt_suic, addt/suic $f1, $f2, $f3
    case addt_suim, addt/suim $f1, $f2, $f3
    case addt_suid, addt/suid $f1, $f2, $f3
    case adds_su,   adds/su $f1, $f2, $f3
    case subt_su,   subt/su $f1, $f2, $f3
    case mult_su,   mult/su $f1, $f2, $f3
    case mult_u,    mult/u $f1, $f2, $f3
    case mult_sui,  mult/sui $f1, $f2, $f3
    case divt,      divt $f1, $f2, $f3
    case divt_su,   divt/su $f1, $f2, $f3
    case divt_sui,  divt/sui $f1, $f2, $f3
    case sqrtt_su,  sqrtt/su $f1, $f3
    case cvttq_svic, cvttq/svic $f1, $f3
    case cvttq_v,   cvttq/v $f1, $f3
    case cvtts_su,  cvtts/su $f1, $f3
    case cvtqt_sui, cvtqt/sui $f1, $f3
    case cmptlt_su, cmptlt/su $f1, $f2, $f3
    case cmptun_su, cmptun/su $f1, $f2, $f3
    case cpysn,     cpysn $f1, $f2, $f3
    case fcmovgt,   fcmovgt $f1, $f2, $f3
    case cvtlq,     cvtlq $f1, $f3

    .section .note.GNU-stack, "", @progbits
