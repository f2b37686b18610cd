// The cases of exceptions.c: each raises one exception, some after a legal
// step or two. All registers but x0 (the user half of the map, see
// exceptions.c) hold patterns that must be found again.
//
//      case    mode[, flags] "name"
//
// puts a row in the table and the code that follows in the page EL0 may run.

    .set EL0, 0x0
    .set EL1T, 0x4
    .set EL1H, 0x5
    .set STRICT_ALIGNMENT, 0x100
    .set TIMER, 0x200
    .set NEEDS_PAN, 0x400
    .set ILLEGAL, 0x800

    .set READ_WRITE, 0x1000
    .set READ_ONLY, 0x2000
    .set KERNEL_ONLY, 0x3000
    .set NOT_ACCESSED, 0x4000
    .set HOLE, 0x6000
    .set OUTSIDE, 0x7000
    .set BLOCK, 0x200000        // level 2, in steps of 2 MiB

    .macro case mode, name
    .pushsection .rodata.names, "aMS", %progbits, 1
name\@: .asciz "\name"
    .popsection
    .pushsection .rodata.cases, "a"
    .quad   name\@, 9f, \mode
    .popsection
9:
    .endm

// x2 = an address in the user half.
    .macro at_user offset
    mov     x2, #\offset
    add     x2, x2, x0
    .endm

    .pushsection .rodata.cases, "a"
    .balign 8
    .globl cases
cases:
    .popsection

    .section .text.user, "ax"
    .balign 4096
    .globl user_page
user_page:

// ---- Instructions that trap by design ----

    case    EL0, "svc"
    svc     #0x1234
    case    EL0, "svc with flags"
    subs    xzr, x0, x0
    svc     #1
    case    EL0, "brk"
    brk     #0xabcd
    case    EL0, "udf"
    udf     #0x55
    case    EL0, "reserved encoding"
    .inst   0x03ffffff

// ---- EL0 may not ----

    case    EL0, "hvc"
    hvc     #1
    case    EL0, "smc"
    smc     #1
    case    EL0, "hlt"
    hlt     #1
    case    EL0, "eret"
    eret
    case    EL0, "write sctlr_el1"
    msr     sctlr_el1, x1
    case    EL0, "read ttbr0_el1"
    mrs     x1, ttbr0_el1
    case    EL0, "write spsel"
    msr     spsel, #1
    case    EL0, "tlbi"
    tlbi    vmalle1
    case    EL0, "read ctr_el0"
    mrs     x1, ctr_el0
    case    EL0, "write daif"
    msr     daifset, #2
    case    EL0, "read daif"
    mrs     x17, daif
    case    EL0, "wfi"
    wfi
    case    EL0, "read cntvct_el0"
    mrs     x5, cntvct_el0
    case    EL0, "read cntfrq_el0"
    mrs     x6, cntfrq_el0
    case    EL0, "write cntv_cval_el0"
    msr     cntv_cval_el0, x7
    case    EL0, "dc cvau"
    dc      cvau, x0
    case    EL0, "ic ivau"
    ic      ivau, x0
    case    EL0, "dc zva"
    dc      zva, x0
    case    EL0, "what it may"
    msr     tpidr_el0, x0
    mrs     x2, nzcv
    dmb     sy
    dsb     sy
    isb
    mrs     x2, tpidr_el0
    cmp     x2, x0
    cset    x2, eq
    svc     #2

