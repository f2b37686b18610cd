// A plain integer loop for measuring speed: 20,000,000 rounds of exactly ten
// instructions, and next to nothing else.

#include "guest.h"

int main(void) {
    u64 sum = 1, count = 20000000, shifted;
    __asm__ volatile("    .balign 64\n"
                     "1:  add     %0, %0, %1\n"
                     "    lsr     %2, %0, #7\n"
                     "    eor     %0, %0, %2\n"
                     "    and     %2, %0, #0xff\n"
                     "    add     %0, %0, %2, lsl #3\n"
                     "    orr     %2, %2, #1\n"
                     "    sub     %0, %0, %2\n"
                     "    ror     %0, %0, #13\n"
                     "    subs    %1, %1, #1\n"
                     "    b.ne    1b\n"
                     : "+r"(sum), "+r"(count), "=&r"(shifted)
                     :
                     : "cc");
    print("loop: %016lx\n", sum);
    return 0;
}
