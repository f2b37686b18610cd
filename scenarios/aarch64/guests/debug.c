// Software step, breakpoints and watchpoints, at EL0 and EL1: every exception that they raise, and what the CPU
// reports of it.
//
// The pieces of code are in debug.S; each ends in an SVC. A step is allowed to go on to the next one, a breakpoint is
// switched off when it hits, an access that is watched is left out.

#include "guest.h"

extern char user_page[], walk[], jumps[], exclusives[], traps[], aborts[], accesses[], wide[], zeroes[], waits[];

#define USER 0x8000000000ul
#define DATA (USER + 0x1000)

enum { SS = 1, KDE = 1 << 13, MDE = 1 << 15 };
enum { EL0 = 0, EL1H = 5, MASKED = 1 << 9 };
// Breakpoints and watchpoints: where, and the lengths that watchpoints know.
enum { ON = 1, AT_EL1 = 1 << 1, AT_EL0 = 2 << 1, LOADS = 1 << 3, STORES = 2 << 3 };
#define BYTES(mask) ((u64)(mask) << 5)
#define MASK(bits) ((u64)(bits) << 24)

struct test_case {
    const char *name;
    const char *code;
    u64 mode;
    u64 mdscr;
    u64 offset; // of the breakpoint from the code, or of the watchpoint from the data
    u64 breakpoint;
    u64 watchpoint;
    u64 step; // SPSR.SS at the start
};

static const struct test_case cases[] = {
    { .name = "nothing", .code = walk },
    { .name = "breakpoint without MDE", .code = walk, .offset = 4, .breakpoint = ON | AT_EL0 },
    { .name = "breakpoint", .code = walk, .mdscr = MDE, .offset = 4, .breakpoint = ON | AT_EL0 },
    { .name = "breakpoint at the first", .code = walk, .mdscr = MDE, .breakpoint = ON | AT_EL0 },
    { .name = "breakpoint at the svc", .code = walk, .mdscr = MDE, .offset = 12, .breakpoint = ON | AT_EL0 },
    { .name = "breakpoint for EL1 only", .code = walk, .mdscr = MDE, .offset = 4, .breakpoint = ON | AT_EL1 },
    { .name = "breakpoint switched off", .code = walk, .mdscr = MDE, .offset = 4, .breakpoint = AT_EL0 },
    { .name = "breakpoint behind a jump", .code = jumps, .mdscr = MDE, .offset = 16, .breakpoint = ON | AT_EL0 },
    { .name = "breakpoint on a jump", .code = jumps, .mdscr = MDE, .offset = 4, .breakpoint = ON | AT_EL0 },
    { .name = "breakpoint on what faults", .code = aborts, .mdscr = MDE, .offset = 8, .breakpoint = ON | AT_EL0 },
    { .name = "EL1: breakpoint without KDE", .code = walk, .mode = EL1H, .mdscr = MDE, .offset = 4, .breakpoint = ON | AT_EL1 },
    { .name = "EL1: breakpoint", .code = walk, .mode = EL1H, .mdscr = MDE | KDE, .offset = 4, .breakpoint = ON | AT_EL1 },
    { .name = "EL1: breakpoint, masked", .code = walk, .mode = EL1H | MASKED, .mdscr = MDE | KDE, .offset = 4, .breakpoint = ON | AT_EL1 },
    { .name = "EL1: breakpoint for EL0 only", .code = walk, .mode = EL1H, .mdscr = MDE | KDE, .offset = 4, .breakpoint = ON | AT_EL0 },
    { .name = "step", .code = walk, .mdscr = SS, .step = 1 },
    { .name = "step, over at the start", .code = walk, .mdscr = SS },
    { .name = "step without MDSCR.SS", .code = walk, .step = 1 },
    { .name = "step over jumps", .code = jumps, .mdscr = SS, .step = 1 },
    { .name = "step over exclusives", .code = exclusives, .mdscr = SS, .step = 1 },
    { .name = "step into traps", .code = traps, .mdscr = SS, .step = 1 },
    { .name = "step into aborts", .code = aborts, .mdscr = SS, .step = 1 },
    { .name = "EL1: step without KDE", .code = walk, .mode = EL1H, .mdscr = SS, .step = 1 },
    { .name = "EL1: step", .code = walk, .mode = EL1H, .mdscr = SS | KDE, .step = 1 },
    { .name = "EL1: step, masked", .code = walk, .mode = EL1H | MASKED, .mdscr = SS | KDE, .step = 1 },
    { .name = "EL1: unmask and step", .code = waits, .mode = EL1H | MASKED, .mdscr = SS | KDE, .step = 1 },
    { .name = "step onto a breakpoint", .code = walk, .mdscr = SS | MDE, .offset = 4, .breakpoint = ON | AT_EL0, .step = 1 },
    { .name = "watch a byte for loads", .code = accesses, .mdscr = MDE, .offset = 3, .watchpoint = ON | AT_EL0 | LOADS | BYTES(8) },
    { .name = "watch a byte for stores", .code = accesses, .mdscr = MDE, .offset = 3, .watchpoint = ON | AT_EL0 | STORES | BYTES(8) },
    { .name = "watch a word for both", .code = accesses, .mdscr = MDE, .offset = 4, .watchpoint = ON | AT_EL0 | LOADS | STORES | BYTES(15) },
    { .name = "watch a doubleword for both", .code = accesses, .mdscr = MDE, .offset = 8, .watchpoint = ON | AT_EL0 | LOADS | STORES | BYTES(255) },
    { .name = "watch two bytes apart", .code = accesses, .mdscr = MDE, .offset = 0, .watchpoint = ON | AT_EL0 | LOADS | BYTES(0x81) },
    { .name = "watch 2 KiB", .code = accesses, .mdscr = MDE, .offset = 0x800, .watchpoint = ON | AT_EL0 | LOADS | STORES | BYTES(255) | MASK(11) },
    { .name = "watch for EL1 only", .code = accesses, .mdscr = MDE, .offset = 8, .watchpoint = ON | AT_EL1 | LOADS | STORES | BYTES(255) },
    { .name = "watch without MDE", .code = accesses, .offset = 8, .watchpoint = ON | AT_EL0 | LOADS | STORES | BYTES(255) },
    { .name = "watch vectors", .code = wide, .mdscr = MDE, .offset = 8, .watchpoint = ON | AT_EL0 | LOADS | STORES | BYTES(255) },
    { .name = "watch what is zeroed", .code = zeroes, .mdscr = MDE, .offset = 8, .watchpoint = ON | AT_EL0 | STORES | BYTES(255) },
    { .name = "EL1: watch", .code = accesses, .mode = EL1H, .mdscr = MDE | KDE, .offset = 8, .watchpoint = ON | AT_EL1 | LOADS | STORES | BYTES(255) },
    { .name = "EL1: watch what EL0 would do", .code = accesses, .mode = EL1H, .mdscr = MDE | KDE, .offset = 8, .watchpoint = ON | AT_EL0 | LOADS | STORES | BYTES(255) },
};
enum { CASES = sizeof cases / sizeof cases[0] };

