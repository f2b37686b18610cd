// The integer instructions, each with many operands and all flags, hashed by
// group: a wrong result anywhere shows as a wrong line.

#include "guest.h"

enum { ROUNDS = 256 };

static struct random generator;
static u64 hash;
static u64 a, b, c, flags;

// Half of the operands are the ones at which things go wrong.
static u64 operand(void) {
    static const u64 edges[] = {
        0,          1,          2,          31,         32,         63,         64,
        0x7f,       0x80,       0xff,       0x7fff,     0x8000,     0xffff,     0x7fffffff,
        0x80000000, 0xffffffff, 1ull << 32, 1ull << 63, ~0ull,      ~0ull >> 1, 0xffffffff80000000,
    };
    u64 value = random_next(&generator);
    u64 which = value % (2 * sizeof edges / sizeof *edges);
    return which < sizeof edges / sizeof *edges ? edges[which] : random_next(&generator) >> (value >> 32 & 31);
}

static void draw(void) {
    a = operand(), b = operand(), c = operand();
    flags = random_next(&generator) & 0xf0000000;
}

static void begin(const char *group) {
    generator.state = hash = 0;
    while (*group)
        generator.state = mix(generator.state, (u8)*group++);
    draw();
}
static void end(const char *group) { print("integer: %s %016lx\n", group, hash); }

#define GROUP(name) \
    begin(name);      \
    for (u32 i = 0; i < ROUNDS || (end(name), 0); i++, draw())

// %0 is the result (holding c before), %2 and %3 are a and b.
#define TRY(instruction)                                                                                  \
    do {                                                                                                  \
        u64 d_ = c, f_ = flags;                                                                           \
        __asm__ volatile("msr nzcv, %1\n\t" instruction "\n\tmrs %1, nzcv"                                \
                         : "+&r"(d_), "+&r"(f_)                                                           \
                         : "r"(a), "r"(b)                                                                 \
                         : "cc", "x9", "x10", "x30");                                                                        \
        hash = mix(mix(hash, d_), f_);                                                                    \
    } while (0)
// The 64-bit and the 32-bit form of an instruction on registers.
#define TRY_DAB(op) TRY(op " %0, %2, %3"); TRY(op " %w0, %w2, %w3")
#define TRY_DA(op) TRY(op " %0, %2"); TRY(op " %w0, %w2")
#define TRY_SHIFTED(op)                                                                                   \
    TRY_DAB(op);                                                                                          \
    TRY(op " %0, %2, %3, lsl #1"); TRY(op " %0, %2, %3, lsr #17"); TRY(op " %0, %2, %3, asr #63");        \
    TRY(op " %w0, %w2, %w3, lsl #31"); TRY(op " %w0, %w2, %w3, lsr #5"); TRY(op " %w0, %w2, %w3, asr #9")
#define TRY_LOGICAL(op)                                                                                   \
    TRY_SHIFTED(op);                                                                                      \
    TRY(op " %0, %2, %3, ror #29"); TRY(op " %w0, %w2, %w3, ror #11")
#define TRY_EXTENDED(op)                                                                                  \
    TRY(op " %0, %2, %w3, uxtb"); TRY(op " %0, %2, %w3, uxth #1"); TRY(op " %0, %2, %w3, uxtw #2");       \
    TRY(op " %0, %2, %3, uxtx #3"); TRY(op " %0, %2, %w3, sxtb #4"); TRY(op " %0, %2, %w3, sxth");        \
    TRY(op " %0, %2, %w3, sxtw #1"); TRY(op " %0, %2, %3, sxtx #2"); TRY(op " %w0, %w2, %w3, uxtb #3");   \
    TRY(op " %w0, %w2, %w3, sxth #4"); TRY(op " %w0, %w2, %w3, sxtb"); TRY(op " %w0, %w2, %w3, uxth #2")
