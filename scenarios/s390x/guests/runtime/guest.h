// What a guest needs of an s390x machine: a console, interruptions, clocks, a power switch. Guests
// print nothing that depends on how fast time passes.
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

// ---- Program status word ----

struct psw {
    u64 mask, address;
};

#define PSW_IO 0x0200000000000000ul
#define PSW_EXTERNAL 0x0100000000000000ul
#define PSW_WAIT 0x0002000000000000ul
#define PSW_PROBLEM 0x0001000000000000ul
#define PSW_CC 0x0000300000000000ul
#define PSW_64 0x0000000180000000ul

// ---- The low core ----

#define LOW_CORE(type, offset) (*(volatile type *)(u64)(offset))
#define EXTERNAL_PARAMETER LOW_CORE(u32, 0x80)
#define EXTERNAL_CODE LOW_CORE(u16, 0x86)
#define SVC_CODE LOW_CORE(u16, 0x8a)
#define PROGRAM_LENGTH LOW_CORE(u16, 0x8c)
#define PROGRAM_CODE LOW_CORE(u16, 0x8e)
#define TRANSLATION_ADDRESS LOW_CORE(u64, 0xa8)
#define IO_ID LOW_CORE(u32, 0xb8)
#define IO_PARAMETER LOW_CORE(u32, 0xbc)
#define IO_WORD LOW_CORE(u32, 0xc0)
#define EXTERNAL_OLD LOW_CORE(struct psw, 0x130)
#define SVC_OLD LOW_CORE(struct psw, 0x140)
#define PROGRAM_OLD LOW_CORE(struct psw, 0x150)
#define IO_OLD LOW_CORE(struct psw, 0x170)
#define EXTERNAL_NEW LOW_CORE(struct psw, 0x1b0)
#define SVC_NEW LOW_CORE(struct psw, 0x1c0)
#define PROGRAM_NEW LOW_CORE(struct psw, 0x1d0)
#define IO_NEW LOW_CORE(struct psw, 0x1f0)

// External interruption codes.
enum {
    CODE_EMERGENCY = 0x1201,
    CODE_EXTERNAL_CALL = 0x1202,
    CODE_CLOCK_COMPARATOR = 0x1004,
    CODE_CPU_TIMER = 0x1005,
    CODE_SERVICE = 0x2401,
};

// Subclass masks in control register 0.
#define CR0_EXTERNAL_CALL 0x2000ul
#define CR0_EMERGENCY 0x4000ul
#define CR0_CLOCK_COMPARATOR 0x0800ul
#define CR0_CPU_TIMER 0x0400ul
#define CR0_SERVICE 0x0200ul

#define read_cr(n)                                             \
    ({                                                         \
        u64 value_;                                            \
        __asm__ volatile("stctg %1, %1, %0" : "=Q"(value_) : "i"(n)); \
        value_;                                                \
    })
#define write_cr(n, v)                                             \
    do {                                                           \
        u64 value_ = (v);                                          \
        __asm__ volatile("lctlg %1, %1, %0" ::"Q"(value_), "i"(n) : "memory"); \
    } while (0)

// ---- Interruptions: see start.S. A guest may define the handlers; those of the runtime are weak. ----

void on_external(void);
void on_supervisor_call(void);
void on_program(void);
void on_io(void);

// Opens the PSW for a moment to what `mask` enables, without waiting.
void open_psw(u64 mask);
// Waits, enabled for what `mask` says, until an interruption whose handler called wake().
void wait_psw(u64 mask);
void wake(volatile struct psw *old);

// ---- Clocks. A microsecond is 4096 units. ----

#define MICROSECOND 4096ul
static inline u64 tod(void) {
    u64 value;
    __asm__ volatile("stck %0" : "=Q"(value)::"cc");
    return value;
}
static inline void set_clock_comparator(u64 value) { __asm__ volatile("sckc %0" ::"Q"(value)); }
static inline u64 clock_comparator(void) {
    u64 value;
    __asm__ volatile("stckc %0" : "=Q"(value));
    return value;
}
static inline void set_cpu_timer(i64 value) { __asm__ volatile("spt %0" ::"Q"(value)); }
static inline i64 cpu_timer(void) {
    i64 value;
    __asm__ volatile("stpt %0" : "=Q"(value));
    return value;
}

// ---- Console: the ASCII console of the service processor, console.c ----

void runtime_init(void);
// Called by on_external for the service signal.
void console_signal(u32 parameter);
void put_char(char c);
void flush(void);
// %c %s %d %u %x %%, with `l` for 64 bits, a width, and `0` to fill with zeros.
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));

int service_call(u32 command, void *sccb);

// ---- Power ----

_Noreturn void power_off(void);

int main(void);
