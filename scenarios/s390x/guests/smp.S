# Other processors: their start, their interruptions, and one that only counts.

    # Restarted here, with the stack in the low core.
    .text
    .globl  secondary_start
secondary_start:
    lg      %r15, 0x380
    brasl   %r14, secondary_main
0:  j       0b

    # As the runtime's, but on a stack of this processor's own.
    .globl  secondary_external
secondary_external:
    stmg    %r0, %r15, 0x200
    lg      %r15, 0x388
    brasl   %r14, on_secondary_external
    lmg     %r0, %r15, 0x200
    lpswe   0x130

    # Registers with known contents, and a counter that says that it runs. Never interrupted unless the PSW says so.
    .globl  counting_start
counting_start:
    lghi    %r5, 0x1234
    llihf   %r6, 0xcafe0000
    larl    %r7, counter
    larl    %r8, known
    ld      %f4, 0(%r8)
    lam     %a7, %a7, 0(%r8)
    lghi    %r9, 0
counting_loop:
    aghi    %r9, 1
    stg     %r9, 0(%r7)
    j       counting_loop
    .globl  counting_end
counting_end:
    .section .rodata
    .balign 8
known:
    .quad   0x0123456789abcdef
    .section .note.GNU-stack, "", @progbits
