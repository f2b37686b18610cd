// Entry of the first core (EL1, MMU off), and the exception vectors.
//
// Every vector saves the interrupted state as a `struct frame`, calls the C
// function for its kind, restores whatever that function left in the frame,
// and returns.

    .section .text.start, "ax"
    .globl _start
_start:
    msr     spsel, #1
    adrp    x1, __stack_top
    add     sp, x1, :lo12:__stack_top
    adr     x1, vectors
    msr     vbar_el1, x1
    isb
    adrp    x1, __bss_start
    add     x1, x1, :lo12:__bss_start
    adrp    x2, __bss_end
    add     x2, x2, :lo12:__bss_end
1:  cmp     x1, x2
    b.hs    2f
    stp     xzr, xzr, [x1], #16
    b       1b
2:  bl      console_init
    bl      main
    b       power_off

// Secondary cores arrive here from PSCI CPU_ON with their stack in x0.
    .globl secondary_start
secondary_start:
    msr     spsel, #1
    mov     sp, x0
    adr     x1, vectors
    msr     vbar_el1, x1
    isb
    bl      secondary_main
3:  wfi
    b       3b

    .set FRAME_SIZE, 288

    .macro vector number, function
    .balign 128
    sub     sp, sp, #FRAME_SIZE
    stp     x0, x1, [sp, #0]
    mov     x1, #\number
    adr     x0, \function
    b       exception
    .endm

    .section .text.vectors, "ax"
    .balign 2048
    .globl vectors
vectors:
    vector  0,  on_sync
    vector  1,  on_irq
    vector  2,  on_unexpected
    vector  3,  on_unexpected
    vector  4,  on_sync
    vector  5,  on_irq
    vector  6,  on_unexpected
    vector  7,  on_unexpected
    vector  8,  on_sync
    vector  9,  on_irq
    vector  10, on_unexpected
    vector  11, on_unexpected
    vector  12, on_unexpected
    vector  13, on_unexpected
    vector  14, on_unexpected
    vector  15, on_unexpected
    .balign 128

// x0 = C function, x1 = vector number; the interrupted x0 and x1 are saved.
exception:
    stp     x2, x3, [sp, #16]
    stp     x4, x5, [sp, #32]
    stp     x6, x7, [sp, #48]
    stp     x8, x9, [sp, #64]
    stp     x10, x11, [sp, #80]
    stp     x12, x13, [sp, #96]
    stp     x14, x15, [sp, #112]
    stp     x16, x17, [sp, #128]
    stp     x18, x19, [sp, #144]
    stp     x20, x21, [sp, #160]
    stp     x22, x23, [sp, #176]
    stp     x24, x25, [sp, #192]
    stp     x26, x27, [sp, #208]
    stp     x28, x29, [sp, #224]
    mrs     x2, sp_el0
    stp     x30, x2, [sp, #240]
    mrs     x2, elr_el1
    mrs     x3, spsr_el1
    stp     x2, x3, [sp, #256]
    str     x1, [sp, #272]
    mov     x2, x0
    mov     x0, sp
    blr     x2

    .globl  exception_return
exception_return:
    ldp     x2, x3, [sp, #256]
    msr     elr_el1, x2
    msr     spsr_el1, x3
    ldp     x30, x2, [sp, #240]
    msr     sp_el0, x2
    ldp     x28, x29, [sp, #224]
    ldp     x26, x27, [sp, #208]
    ldp     x24, x25, [sp, #192]
    ldp     x22, x23, [sp, #176]
    ldp     x20, x21, [sp, #160]
    ldp     x18, x19, [sp, #144]
    ldp     x16, x17, [sp, #128]
    ldp     x14, x15, [sp, #112]
    ldp     x12, x13, [sp, #96]
    ldp     x10, x11, [sp, #80]
    ldp     x8, x9, [sp, #64]
    ldp     x6, x7, [sp, #48]
    ldp     x4, x5, [sp, #32]
    ldp     x2, x3, [sp, #16]
    ldp     x0, x1, [sp, #0]
    add     sp, sp, #FRAME_SIZE
    eret

    .weak   secondary_main
    .section .note.GNU-stack, "", %progbits
