# Entry, and the way from each interruption into C and back.
#
# An interruption saves all general registers at 0x200 of the low core: handlers run with everything
# disabled, so one save area is enough. Program checks may happen in a handler; they have their own.

    .section .text.start, "ax"
    .globl _start
_start:
    larl    %r15, __stack_top
    aghi    %r15, -160
    larl    %r2, __bss_start
    larl    %r3, __bss_end
0:  clgr    %r2, %r3
    jhe     1f
    mvi     0(%r2), 0
    aghi    %r2, 1
    j       0b
1:  xc      0(8,%r15), 0(%r15)
    brasl   %r14, runtime_init
    brasl   %r14, main
    brasl   %r14, power_off

    .macro  interruption name, save, old, handler
    .globl  \name
\name:
    stmg    %r0, %r15, \save
    larl    %r15, __interrupt_stack_top
    aghi    %r15, -160
    xc      0(8,%r15), 0(%r15)
    brasl   %r14, \handler
    lmg     %r0, %r15, \save
    lpswe   \old
    .endm

    interruption external_entry, 0x200, 0x130, on_external
    interruption service_entry, 0x280, 0x140, on_supervisor_call
    interruption io_entry, 0x200, 0x170, on_io

    # A program check may come from a handler: it stays on whatever stack there is.
    .globl  program_entry
program_entry:
    stmg    %r0, %r15, 0x300
    aghi    %r15, -320
    xc      0(8,%r15), 0(%r15)
    brasl   %r14, on_program
    lmg     %r0, %r15, 0x300
    lpswe   0x150
    .section .note.GNU-stack, "", @progbits
