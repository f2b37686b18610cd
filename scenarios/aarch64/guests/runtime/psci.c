// Power, through PSCI by HVC: the conduit of a `virt` board entered at EL1.

#include "guest.h"

static i64 psci(u64 function, u64 a, u64 b, u64 c) {
    register u64 x0 __asm__("x0") = function;
    register u64 x1 __asm__("x1") = a;
    register u64 x2 __asm__("x2") = b;
    register u64 x3 __asm__("x3") = c;
    __asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");
    return (i64)x0;
}

_Noreturn void power_off(void) {
    while (mmio_read(UART + UART_FR) & UART_FR_BUSY) {
    }
    psci(0x84000008, 0, 0, 0);
    for (;;)
        wait_for_interrupt();
}

i64 cpu_on(u64 mpidr, u64 entry, u64 context) { return psci(0xc4000003, mpidr, entry, context); }
