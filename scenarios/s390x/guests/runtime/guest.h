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
typedef unsigned __int128 u128;

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

#define CR0_LOW_PROTECTION 0x10000000ul

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

// ---- Translation: one address space, dat.c ----

#define PAGE_INVALID 0x400ul
#define PAGE_PROTECTED 0x200ul
#define PAGE_NO_EXECUTE 0x100ul
#define SEGMENT_INVALID 0x20ul

// Maps 128 MiB to themselves, and has CR1 designate that. The PSW says whether it is used.
void map_identity(void);
u64 *page_entry(u64 address);
u64 *segment_entry(u64 address);
// What a control register says to designate it, but for the length of the table.
u64 address_space(void);
static inline void forget_translations(void) { __asm__ volatile("ptlb" ::: "memory"); }

// ---- Other processors ----

// Orders of SIGNAL PROCESSOR.
enum {
    ORDER_SENSE = 1,
    ORDER_EXTERNAL_CALL = 2,
    ORDER_EMERGENCY = 3,
    ORDER_START = 4,
    ORDER_STOP = 5,
    ORDER_RESTART = 6,
    ORDER_STOP_AND_STORE = 9,
    ORDER_INITIAL_RESET = 11,
    ORDER_RESET = 12,
    ORDER_SET_PREFIX = 13,
    ORDER_STORE_STATUS = 14,
    ORDER_SET_ARCHITECTURE = 18,
    ORDER_CONDITIONAL_EMERGENCY = 19,
    ORDER_SENSE_RUNNING = 21,
    ORDER_STORE_ADDITIONAL_STATUS = 23,
};

// The condition code; the status, if there is one, through the pointer.
static inline int signal_processor(u32 cpu, u32 order, u64 parameter, u32 *status) {
    register u64 word __asm__("0") = 0;
    register u64 param __asm__("1") = parameter;
    int code;
    __asm__ volatile("sigp %1, %3, 0(%4)\n ipm %0\n srl %0, 28"
                     : "=d"(code), "+d"(word)
                     : "d"(param), "d"((u64)cpu), "a"((u64)order)
                     : "cc", "memory");
    *status = (u32)word;
    return code;
}
static inline u16 cpu_address(void) {
    u16 value;
    __asm__ volatile("stap %0" : "=Q"(value));
    return value;
}

// ---- A small generator, and a hash for checksum lines: those of the other architectures' guests ----

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

// The CRC-32 of eight bytes more, without an instruction for it.
static inline u32 crc32_doubleword(u32 crc, const u8 *data) {
    for (u32 i = 0; i < 8; i++) {
        crc ^= data[i];
        for (u32 bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return crc;
}

// Storage is reached as it is: guests that are shared with other architectures ask for this.
static inline void mmu_enable_identity(void) {}

int main(void);