#define TRY_IMMEDIATE(op)                                                                                 \
    TRY(op " %0, %2, #0"); TRY(op " %0, %2, #1"); TRY(op " %0, %2, #4095"); TRY(op " %0, %2, #1, lsl #12"); \
    TRY(op " %w0, %w2, #0"); TRY(op " %w0, %w2, #4095"); TRY(op " %w0, %w2, #2049, lsl #12")
#define TRY_BITMASK(op)                                                                                   \
    TRY(op " %0, %2, #1"); TRY(op " %0, %2, #0x5555555555555555"); TRY(op " %0, %2, #0xff00ff00ff00ff00"); \
    TRY(op " %0, %2, #0x8000000000000001"); TRY(op " %0, %2, #0xfffffffffffffffe");                       \
    TRY(op " %0, %2, #0x0007fffc00000000"); TRY(op " %0, %2, #0xe1e1e1e1e1e1e1e1");                       \
    TRY(op " %w0, %w2, #0xaaaaaaaa"); TRY(op " %w0, %w2, #0xf000000f"); TRY(op " %w0, %w2, #0x3ffc0000"); \
    TRY(op " %w0, %w2, #0x7fffffff"); TRY(op " %w0, %w2, #0x0c0c0c0c")
#define TRY_CONDITIONS(head, tail)                                                                        \
    TRY(head "eq" tail); TRY(head "ne" tail); TRY(head "hs" tail); TRY(head "lo" tail);                   \
    TRY(head "mi" tail); TRY(head "pl" tail); TRY(head "vs" tail); TRY(head "vc" tail);                   \
    TRY(head "hi" tail); TRY(head "ls" tail); TRY(head "ge" tail); TRY(head "lt" tail);                   \
    TRY(head "gt" tail); TRY(head "le" tail); TRY(head "al" tail)
#define TRY_CONDITIONAL(op) TRY_CONDITIONS(op " %0, %2, %3, ", ""); TRY_CONDITIONS(op " %w0, %w2, %w3, ", "")
#define TRY_FIELD(op)                                                                                     \
    TRY(op " %0, %2, #0, #1"); TRY(op " %0, %2, #0, #64"); TRY(op " %0, %2, #63, #1");                    \
    TRY(op " %0, %2, #17, #23"); TRY(op " %0, %2, #32, #32"); TRY(op " %w0, %w2, #0, #32");               \
    TRY(op " %w0, %w2, #31, #1"); TRY(op " %w0, %w2, #7, #9"); TRY(op " %w0, %w2, #16, #8")

static void arithmetic(void) {
    GROUP("add") { TRY_SHIFTED("add"); TRY_EXTENDED("add"); TRY_IMMEDIATE("add"); }
    GROUP("adds") { TRY_SHIFTED("adds"); TRY_EXTENDED("adds"); TRY_IMMEDIATE("adds"); }
    GROUP("sub") { TRY_SHIFTED("sub"); TRY_EXTENDED("sub"); TRY_IMMEDIATE("sub"); }
    GROUP("subs") { TRY_SHIFTED("subs"); TRY_EXTENDED("subs"); TRY_IMMEDIATE("subs"); }
    GROUP("adc sbc") { TRY_DAB("adc"); TRY_DAB("sbc"); TRY_DA("ngc"); }
    GROUP("adcs sbcs") { TRY_DAB("adcs"); TRY_DAB("sbcs"); TRY_DA("ngcs"); }
    GROUP("madd msub") {
        TRY("madd %0, %2, %3, %0"); TRY("madd %w0, %w2, %w3, %w0");
        TRY("msub %0, %2, %3, %0"); TRY("msub %w0, %w2, %w3, %w0");
    }
    GROUP("long multiplication") {
        TRY("smaddl %0, %w2, %w3, %0"); TRY("smsubl %0, %w2, %w3, %0");
        TRY("umaddl %0, %w2, %w3, %0"); TRY("umsubl %0, %w2, %w3, %0");
        TRY("smulh %0, %2, %3"); TRY("umulh %0, %2, %3");
    }
    GROUP("division") { TRY_DAB("udiv"); TRY_DAB("sdiv"); }
    GROUP("by zero and least by minus one") {
        if (i % 2)
            b = 0;
        else
            a = 1ull << (i % 4 ? 63 : 31), b = ~0ull;
        TRY_DAB("udiv"); TRY_DAB("sdiv");
    }
}

