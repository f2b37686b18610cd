# Where the kernel enters the first program: the count of arguments, the arguments and the environment are on the stack.

    .text
    .globl  _start
    .ent    _start
_start:
    .frame  $15, 0, $15
    br      $27, 1f
1:  ldgp    $29, 0($27)
    .prologue 0
    mov     $30, $16
    lda     $27, begin
    jsr     $26, ($27), begin
    .end    _start

# long call(long number, long a, long b, long c, long d, long e): a system call; an error is negative.
    .globl  call
    .ent    call
call:
    .frame  $30, 0, $26
    .prologue 0
    mov     $16, $0
    mov     $17, $16
    mov     $18, $17
    mov     $19, $18
    mov     $20, $19
    mov     $21, $20
    callsys
    subq    $31, $0, $1
    cmovne  $19, $1, $0
    ret     $31, ($26), 1
    .end    call

    .section .note.GNU-stack, "", @progbits
