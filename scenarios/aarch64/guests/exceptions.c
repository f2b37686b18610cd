// One exception after the other, most of them from EL0: what the CPU reports
// of each, and whether it left everything else alone.
//
// The cases are in exceptions.S. The handler prints the exception, then
// returns into the next case instead of the one that raised it; main is left
// by an SVC and never seen again.

#include "guest.h"

struct test_case {
    const char *name;
    u64 entry;
    u64 mode;
};
extern const struct test_case cases[], cases_end[];
extern char user_page[];

// As in exceptions.S.
enum { MODE = 0xf, STRICT_ALIGNMENT = 0x100, TIMER = 0x200, NEEDS_PAN = 0x400, ILLEGAL = 0x800 };

// The first address under entry 1 of level 0; below it is the identity map.
#define USER 0x8000000000ull

static table level0, kernel_level1, user_level1, user_level2, user_level3;
static u8 memory[4096] __attribute__((aligned(4096)));

static const struct test_case *current = cases - 1;

static void map_user(void) {
    u64 user = PTE_MEMORY | PTE_USER | PTE_NOT_GLOBAL | PTE_PXN;
    u64 page = (u64)memory | PTE_TABLE | user;
    u64 outside = 1ull << 40;
    level0[0] = (u64)kernel_level1 | PTE_VALID | PTE_TABLE;
    level0[1] = (u64)user_level1 | PTE_VALID | PTE_TABLE;
    user_level1[0] = (u64)user_level2 | PTE_VALID | PTE_TABLE;
    user_level1[2] = 0x40000000 | (user & ~(u64)PTE_ACCESSED);
    user_level2[0] = (u64)user_level3 | PTE_VALID | PTE_TABLE;
    user_level2[2] = 0x40200000 | PTE_READ_ONLY | user;
    user_level2[3] = 0x40200000 | (user & ~(u64)PTE_ACCESSED);
    user_level2[4] = outside | PTE_VALID | PTE_TABLE;
    user_level3[0] = (u64)user_page | PTE_TABLE | PTE_READ_ONLY | user;
    user_level3[1] = page | PTE_UXN;
    user_level3[2] = page | PTE_READ_ONLY;
    user_level3[3] = page & ~(u64)PTE_USER;
    user_level3[4] = page & ~(u64)PTE_ACCESSED;
    user_level3[5] = page;
    user_level3[7] = page | outside;
    mmu_identity(kernel_level1);
    mmu_enable((u64)level0, 0, TCR_T0SZ(48) | TCR_WALK0 | TCR_EPD1);
}

// Translation on request instead of by an access: what PAR_EL1 says.
static void translate(const char *name, u64 address) {
    u64 read, write, kernel;
    __asm__ volatile("at s1e0r, %0\n\tisb" ::"r"(address));
    read = read_sysreg(par_el1);
    __asm__ volatile("at s1e0w, %0\n\tisb" ::"r"(address));
    write = read_sysreg(par_el1);
    __asm__ volatile("at s1e1r, %0\n\tisb" ::"r"(address));
    kernel = read_sysreg(par_el1);
    u64 fault = 0x7f; // F and the fault status
    print("translate %s: read %02lx, write %02lx, EL1 %02lx\n", name, read & 1 ? read & fault : 0,
          write & 1 ? write & fault : 0, kernel & 1 ? kernel & fault : 0);
}

static bool has_pan(void) { return read_sysreg(id_aa64mmfr1_el1) >> 20 & 0xf; }

static void set_strict_alignment(bool on) {
    u64 sctlr = read_sysreg(sctlr_el1);
    write_sysreg(sctlr_el1, on ? sctlr | SCTLR_A : sctlr & ~(u64)SCTLR_A);
    isb();
}

static u64 entry_address(const struct test_case *c) {
    return (c->mode & MODE) == 0 ? c->entry - (u64)user_page + USER : c->entry;
}

static u64 pattern(u32 i) { return 0x0101010101010101ull * i; }

// Fills the frame so that returning from it runs the next case.
static void next(struct frame *frame) {
    do
        current++;
    while (current < cases_end && current->mode & NEEDS_PAN && !has_pan());
    if (current == cases_end) {
        print("exceptions: %u cases\n", (u32)(cases_end - cases));
        power_off();
    }
    for (u32 i = 1; i < 31; i++)
        frame->x[i] = pattern(i);
    frame->x[0] = USER;
    frame->sp_el0 = USER + 0x2000;
    frame->elr = entry_address(current);
    bool user = (current->mode & MODE) == 0;
    frame->spsr = (current->mode & MODE) | (user ? 0 : 0x3c0) | (current->mode & ILLEGAL ? 1 << 20 : 0);
    set_strict_alignment(current->mode & STRICT_ALIGNMENT);
    if (current->mode & TIMER) {
        write_sysreg(cntv_tval_el0, read_sysreg(cntfrq_el0) / 500);
        write_sysreg(cntv_ctl_el0, 1);
    }
}

// x0 to x4 are the cases' own.
static u32 lost_registers(const struct frame *frame) {
    u32 lost = 0;
    for (u32 i = 5; i < 31; i++)
        lost += frame->x[i] != pattern(i);
    return lost;
}

// An address inside of the case is printed as an offset.
static void print_address(const char *name, u64 address) {
    u64 offset = address - entry_address(current);
    if (offset < 64)
        print(" %s +%lu", name, offset);
    else
        print(" %s %016lx", name, address);
}

static void report(const struct frame *frame) {
    u64 esr = read_sysreg(esr_el1) & 0xffffffff;
    u64 class = esr >> 26;
    bool has_far = class >= 0x20 && class <= 0x25;
    print("%s: vector %lu class %02lx esr %08lx", current->name, frame->vector, class, esr);
    print_address("elr", frame->elr);
    if (has_far)
        print_address("far", read_sysreg(far_el1));
    // Flags, illegal state, masks, mode: what every version of the architecture has.
    print(" spsr %08lx", frame->spsr & 0xf01003df);
    if (lost_registers(frame))
        print(" LOST %u REGISTERS", lost_registers(frame));
    print(" x2 %lx\n", frame->x[2]);
}

void on_sync(struct frame *frame) {
    if (current >= cases)
        report(frame);
    next(frame);
}

void on_irq(struct frame *frame) {
    u32 intid = gic_acknowledge();
    if (intid == GIC_SPURIOUS)
        return;
    write_sysreg(cntv_ctl_el0, 0);
    isb();
    gic_end(intid);
    frame->x[1] = 0;
    print("%s: interrupt %u, vector %lu, mode %lx\n", current->name, intid, frame->vector, frame->spsr & 0x1f);
}

int main(void) {
    gic_init();
    gic_enable(TIMER_VIRTUAL_INTID);
    map_user();
    write_sysreg(cntkctl_el1, 0);
    translate("code", USER);
    translate("read-write", USER + 0x1000);
    translate("read-only", USER + 0x2000);
    translate("kernel only", USER + 0x3000);
    translate("not accessed", USER + 0x4000);
    translate("hole", USER + 0x6000);
    translate("outside", USER + 0x7000);
    translate("no level 2", USER + 0x200000);
    translate("no level 1", USER + 0x40000000);
    translate("no level 0", 2 * USER);
    __asm__ volatile("svc #0");
    __builtin_unreachable();
}
