// What a guest needs of a DP264-class machine: a console, PALcode, interrupts, PCI. Guests print nothing that depends on
// how fast time passes.
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t i32;
typedef int64_t i64;

// ---- The superpage ----

#define SUPERPAGE 0xfffffc0000000000ul
static inline u64 physical(const volatile void *address) { return (u64)address - SUPERPAGE; }

// ---- PALcode (OSF/1) ----

// PALcode may change R0, R1, R16 and R22 to R25.
#define PAL_CLOBBERS "$1", "$22", "$23", "$24", "$25", "memory"

static inline u64 pal1(const u32 function, u64 a0) {
    register u64 r16 __asm__("$16") = a0;
    register u64 r0 __asm__("$0");
    __asm__ volatile("call_pal %2" : "=r"(r0), "+r"(r16) : "i"(function) : PAL_CLOBBERS);
    return r0;
}
static inline u64 pal2(const u32 function, u64 a0, u64 a1) {
    register u64 r16 __asm__("$16") = a0;
    register u64 r17 __asm__("$17") = a1;
    register u64 r0 __asm__("$0");
    __asm__ volatile("call_pal %3" : "=r"(r0), "+r"(r16), "+r"(r17) : "i"(function) : PAL_CLOBBERS);
    return r0;
}

#define swap_ipl(level) pal1(0x35, level)
#define read_ps() pal1(0x36, 0)
#define write_entry(address, number) pal2(0x34, (u64)(address), number)
#define write_usp(value) pal1(0x38, value)
#define read_usp() pal1(0x3a, 0)
#define swap_context(pcb) pal1(0x30, pcb)
#define invalidate_all() pal2(0x33, (u64)-2, 0)
#define invalidate_process() pal2(0x33, (u64)-1, 0)
#define invalidate_code(address) pal2(0x33, 1, address)
#define invalidate_data(address) pal2(0x33, 2, address)
#define invalidate(address) pal2(0x33, 3, address)
#define write_fen(value) pal1(0x2b, value)
static inline void imb(void) { __asm__ volatile("call_pal 0x86" ::: "memory"); }
static inline void mb(void) { __asm__ volatile("mb" ::: "memory"); }
static inline void trapb(void) { __asm__ volatile("trapb" ::: "memory"); }
static inline void drain(void) { __asm__ volatile("call_pal 0x02" ::: "memory"); }
_Noreturn void power_off(void);

// ---- Entry points: see start.S ----

struct frame {
    u64 r0_15[16];
    u64 r19_28[10];
    u64 a0, a1, a2; // what the entry point was given
    u64 padding;
    u64 ps, pc, gp, r16, r17, r18;
};
_Static_assert(sizeof(struct frame) == 36 * 8, "start.S has this size");

enum { ENTRY_INTERRUPT, ENTRY_ARITHMETIC, ENTRY_MEMORY, ENTRY_INSTRUCTION, ENTRY_UNALIGNED, ENTRY_SYSTEM };
enum { INTERRUPT_PROCESSOR, INTERRUPT_CLOCK, INTERRUPT_CHECK, INTERRUPT_DEVICE };

// A guest defines those it handles; the others end it with a message.
void on_interrupt(struct frame *frame);
void on_arithmetic(struct frame *frame);
void on_memory(struct frame *frame);
void on_instruction(struct frame *frame);
void on_unaligned(struct frame *frame);
void on_system(struct frame *frame);

// Runs user code with these values in R9 to R11, until a system call's handler comes back.
void call_user(u64 pc, u64 usp, u64 r9, u64 r10, u64 r11);
_Noreturn void back_to_kernel(void);
extern u64 kernel_stack;

// ---- The chipset and what is behind it: io.c ----

#define CCHIP 0xfffffd01a0000000ul
#define PCI_MEMORY 0xfffffd0000000000ul
#define PCI_IO 0xfffffd01fc000000ul
#define PCI_CONFIG 0xfffffd01fe000000ul
enum { CCHIP_MISC = 0x080, CCHIP_DIM0 = 0x200, CCHIP_DIR0 = 0x280, CCHIP_DRIR = 0x300 };

static inline u64 cchip_read(u64 offset) { return *(volatile u64 *)(CCHIP + offset); }
static inline void cchip_write(u64 offset, u64 value) { *(volatile u64 *)(CCHIP + offset) = value, mb(); }
static inline u8 in8(u32 port) { return *(volatile u8 *)(PCI_IO + port); }
static inline void out8(u32 port, u8 value) { *(volatile u8 *)(PCI_IO + port) = value, mb(); }

enum { PIC_MASTER = 0x20, PIC_SLAVE = 0xa0, RTC_INDEX = 0x70, RTC_DATA = 0x71 };
enum { RTC_A = 10, RTC_B = 11, RTC_C = 12, RTC_PIE = 0x40 };
u8 rtc_read(u8 number);
void rtc_write(u8 number, u8 value);
// Lets an ISA interrupt through to this processor, and ends one.
void isa_enable(u32 irq);
void isa_end(u32 irq);

// ---- Console: 16550, console.c ----

enum { UART = 0x3f8, UART_IRQ = 4 };
enum { UART_DATA, UART_IER, UART_IIR, UART_LCR, UART_MCR, UART_LSR, UART_MSR, UART_SCR };
void console_init(void);
void put_char(char c);
// %c %s %d %u %x %%, with `l` for 64 bits, a width, and `0` to fill with zeros.
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

// ---- A small generator, and a hash for checksum lines ----

struct random {
    u64 state;
};
static inline u64 random_next(struct random *r) {
    // splitmix64
    u64 z = r->state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}
static inline u64 mix(u64 hash, u64 value) {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15;
    return (hash << 29 | hash >> 35) + value;
}

// ---- Translation: pages.c ----

enum {
    PTE_VALID = 1 << 0,
    PTE_FOR = 1 << 1,
    PTE_FOW = 1 << 2,
    PTE_FOE = 1 << 3,
    PTE_ASM = 1 << 4,
    PTE_KRE = 1 << 8,
    PTE_URE = 1 << 9,
    PTE_KWE = 1 << 12,
    PTE_UWE = 1 << 13,
};
#define PTE_KERNEL (PTE_VALID | PTE_KRE | PTE_KWE)
#define PTE_USER (PTE_KERNEL | PTE_URE | PTE_UWE)
enum { PAGE = 8192 };

struct pcb {
    u64 ksp, usp, ptbr;
    u32 pcc, asn;
    u64 unique, fen;
    u64 reserved[2];
} __attribute__((aligned(128)));

// Three levels of tables for the eight megabytes from USER_BASE on, of which the last level is `pages`.
#define USER_BASE 0x20000000ul
extern u64 pages[1024];
// Switches to these tables, with an address space number.
void switch_space(u32 asn);
static inline u64 pte(const volatile void *page, u64 bits) { return physical(page) >> 13 << 32 | bits; }

// ---- memory.c ----

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);
