# Entry, as a console starts a kernel: kernel mode, all interrupts masked. Then the kernel's six entry points.
#
# PALcode has saved PS, PC, GP and R16 to R18 on the stack. Each entry point saves the other registers below as the
# rest of a `struct frame`, calls the C function for its kind with the frame's address, restores whatever
# that function left there, and returns with RTI (RETSYS for system calls).

    .set noat
    .set noreorder
    .set nomacro

    FRAME = 30 * 8

    .section .text.start, "ax"
    .globl _start
    .ent _start
_start:
    br      $27, 1f
1:  ldah    $29, 0($27)             !gpdisp!1
    lda     $29, 0($29)             !gpdisp!1
    ldq     $30, __stack_top($29)   !literal
    ldq     $1, __bss_start($29)    !literal
    ldq     $2, __bss_end($29)      !literal
2:  cmpult  $1, $2, $3
    beq     $3, 3f
    stq     $31, 0($1)
    addq    $1, 8, $1
    br      2b
3:  bis     $29, $29, $16
    call_pal 0x37                   # WRKGP
    lda     $16, 1($31)
    call_pal 0x2b                   # WRFEN
    ldq     $27, runtime_init($29)  !literal
    jsr     $26, ($27), runtime_init
    ldah    $29, 0($26)             !gpdisp!2
    lda     $29, 0($29)             !gpdisp!2
    ldq     $27, main($29)          !literal
    jsr     $26, ($27), main
    call_pal 0x00                   # HALT
    .end _start

    .macro entry name, function, leave
    .globl \name
    .ent \name
\name:
    lda     $30, -FRAME($30)
    stq     $0, 0($30)
    stq     $1, 8($30)
    stq     $2, 16($30)
    stq     $3, 24($30)
    stq     $4, 32($30)
    stq     $5, 40($30)
    stq     $6, 48($30)
    stq     $7, 56($30)
    stq     $8, 64($30)
    stq     $9, 72($30)
    stq     $10, 80($30)
    stq     $11, 88($30)
    stq     $12, 96($30)
    stq     $13, 104($30)
    stq     $14, 112($30)
    stq     $15, 120($30)
    stq     $19, 128($30)
    stq     $20, 136($30)
    stq     $21, 144($30)
    stq     $22, 152($30)
    stq     $23, 160($30)
    stq     $24, 168($30)
    stq     $25, 176($30)
    stq     $26, 184($30)
    stq     $27, 192($30)
    stq     $28, 200($30)
    stq     $16, 208($30)
    stq     $17, 216($30)
    stq     $18, 224($30)
    bis     $30, $30, $16
    ldq     $27, \function($29)     !literal
    jsr     $26, ($27), \function
    ldq     $0, 0($30)
    ldq     $1, 8($30)
    ldq     $2, 16($30)
    ldq     $3, 24($30)
    ldq     $4, 32($30)
    ldq     $5, 40($30)
    ldq     $6, 48($30)
    ldq     $7, 56($30)
    ldq     $8, 64($30)
    ldq     $9, 72($30)
    ldq     $10, 80($30)
    ldq     $11, 88($30)
    ldq     $12, 96($30)
    ldq     $13, 104($30)
    ldq     $14, 112($30)
    ldq     $15, 120($30)
    ldq     $19, 128($30)
    ldq     $20, 136($30)
    ldq     $21, 144($30)
    ldq     $22, 152($30)
    ldq     $23, 160($30)
    ldq     $24, 168($30)
    ldq     $25, 176($30)
    ldq     $26, 184($30)
    ldq     $27, 192($30)
    ldq     $28, 200($30)
    lda     $30, FRAME($30)
    call_pal \leave
    .end \name
    .endm

    .text
    entry entry_interrupt, on_interrupt, 0x3f
    entry entry_arithmetic, on_arithmetic, 0x3f
    entry entry_memory, on_memory, 0x3f
    entry entry_instruction, on_instruction, 0x3f
    entry entry_unaligned, on_unaligned, 0x3f
    entry entry_system, on_system, 0x3d

# void call_user(u64 pc, u64 usp, u64 r9, u64 r10, u64 r11): to user mode. Comes back when a system call's handler leaves
# through back_to_kernel.
    .globl call_user
    .ent call_user
call_user:
    lda     $30, -80($30)
    stq     $26, 0($30)
    stq     $9, 8($30)
    stq     $10, 16($30)
    stq     $11, 24($30)
    stq     $12, 32($30)
    stq     $13, 40($30)
    stq     $14, 48($30)
    stq     $15, 56($30)
    stq     $29, 64($30)
    ldq     $1, kernel_stack($29)   !literal
    stq     $30, 0($1)
    bis     $16, $16, $12
    bis     $18, $18, $9
    bis     $19, $19, $10
    bis     $20, $20, $11
    bis     $17, $17, $16
    call_pal 0x38                   # WRUSP
    lda     $30, -48($30)           # what RTI takes: PS, PC, GP, R16, R17, R18
    lda     $1, 8($31)
    stq     $1, 0($30)
    stq     $12, 8($30)
    stq     $31, 16($30)
    stq     $31, 24($30)
    stq     $31, 32($30)
    stq     $31, 40($30)
    call_pal 0x3f                   # RTI
    .end call_user

# _Noreturn void back_to_kernel(void): drops whatever is on the kernel's stack and returns from call_user.
    .globl back_to_kernel
    .ent back_to_kernel
back_to_kernel:
    ldq     $1, kernel_stack($29)   !literal
    ldq     $30, 0($1)
    ldq     $26, 0($30)
    ldq     $9, 8($30)
    ldq     $10, 16($30)
    ldq     $11, 24($30)
    ldq     $12, 32($30)
    ldq     $13, 40($30)
    ldq     $14, 48($30)
    ldq     $15, 56($30)
    ldq     $29, 64($30)
    lda     $30, 80($30)
    ret     $31, ($26), 1
    .end back_to_kernel

    .comm kernel_stack, 8, 8
    .section .note.GNU-stack, "", @progbits