static void logic(void) {
    GROUP("and") { TRY_LOGICAL("and"); TRY_LOGICAL("bic"); TRY_BITMASK("and"); }
    GROUP("ands") { TRY_LOGICAL("ands"); TRY_LOGICAL("bics"); TRY_BITMASK("ands"); }
    GROUP("orr") { TRY_LOGICAL("orr"); TRY_LOGICAL("orn"); TRY_BITMASK("orr"); }
    GROUP("eor") { TRY_LOGICAL("eor"); TRY_LOGICAL("eon"); TRY_BITMASK("eor"); }
    GROUP("move") {
        TRY("movz %0, #0xabcd"); TRY("movz %0, #0x1234, lsl #48"); TRY("movn %0, #0x1234, lsl #16");
        TRY("movn %w0, #0"); TRY("movn %w0, #0x8000, lsl #16"); TRY("movk %0, #0x7777");
        TRY("movk %0, #0xffff, lsl #32"); TRY("movk %w0, #0, lsl #16");
    }
    GROUP("shifts by registers") { TRY_DAB("lslv"); TRY_DAB("lsrv"); TRY_DAB("asrv"); TRY_DAB("rorv"); }
    GROUP("counting and reversing") {
        TRY_DA("clz"); TRY_DA("cls"); TRY_DA("rbit"); TRY_DA("rev"); TRY_DA("rev16"); TRY("rev32 %0, %2");
    }
    GROUP("extraction") {
        TRY("extr %0, %2, %3, #0"); TRY("extr %0, %2, %3, #1"); TRY("extr %0, %2, %3, #63");
        TRY("extr %w0, %w2, %w3, #0"); TRY("extr %w0, %w2, %w3, #31"); TRY("extr %w0, %w2, %w3, #13");
    }
    GROUP("fields") {
        TRY_FIELD("ubfx"); TRY_FIELD("sbfx"); TRY_FIELD("bfxil");
        TRY_FIELD("ubfiz"); TRY_FIELD("sbfiz"); TRY_FIELD("bfi");
        TRY("sxtb %0, %w2"); TRY("sxth %0, %w2"); TRY("sxtw %0, %w2"); TRY("uxtb %w0, %w2"); TRY("uxth %w0, %w2");
        TRY("asr %0, %2, #63"); TRY("asr %w0, %w2, #31"); TRY("lsr %0, %2, #1"); TRY("lsl %w0, %w2, #31");
    }
    GROUP("crc32") {
        TRY("crc32b %w0, %w2, %w3"); TRY("crc32h %w0, %w2, %w3"); TRY("crc32w %w0, %w2, %w3");
        TRY("crc32x %w0, %w2, %3"); TRY("crc32cb %w0, %w2, %w3"); TRY("crc32ch %w0, %w2, %w3");
        TRY("crc32cw %w0, %w2, %w3"); TRY("crc32cx %w0, %w2, %3");
    }
}