static table level0, kernel_level1, user_level1, user_level2, user_level3;
static u8 memory[8192] __attribute__((aligned(4096)));
static const struct test_case *current = cases - 1;

static void map_user(void) {
    u64 page = PTE_TABLE | PTE_MEMORY | PTE_USER | PTE_NOT_GLOBAL;
    level0[0] = (u64)kernel_level1 | PTE_VALID | PTE_TABLE;
    level0[1] = (u64)user_level1 | PTE_VALID | PTE_TABLE;
    user_level1[0] = (u64)user_level2 | PTE_VALID | PTE_TABLE;
    user_level2[0] = (u64)user_level3 | PTE_VALID | PTE_TABLE;
    user_level3[0] = (u64)user_page | PTE_READ_ONLY | page;
    user_level3[1] = (u64)memory | PTE_UXN | page;
    mmu_identity(kernel_level1);
    mmu_enable((u64)level0, 0, TCR_T0SZ(48) | TCR_WALK0 | TCR_EPD1);
}

static u64 entry_address(void) { return (u64)current->code - (u64)user_page + USER; }

static void next(struct frame *frame) {
    write_sysreg(mdscr_el1, 0);
    current++;
    if (current == cases + CASES) {
        print("debug: %u cases\n", (u32)CASES);
        power_off();
    }
    for (u32 i = 0; i < 31; i++)
        frame->x[i] = 0;
    frame->x[0] = DATA;
    frame->elr = entry_address();
    frame->spsr = current->mode | 0x1c0 | current->step << 21;
    if ((current->mode & 0xf) == EL0)
        frame->spsr &= ~0x1c0ull;
    write_sysreg(dbgbvr0_el1, frame->elr + current->offset);
    write_sysreg(dbgbcr0_el1, current->breakpoint | BYTES(15));
    u64 watched = DATA + current->offset;
    write_sysreg(dbgwvr0_el1, watched & ~7ull);
    u64 control = current->watchpoint;
    if (watched & 4) // The bytes of a word in the upper half.
        control = (control & ~BYTES(255)) | BYTES((control >> 5 & 255) << 4);
    write_sysreg(dbgwcr0_el1, control);
    write_sysreg(mdscr_el1, current->mdscr);
    isb();
    print("%s\n", current->name);
}

static void report(const struct frame *frame) {
    u64 esr = read_sysreg(esr_el1) & 0xffffffff;
    u64 class = esr >> 26;
    print("  vector %lu esr %08lx elr +%lx", frame->vector, esr, frame->elr - entry_address());
    if (class == 0x34 || class == 0x35 || class == 0x24 || class == 0x25)
        print(" far +%lx", read_sysreg(far_el1) - DATA);
    print(" spsr %06lx x2 %lx\n", frame->spsr & 0x2003cf, frame->x[2]);
}

void on_sync(struct frame *frame) {
    u64 esr = read_sysreg(esr_el1);
    u64 class = esr >> 26 & 0x3f;
    if (current < cases) {
        next(frame);
        return;
    }
    report(frame);
    switch (class) {
    case 0x30:
    case 0x31:
        write_sysreg(dbgbcr0_el1, 0);
        break;
    case 0x32:
    case 0x33:
        frame->spsr |= 1 << 21;
        break;
    case 0x15:
        if ((esr & 0xffff) == 0)
            next(frame);
        break;
    default: // A watchpoint, or what the code has provoked: leave it out.
        frame->elr += 4;
    }
    isb();
}

int main(void) {
    map_user();
    write_sysreg(oslar_el1, 0);
    write_sysreg(osdlr_el1, 0);
    write_sysreg(cpacr_el1, 3 << 20);
    write_sysreg(sctlr_el1, read_sysreg(sctlr_el1) | 1 << 14 | 1 << 26); // DZE, UCI
    isb();
    u64 features = read_sysreg(id_aa64dfr0_el1);
    print("debug: breakpoints %lu, watchpoints %lu\n", (features >> 12 & 15) + 1, (features >> 20 & 15) + 1);
    __asm__ volatile("svc #0");
    __builtin_unreachable();
}
