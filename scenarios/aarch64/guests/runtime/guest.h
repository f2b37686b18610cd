// What a guest needs of a `virt` board: a console, interrupts, timers, a
// power switch. Guests print nothing that depends on how fast time passes.
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
typedef unsigned __int128 u128;

// ---- Registers ----

#define read_sysreg(name)                                         \
    ({                                                            \
        u64 value_;                                               \
        __asm__ volatile("mrs %0, " #name : "=r"(value_)::"memory"); \
        value_;                                                   \
    })
#define write_sysreg(name, value) \
    __asm__ volatile("msr " #name ", %0" ::"r"((u64)(value)) : "memory")
#define isb() __asm__ volatile("isb" ::: "memory")
#define dsb() __asm__ volatile("dsb sy" ::: "memory")

static inline u32 mmio_read(u64 address) { return *(volatile u32 *)address; }
static inline void mmio_write(u64 address, u32 value) { *(volatile u32 *)address = value; }

static inline void irq_enable(void) { __asm__ volatile("msr daifclr, #2" ::: "memory"); }
static inline void irq_disable(void) { __asm__ volatile("msr daifset, #2" ::: "memory"); }
static inline void wait_for_interrupt(void) { __asm__ volatile("dsb sy\n\twfi" ::: "memory"); }

// ---- Exceptions: see start.S ----

struct frame {
    u64 x[31];
    u64 sp_el0;
    u64 elr;
    u64 spsr;
    u64 vector; // 0..15, in the order of the vector table
    u64 padding;
};
_Static_assert(sizeof(struct frame) == 288, "start.S has this size");

// A guest defines those it handles; the others end it with a message.
void on_sync(struct frame *frame);
void on_irq(struct frame *frame);
void on_unexpected(struct frame *frame);

// ---- Console: PL011, console.c ----

void console_init(void);
void put_char(char c);
// %c %s %d %u %x %%, with `l` for 64 bits, a width, and `0` to fill with zeros.
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

enum { UART = 0x09000000, UART_INTID = 33 };
enum { UART_DR = 0x00, UART_FR = 0x18, UART_IMSC = 0x38, UART_ICR = 0x44 };
enum { UART_FR_BUSY = 1 << 3, UART_FR_RXFE = 1 << 4, UART_FR_TXFF = 1 << 5 };
enum { UART_INT_RX = 1 << 4, UART_INT_RT = 1 << 6 };

// ---- Interrupts: GICv2 or GICv3, gic.c ----

enum { GIC_SPURIOUS = 1023 };
enum { TIMER_VIRTUAL_INTID = 27, TIMER_PHYSICAL_INTID = 30 };
void gic_init(void);
void gic_enable(u32 intid);
u32 gic_acknowledge(void);
void gic_end(u32 intid);

// ---- Power: PSCI, psci.c ----

_Noreturn void power_off(void);
i64 cpu_on(u64 mpidr, u64 entry, u64 context);

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

// The CRC-32 of eight bytes more.
static inline u32 crc32_doubleword(u32 crc, const u8 *data) {
    __asm__("crc32x %w0, %w0, %1" : "+r"(crc) : "r"(*(const u64 *)data));
    return crc;
}

// ---- Translation: mmu.c ----

enum {
    PTE_VALID = 1 << 0,
    PTE_TABLE = 1 << 1, // a table above the last level, a page at it
    PTE_DEVICE = 0 << 2,
    PTE_NORMAL = 1 << 2,
    PTE_USER = 1 << 6,
    PTE_READ_ONLY = 1 << 7,
    PTE_SHARED = 3 << 8,
    PTE_ACCESSED = 1 << 10,
    PTE_NOT_GLOBAL = 1 << 11,
};
#define PTE_PXN (1ull << 53)
#define PTE_UXN (1ull << 54)
#define PTE_MEMORY (PTE_VALID | PTE_NORMAL | PTE_SHARED | PTE_ACCESSED)

typedef u64 table[512] __attribute__((aligned(4096)));

enum { TCR_EPD1 = 1 << 23 };
#define TCR_T0SZ(bits) ((u64)(64 - (bits)))
#define TCR_T1SZ(bits) ((u64)(64 - (bits)) << 16)
// 4 KiB granules and write-back, inner shareable walks for both halves; the
// size of physical addresses (32 bits) is encoded as 0.
#define TCR_WALK0 (1ull << 8 | 1ull << 10 | 3ull << 12)
#define TCR_WALK1 (1ull << 24 | 1ull << 26 | 3ull << 28 | 2ull << 30)

enum { SCTLR_M = 1 << 0, SCTLR_A = 1 << 1, SCTLR_C = 1 << 2, SCTLR_I = 1 << 12 };

// Level 1 of an identity map: devices below 1 GiB, memory from there to 2 GiB.
void mmu_identity(table level1);
void mmu_enable(u64 ttbr0, u64 ttbr1, u64 tcr);
// The identity map alone, for guests that only want ordinary memory.
void mmu_enable_identity(void);

// ---- memory.c ----

void *memcpy(void *to, const void *from, size_t size);
void *memset(void *to, int value, size_t size);

// ---- Code that was written as data: cache.c ----

void code_written(const void *start, size_t size);
