// Interruptions of every class: how each arrives, with which codes, and that what it interrupted goes on.

#include "guest.h"

static volatile u32 programs, calls, signals;
static volatile u16 last_code, last_length;
static volatile u64 last_offset;

void attempt(u32 which);
extern const char attempts_start[];

void on_program(void) {
    programs++;
    last_code = PROGRAM_CODE;
    last_length = PROGRAM_LENGTH;
    last_offset = PROGRAM_OLD.address;
    // Nullifying interruptions leave the PSW at the instruction: step over it.
    if (last_code == 0x10 || last_code == 0x11 || last_code == 0x3b || last_code == 0x38) {
        PROGRAM_OLD.address += last_length;
    }
}

void on_supervisor_call(void) {
    calls++;
    last_code = SVC_CODE;
}

void on_external(void) {
    signals++;
    last_code = EXTERNAL_CODE;
    if (last_code == CODE_SERVICE) console_signal(EXTERNAL_PARAMETER);
    wake(&EXTERNAL_OLD);
}

#define TRY(name, ...)                                                               \
    do {                                                                             \
        u32 before_ = programs;                                                      \
        __asm__ volatile(__VA_ARGS__ ::: "r0", "r1", "r2", "r3", "r4", "r5", "cc", "memory"); \
        if (programs == before_) {                                                   \
            print("%s: nothing\n", name);                                            \
        } else {                                                                     \
            print("%s: code %04x length %u\n", name, last_code, last_length);        \
        }                                                                            \
    } while (0)

static void program_checks(void) {
    TRY("operation", ".short 0x0000");
    TRY("execute", "larl %%r1, 0f\n ex 0, 0(%%r1)\n j 1f\n .balign 8\n0: ex 0, 0(%%r1)\n1:");
    TRY("addressing", "llihl %%r1, 0x4000\n lg %%r2, 0(%%r1)");
    TRY("specification, odd register", ".short 0x1c12");
    TRY("specification, odd address of execute", "larl %%r1, 0f\n aghi %%r1, 1\n ex 0, 0(%%r1)\n0:");
    TRY("data, decimal", "larl %%r1, 0f\n cvb %%r2, 0(%%r1)\n j 1f\n .balign 8\n0: .quad 0xaa\n1:");
    TRY("fixed-point divide", "lghi %%r2, 0\n lghi %%r3, 1\n lghi %%r4, 0\n dr %%r2, %%r4");
    TRY("fixed-point divide, 64 bits", "lghi %%r3, 1\n lghi %%r4, 0\n dsgr %%r2, %%r4");
    TRY("decimal overflow, masked", "larl %%r1, 0f\n ap 0(1,%%r1), 1(1,%%r1)\n j 1f\n0: .byte 0x9c, 0x1c\n1:");
    TRY("privileged in supervisor state", "stidp 0x800");
    TRY("compare and trap", "lghi %%r1, 0\n cgit %%r1, 0, 8");
    TRY("fixed-point overflow, masked", "iilf %%r1, 0x7fffffff\n ahi %%r1, 1");
    TRY("fixed-point overflow",
        "ipm %%r0\n lr %%r3, %%r0\n oilh %%r0, 0x0800\n spm %%r0\n iilf %%r1, 0x7fffffff\n ahi %%r1, 1\n spm %%r3");
    TRY("operand", "lghi %%r1, 0\n stsch 0x800");
}

static void problem_state(void) {
    struct psw psw;
    u32 before = programs;
    __asm__ volatile(
        "    larl  %%r1, 0f\n"
        "    stg   %%r1, 8+%0\n"
        "    stg   %1, %0\n"
        "    lpswe %0\n"
        "0:  stidp 0x800\n"
        "    svc   17\n"
        : "=Q"(psw)
        : "d"(PSW_64 | PSW_PROBLEM)
        : "r1", "cc", "memory");
    // The supervisor call comes back into the problem state; a privileged operation is the way out.
    print("problem state: %u program, supervisor call %u\n", programs - before, last_code);
}

static int signal_itself(u32 order, u32 parameter) {
    register u64 status __asm__("0") = 0;
    register u64 param __asm__("1") = parameter;
    u32 code;
    __asm__ volatile("sigp %1, %3, 0(%4)\n ipm %0\n srl %0, 28"
                     : "=d"(code), "+d"(status)
                     : "d"(param), "d"(0ul), "a"((u64)order)
                     : "cc", "memory");
    return (int)code;
}

static void external(void) {
    u64 cr0 = read_cr(0);
    write_cr(0, cr0 | CR0_EMERGENCY | CR0_EXTERNAL_CALL);
    u32 before = signals;
    int code = signal_itself(3, 0);
    open_psw(PSW_EXTERNAL);
    print("emergency signal: cc %d, %u, code %04x\n", code, signals - before, last_code);
    before = signals;
    code = signal_itself(2, 0);
    int again = signal_itself(2, 0);
    open_psw(PSW_EXTERNAL);
    open_psw(PSW_EXTERNAL);
    print("external call: cc %d, then %d, %u, code %04x\n", code, again, signals - before, last_code);
    print("sense: cc %d\n", signal_itself(1, 0));
    print("no such order: cc %d\n", signal_itself(0x77, 0));
    write_cr(0, cr0);
    before = signals;
    set_clock_comparator(0);
    open_psw(PSW_EXTERNAL);
    print("clock comparator without its subclass: %u\n", signals - before);
    set_clock_comparator(~0ul);
}

static void supervisor_calls(void) {
    u32 before = calls;
    __asm__ volatile("svc 0" ::: "memory");
    u16 first = last_code;
    __asm__ volatile("larl %%r1, 0f\n lghi %%r2, 42\n ex %%r2, 0(%%r1)\n j 1f\n0: svc 1\n1:" ::: "r1", "r2", "memory");
    print("supervisor calls: %u, %u and %u\n", calls - before, first, last_code);
}

int main(void) {
    program_checks();
    supervisor_calls();
    external();
    (void)problem_state;
    print("interrupts: done\n");
    return 0;
}
