# The instructions that trap, one function each: a leaf called with its arguments in R16 and R17.

    .set noat
    .set noreorder
    .set nomacro
    .arch ev67
    .text

    .macro case name
    .balign 16
    .globl \name
\name:
    .endm

    case    do_bpt
    call_pal 0x80
    ret     $31, ($26), 1
    case    do_bugchk
    call_pal 0x81
    ret     $31, ($26), 1
    case    do_gentrap
    call_pal 0xaa
    ret     $31, ($26), 1
    case    do_callsys
    call_pal 0x83
    ret     $31, ($26), 1
    case    do_reserved_pal
    call_pal 0x3e0000
    ret     $31, ($26), 1
    case    do_privileged_pal
    call_pal 0x36
    ret     $31, ($26), 1
    case    do_reserved_opcode
    .long   0x04000000
    ret     $31, ($26), 1
    case    do_float
    addt    $f1, $f2, $f3
    ret     $31, ($26), 1
    case    do_load
    ldq     $0, 0($16)
    ret     $31, ($26), 1
    case    do_load_long
    ldl     $1, 0($16)
    ret     $31, ($26), 1
    case    do_store
    stq     $17, 0($16)
    ret     $31, ($26), 1
    case    do_store_word
    stw     $17, 0($16)
    ret     $31, ($26), 1
    case    do_jump
    jmp     $31, ($16), 0
    case    do_add_overflow
    addqv   $16, $17, $0
    trapb
    ret     $31, ($26), 1
    case    do_multiply_overflow
    mullv   $16, $17, $3
    trapb
    ret     $31, ($26), 1

# User code: does what R9 points to with R10 and R11 as arguments, then asks the kernel to take it back.
    .balign 16
    .globl user_code
user_code:
    bis     $10, $10, $16
    bis     $11, $11, $17
    jsr     $26, ($9), 0
    lda     $0, 99($31)
    call_pal 0x83
    br      $31, user_code
    .globl user_code_end
user_code_end:
    .section .note.GNU-stack, "", @progbits