// ---- Data aborts ----

    case    EL0, "read, no translation at level 0"
    movz    x2, #0x0100, lsl #32
    ldr     x3, [x2]
    case    EL0, "read, no translation at level 1"
    movz    x2, #0x4000, lsl #16
    add     x2, x2, x0
    ldr     x3, [x2, #8]
    case    EL0, "read, no translation at level 2"
    at_user BLOCK
    ldrb    w3, [x2, #3]
    case    EL0, "read, no translation at level 3"
    at_user HOLE
    ldrsh   x3, [x2, #6]
    case    EL0, "write, no translation at level 3"
    at_user HOLE
    str     w3, [x2, #12]
    case    EL0, "read, not a canonical address"
    movz    x2, #0x0100, lsl #48
    ldr     x3, [x2]
    case    EL0, "read, upper half"
    movn    x2, #0
    ldrb    w3, [x2]
    case    EL0, "read, page of EL1"
    at_user KERNEL_ONLY
    ldr     x3, [x2]
    case    EL0, "write, read-only page"
    at_user READ_ONLY
    ldr     x3, [x2]
    str     x3, [x2]
    case    EL0, "write, read-only block"
    at_user 2 * BLOCK
    ldr     x3, [x2]
    strb    w3, [x2, #1]
    case    EL0, "exclusive write, read-only page"
    at_user READ_ONLY
    ldxr    x3, [x2]
    stxr    w4, x3, [x2]
    case    EL0, "read, access flag at level 3"
    at_user NOT_ACCESSED
    ldr     x3, [x2, #16]
    case    EL0, "write, access flag at level 3"
    at_user NOT_ACCESSED
    stp     x3, x4, [x2, #16]
    case    EL0, "read, access flag at level 2"
    at_user 3 * BLOCK
    ldr     x3, [x2, #24]
    case    EL0, "read, access flag at level 1"
    movz    x2, #0x8000, lsl #16
    add     x2, x2, x0
    ldr     x3, [x2, #32]
    case    EL0, "read, page outside of memory"
    at_user OUTSIDE
    ldr     x3, [x2]
    case    EL0, "read, table outside of memory"
    at_user 4 * BLOCK
    ldr     x3, [x2]
    case    EL0, "read across pages, second missing"
    at_user HOLE
    ldur    x3, [x2, #-3]
    case    EL0, "write across pages, second missing"
    at_user HOLE
    stur    w3, [x2, #-1]
    case    EL0, "pair across pages, second missing"
    at_user HOLE
    ldp     x3, x4, [x2, #-8]
    case    EL0, "read across pages, both there"
    at_user READ_ONLY
    ldur    x3, [x2, #-2]
    svc     #3
    case    EL0, "write-back is undone"
    at_user HOLE
    ldr     x3, [x2, #8]!
    case    EL0, "prefetch never faults"
    at_user HOLE
    prfm    pldl1keep, [x2]
    svc     #4

// ---- Alignment ----

    case    EL0 | STRICT_ALIGNMENT, "unaligned read"
    at_user READ_WRITE
    ldur    x3, [x2, #1]
    case    EL0 | STRICT_ALIGNMENT, "unaligned write"
    at_user READ_WRITE
    sturh   w3, [x2, #3]
    case    EL0 | STRICT_ALIGNMENT, "unaligned pair"
    at_user READ_WRITE + 4
    ldp     x3, x4, [x2]
    case    EL0 | STRICT_ALIGNMENT, "aligned to its parts"
    at_user READ_WRITE + 8
    ldp     x3, x4, [x2]
    svc     #5
    case    EL0 | STRICT_ALIGNMENT, "unaligned before missing"
    at_user HOLE + 4
    ldr     x3, [x2]
    case    EL0, "unaligned exclusive"
    at_user READ_WRITE + 13
    ldxr    x3, [x2]
    case    EL0, "unaligned without the check"
    at_user READ_WRITE + 5
    str     x3, [x2]
    ldr     x4, [x2]
    cmp     x3, x4
    cset    x2, eq
    svc     #6
    case    EL0, "unaligned stack"
    at_user READ_WRITE + 8
    mov     sp, x2
    ldr     x3, [sp, #8]            // QEMU 10.0 lets it pass
    svc     #7

// ---- Instruction aborts ----

    case    EL0, "run, no translation at level 3"
    at_user HOLE
    br      x2
    case    EL0, "run, no translation at level 0"
    movz    x2, #0x0100, lsl #32
    br      x2
    case    EL0, "run, not a canonical address"
    movz    x2, #0x0100, lsl #48
    br      x2
    case    EL0, "run, page EL0 may run but not read"
    at_user KERNEL_ONLY
    br      x2                      // to zeros: undefined
    case    EL0, "run, execute-never page"
    at_user READ_WRITE
    br      x2
    case    EL0, "run, access flag at level 3"
    at_user NOT_ACCESSED
    br      x2
    case    EL0, "run, page outside of memory"
    at_user OUTSIDE
    br      x2
    case    EL0, "run, unaligned"
    at_user 2
    br      x2
    case    EL0, "return, unaligned"
    mov     x2, x0
    orr     x2, x2, #1
    ret     x2

// ---- At EL1 ----

    case    EL1H, "EL1: svc"
    svc     #0x4321
    case    EL1T, "EL1 on the stack of EL0: svc"
    svc     #0x4322
    case    EL1H, "EL1: brk"
    brk     #2
    case    EL1H, "EL1: udf"
    udf     #3
    case    EL1H, "EL1: read unallocated register"
    mrs     x2, s3_0_c13_c7_7
    case    EL1H, "EL1: write read-only register"
    msr     s3_0_c0_c0_0, x2        // midr_el1
    case    EL1H, "EL1: read, no translation at level 3"
    at_user HOLE
    ldr     x3, [x2, #8]
    case    EL1H, "EL1: write, read-only page"
    at_user READ_ONLY
    str     x3, [x2, #8]
    case    EL1H, "EL1: read as EL0, page of EL1"
    at_user KERNEL_ONLY
    ldr     x3, [x2]
    ldtr    x3, [x2]
    case    EL1H, "EL1: write as EL0, page of EL1"
    at_user KERNEL_ONLY
    sttr    x3, [x2]
    case    EL1H, "EL1: run, page that EL0 may write"
    at_user READ_WRITE
    br      x2
    case    EL1H, "EL1: run, no translation at level 2"
    at_user BLOCK
    br      x2
    case    EL1H, "EL1: run, unaligned"
    adr     x3, 1f + 3
    br      x3
1:  nop
    case    EL1H | NEEDS_PAN, "EL1: read with PAN"
    at_user READ_WRITE
    ldr     x3, [x2]
    .arch_extension pan
    msr     pan, #1
    ldtr    x3, [x2]
    ldr     x3, [x2]
    case    EL1H | NEEDS_PAN, "EL1: write with PAN"
    at_user READ_WRITE
    msr     pan, #1
    sttr    x3, [x2]
    str     x3, [x2]

// ---- Returning to where one cannot go ----

    .macro  illegal_return pstate
    mov     x2, #\pstate
    msr     spsr_el1, x2
    adr     x3, 1f
    msr     elr_el1, x3
    eret
    udf     #0
1:  nop
    .endm

    case    EL1H, "illegal return: EL0 with a stack of its own"
    illegal_return 0x3c1
    case    EL1H, "illegal return: reserved stack"
    illegal_return 0x3c6
    case    EL1H, "illegal return: EL2"
    illegal_return 0x3c9
    case    EL1H, "illegal return: EL3"
    illegal_return 0x3cd
    case    EL0 | ILLEGAL, "legal return to an illegal state"
    svc     #0

// ---- Interrupts ----

    case    EL0 | TIMER, "interrupt in EL0"
1:  cbnz    x1, 1b                  // cleared by the handler
    svc     #7
    case    EL1H | TIMER, "interrupt in EL1"
    msr     daifclr, #2
1:  cbnz    x1, 1b
    msr     daifset, #2
    svc     #8
    case    EL1T | TIMER, "interrupt in EL1 on the stack of EL0"
    msr     daifclr, #2
1:  cbnz    x1, 1b
    msr     daifset, #2
    svc     #9

    .balign 4096

    .pushsection .rodata.cases, "a"
    .globl cases_end
cases_end:
    .popsection

    .section .note.GNU-stack, "", %progbits
