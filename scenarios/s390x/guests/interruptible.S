# One instruction at a time, with all registers as the case has them, and interruptions enabled for just as long as it takes.
#
# struct state: 0 registers 0 to 13, 112 the address of the code, 120 the system mask, 128 how far off the
# clock comparator is, 136 the condition code at the end.

    .text
    .globl  run_state
run_state:
    stmg    %r6, %r15, 48(%r15)
    larl    %r1, saved
    stg     %r2, 0(%r1)
    stg     %r15, 8(%r1)
    lgr     %r15, %r2
    # The low core is always within reach.
    stck    0x480
    lg      %r1, 0x480
    alg     %r1, 128(%r15)
    stg     %r1, 0x480
    lg      %r14, 112(%r15)
    lmg     %r0, %r13, 0(%r15)
    tm      120(%r15), 1
    jz      0f
    sckc    0x480
0:  tm      120(%r15), 4
    jz      1f
    stosm   0x488, 5
    br      %r14
1:  tm      120(%r15), 1
    jz      2f
    stosm   0x488, 1
2:  br      %r14
finish:
    ipm     %r14
    stnsm   0x488, 0
    larl    %r15, saved
    lg      %r15, 0(%r15)
    stmg    %r0, %r13, 0(%r15)
    srl     %r14, 28
    st      %r14, 136(%r15)
    larl    %r1, saved
    lg      %r15, 8(%r1)
    lmg     %r6, %r15, 48(%r15)
    br      %r14

    # A case goes on where the instruction stops on its own account.
    .macro  case name, text
    .globl  case_\name
case_\name:
    \text
    jo      case_\name
    j       finish
    .endm

    .machine "z14"
    case    mvcl, "mvcl %r2, %r4"
    case    mvcle, "mvcle %r2, %r4, 0x2a"
    case    mvclu, ".insn rsy, 0xeb000000008e, %r2, %r4, 0x2a"
    case    clcl, "clcl %r2, %r4"
    case    clcle, "clcle %r2, %r4, 0x2a"
    case    clclu, ".insn rsy, 0xeb000000008f, %r2, %r4, 0x2a"
    case    cksm, "cksm %r6, %r2"
    case    tre, "tre %r2, %r4"
    case    troo, ".insn rrf, 0xb9930000, %r2, %r4, 1, 0"
    case    trot, ".insn rrf, 0xb9920000, %r2, %r4, 0, 0"
    case    trto, ".insn rrf, 0xb9910000, %r2, %r4, 1, 0"
    case    trtt, ".insn rrf, 0xb9900000, %r2, %r4, 1, 0"
    case    trte, ".insn rrf, 0xb9bf0000, %r2, %r6, 0, 0"
    case    srst, "srst %r6, %r2"
    case    srstu, ".insn rre, 0xb9be0000, %r6, %r2"
    case    clst, "clst %r2, %r4"
    case    mvst, "mvst %r2, %r4"
    case    cuse, "cuse %r2, %r4"
    case    cu12, ".insn rrf, 0xb2a70000, %r2, %r4, 1, 0"
    case    cu21, ".insn rrf, 0xb2a60000, %r2, %r4, 1, 0"
    case    cu14, ".insn rrf, 0xb9b00000, %r2, %r4, 1, 0"
    case    cu41, ".insn rre, 0xb9b20000, %r2, %r4"
    case    cu24, ".insn rrf, 0xb9b10000, %r2, %r4, 1, 0"
    case    cu42, ".insn rre, 0xb9b30000, %r2, %r4"
    case    kimd, ".insn rre, 0xb93e0000, %r2, %r4"
    case    km, ".insn rre, 0xb92e0000, %r2, %r4"

    .bss
    .balign 8
saved:
    .skip   16
    .section .note.GNU-stack, "", @progbits
