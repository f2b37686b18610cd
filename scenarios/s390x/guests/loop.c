// A plain integer loop for measuring speed: 20,000,000 rounds of exactly ten
// instructions, and next to nothing else.

#include "guest.h"

int main(void) {
    u64 sum = 1, count = 20000000, shifted;
    __asm__ volatile("    .balign 64\n"
                     "1:  agr     %0, %1\n"
                     "    srlg    %2, %0, 7\n"
                     "    xgr     %0, %2\n"
                     "    nill    %2, 0xff\n"
                     "    algr    %0, %2\n"
                     "    ogr     %2, %1\n"
                     "    sgr     %0, %2\n"
                     "    rllg    %0, %0, 51\n"
                     "    aghi    %1, -1\n"
                     "    jnz     1b\n"
                     : "+d"(sum), "+d"(count), "=&d"(shifted)
                     :
                     : "cc");
    print("loop: %016lx\n", sum);
    return 0;
}
