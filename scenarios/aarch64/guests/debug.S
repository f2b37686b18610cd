// The code that debug.c steps through, breaks at and watches, at EL0 and EL1. x0 is the address of a page of data. SVC #0
// ends a piece.

    .section .text.user, "ax"
    .balign 4096
    .globl user_page, walk, jumps, exclusives, traps, aborts, accesses, wide, zeroes, waits
user_page:

walk:
    mov     x2, #1
    mov     x2, #2
    mov     x2, #3
    svc     #0

jumps:
    mov     x2, #1
    b       1f
    udf     #0
2:  ret
1:  bl      2b
    cbz     x2, 2b
    tbnz    x2, #0, 3f
    udf     #0
3:  svc     #0

exclusives:
    ldxr    x3, [x0]
    clrex
    ldaxrb  w3, [x0]
    ldxp    x3, x4, [x0]
    ldar    x3, [x0]
    stlr    x3, [x0]
    .arch_extension lse
    mov     x4, #0
    mov     x5, #0
    casp    x4, x5, x4, x5, [x0]
    svc     #0

traps:
    mov     x2, #1
    svc     #1
    mov     x2, #2
    brk     #7
    mov     x2, #3
    udf     #8
    mov     x2, #4
    svc     #0

aborts:
    mov     x2, #1
    add     x4, x0, #0x1000
    ldr     x3, [x4]
    mov     x2, #2
    str     x3, [x4, #8]
    mov     x2, #3
    svc     #0

    .arch_extension lse
accesses:
    ldrb    w3, [x0, #3]
    ldrb    w3, [x0, #4]
    ldrh    w3, [x0, #2]
    ldr     w3, [x0]
    ldr     x3, [x0]
    ldur    x3, [x0, #1]
    ldur    w3, [x0, #7]
    ldr     x3, [x0, #8]
    strb    w3, [x0, #3]
    strh    w3, [x0, #4]
    str     w3, [x0, #4]
    str     x3, [x0]
    str     x3, [x0, #8]
    stur    w3, [x0, #5]
    ldp     x3, x4, [x0]
    stp     x3, x4, [x0]
    ldp     w3, w4, [x0, #8]
    ldtr    x3, [x0, #8]
    sttr    x3, [x0, #8]
    add     x1, x0, #8
    ldar    x3, [x1]
    stlr    x3, [x1]
    ldadd   x3, x4, [x1]
    cas     x3, x4, [x1]
    prfm    pldl1keep, [x0, #8]
    ldrb    w3, [x0, #0x7ff]
    ldrb    w3, [x0, #0x800]
    strb    w3, [x0, #0xfff]
    mov     x2, #1
    svc     #0

wide:
    ldr     q0, [x0]
    ldr     d0, [x0, #8]
    str     q0, [x0]
    str     s0, [x0, #16]
    ld1     {v0.16b}, [x0]
    ldp     q0, q1, [x0]
    mov     x2, #1
    svc     #0

zeroes:
    dc      zva, x0
    dc      cvau, x0
    mov     x2, #1
    svc     #0

waits:
    mov     x2, #1
    msr     daifclr, #8
    mov     x2, #2
    mov     x2, #3
    svc     #0

    .balign 4096
    .section .note.GNU-stack, "", %progbits
