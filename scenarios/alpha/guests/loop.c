// 20,000,000 rounds of ten instructions, for measuring speed.

#include "guest.h"

int main(void) {
    u64 a = 1, b = 2, rounds = 20000000;
    __asm__ volatile("1:\n\t"
                     "addq %0, %1, %0\n\t"
                     "xor %1, %0, %1\n\t"
                     "sll %0, 3, $1\n\t"
                     "addq $1, %1, $1\n\t"
                     "srl $1, 5, $22\n\t"
                     "xor %0, $22, %0\n\t"
                     "s8addq %1, %0, %1\n\t"
                     "zapnot %1, 255, %1\n\t"
                     "subq %2, 1, %2\n\t"
                     "bne %2, 1b"
                     : "+r"(a), "+r"(b), "+r"(rounds)::"$1", "$22");
    print("loop: %lx %lx\n", a, b);
    return 0;
}
