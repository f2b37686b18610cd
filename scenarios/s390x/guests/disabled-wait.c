// How a program says that it cannot go on: it waits with everything disabled, and the address of the PSW says why.

#include "guest.h"

int main(void) {
    print("disabled-wait: going to wait for ever\n");
    static const struct psw end __attribute__((aligned(8))) = {PSW_64 | PSW_WAIT, 0xbad0c0de};
    for (;;) __asm__ volatile("lpswe %0" ::"Q"(end));
}