static void conditions(void) {
    GROUP("csel") { TRY_CONDITIONAL("csel"); }
    GROUP("csinc") { TRY_CONDITIONAL("csinc"); }
    GROUP("csinv") { TRY_CONDITIONAL("csinv"); }
    GROUP("csneg") { TRY_CONDITIONAL("csneg"); }
    GROUP("ccmp") {
        TRY_CONDITIONS("ccmp %2, %3, #0, ", ""); TRY_CONDITIONS("ccmp %w2, %w3, #5, ", "");
        TRY_CONDITIONS("ccmp %2, #31, #10, ", "");
    }
    GROUP("ccmn") {
        TRY_CONDITIONS("ccmn %2, %3, #15, ", ""); TRY_CONDITIONS("ccmn %w2, %w3, #3, ", "");
        TRY_CONDITIONS("ccmn %w2, #1, #12, ", "");
    }
    GROUP("b.cond") { TRY_CONDITIONS("b.", " 1f\n\tadd %0, %0, %2\n\t1: eor %0, %0, %3"); }
    GROUP("cbz tbz") {
        TRY("cbz %2, 1f\n\tadd %0, %0, #1\n\t1: lsl %0, %0, #1");
        TRY("cbnz %w2, 1f\n\tadd %0, %0, #1\n\t1: lsl %0, %0, #1");
        TRY("tbz %2, #63, 1f\n\tadd %0, %0, #1\n\t1: lsl %0, %0, #1");
        TRY("tbnz %w2, #0, 1f\n\tadd %0, %0, #1\n\t1: lsl %0, %0, #1");
        TRY("tbz %2, #32, 1f\n\tadd %0, %0, #1\n\t1: lsl %0, %0, #1");
    }
    GROUP("calls") {
        TRY("bl 1f\n\tb 2f\n\t1: add %0, %0, %2\n\tret\n\t2:");
        TRY("adr x9, 1f\n\tbr x9\n\tadd %0, %0, #1\n\t1: eor %0, %0, %3");
        TRY("adr x9, 1f\n\tblr x9\n\tb 2f\n\t1: sub %0, %0, %3\n\tret x30\n\t2:");
    }
}

// %0 is the value, %1 the base (it may be written back), %2 the index.
static u8 buffer[512] __attribute__((aligned(64)));

#define TRY_MEMORY(instruction)                                                                           \
    do {                                                                                                  \
        u64 d_ = c, base_ = (u64)buffer + 256 + (a & 63), index_ = (b & 31) - 16;                         \
        __asm__ volatile(instruction : "+&r"(d_), "+&r"(base_) : "r"(index_) : "memory", "x9", "x10");    \
        hash = mix(mix(hash, d_), base_ - (u64)buffer);                                                   \
    } while (0)
#define TRY_MODES(op, r)                                                                                  \
    TRY_MEMORY(op " %" r "0, [%1]"); TRY_MEMORY(op " %" r "0, [%1, #8]"); TRY_MEMORY(op " %" r "0, [%1], #-9"); \
    TRY_MEMORY(op " %" r "0, [%1, #23]!"); TRY_MEMORY(op " %" r "0, [%1, #-77]");                         \
    TRY_MEMORY(op " %" r "0, [%1, %2]"); TRY_MEMORY(op " %" r "0, [%1, %w2, sxtw]")

// x9 = the base in a map of memory, 1 GiB further up, that EL0 may use.
#define USER_ALIAS "orr x9, %1, #0x80000000\n\tand x9, x9, #~0x40000000\n\t"

static void hash_buffer(void) {
    for (u32 n = 0; n < sizeof buffer; n += 8)
        hash = mix(hash, *(u64 *)(buffer + n));
}

static void memory(void) {
    for (u32 n = 0; n < sizeof buffer; n++)
        buffer[n] = (u8)(n * 73 + 5);
    GROUP("loads") {
        TRY_MODES("ldr", "x"); TRY_MODES("ldr", "w"); TRY_MODES("ldrh", "w"); TRY_MODES("ldrb", "w");
        TRY_MODES("ldrsb", "x"); TRY_MODES("ldrsb", "w"); TRY_MODES("ldrsh", "x"); TRY_MODES("ldrsh", "w");
        TRY_MODES("ldrsw", "x");
        TRY_MEMORY("ldr %0, [%1, %w2, sxtw #3]"); TRY_MEMORY("ldr %w0, [%1, %2, lsl #2]");
        TRY_MEMORY("ldrsh %0, [%1, %2, sxtx #1]");
    }
    GROUP("pairs") {
        TRY_MEMORY("ldp %0, x9, [%1]\n\teor %0, %0, x9, ror #1");
        TRY_MEMORY("ldp %w0, w9, [%1, #-4]!\n\teor %0, %0, x9, ror #1");
        TRY_MEMORY("ldpsw %0, x9, [%1], #12\n\teor %0, %0, x9, ror #1");
        TRY_MEMORY("ldnp %0, x9, [%1, #16]\n\teor %0, %0, x9, ror #1");
        TRY_MEMORY("stp %0, %2, [%1, #-32]"); TRY_MEMORY("stp %w0, %w2, [%1], #4");
        TRY_MEMORY("stp %2, %0, [%1, #16]!"); TRY_MEMORY("stnp %w2, %w0, [%1]");
        TRY_MEMORY("stp xzr, %0, [%1, #8]"); TRY_MEMORY("ldp xzr, %0, [%1, #8]");
        hash_buffer();
    }
    GROUP("stores") {
        TRY_MODES("str", "x"); TRY_MODES("strh", "w"); TRY_MODES("str", "w"); TRY_MODES("strb", "w");
        TRY_MEMORY("str %0, [%1, %2, lsl #3]"); TRY_MEMORY("str %w0, [%1, %w2, sxtw #2]");
        TRY_MEMORY("strh %w0, [%1, %2, lsl #1]");
        hash_buffer();
    }
    GROUP("with the rights of EL0") {
        TRY_MEMORY(USER_ALIAS "ldtr %0, [x9, #3]");
        TRY_MEMORY(USER_ALIAS "ldtrsb %w0, [x9]");
        TRY_MEMORY(USER_ALIAS "ldtrsw %0, [x9, #-1]");
        TRY_MEMORY(USER_ALIAS "sttr %0, [x9, #-5]");
        TRY_MEMORY(USER_ALIAS "sttrh %w0, [x9]");
        hash_buffer();
    }
    GROUP("literals") {
        TRY("ldr %0, 1f\n\tb 2f\n\t.balign 8\n\t1: .quad 0x8123456789abcdef\n\t2: add %0, %0, %2");
        TRY("ldr %w0, 1f\n\tb 2f\n\t1: .word 0x89abcdef\n\t2: add %0, %0, %2");
        TRY("ldrsw %0, 1f\n\tb 2f\n\t1: .word 0x89abcdef\n\t2: add %0, %0, %2");
        TRY("adrp x9, 1f\n\tadd x9, x9, :lo12:1f\n\tadr x10, 1f\n\tsub %0, x9, x10\n\t1:");
    }
}

// The size of what DC ZVA clears is the CPU's choice: only its extent is checked.
static void zero_line(void) {
    static u8 area[8192] __attribute__((aligned(4096)));
    u64 size = 4ull << (read_sysreg(dczid_el0) & 0xf), wrong = 0;
    for (u32 round = 0; round < 64; round++) {
        u64 at = round * 61 % 4096, start = at & ~(size - 1);
        memset(area, 0xff, sizeof area);
        __asm__ volatile("dc zva, %0" ::"r"(area + at) : "memory");
        for (u64 n = 0; n < sizeof area; n++)
            wrong += area[n] != (n >= start && n < start + size ? 0 : 0xff);
    }
    print("integer: zero cache line: %lu wrong\n", wrong);
}

int main(void) {
    static table level1;
    mmu_identity(level1);
    level1[2] = 0x40000000 | PTE_MEMORY | PTE_USER | PTE_PXN;
    mmu_enable((u64)level1, 0, TCR_T0SZ(39) | TCR_WALK0 | TCR_EPD1);
    arithmetic();
    logic();
    conditions();
    memory();
    zero_line();
    return 0;
}
