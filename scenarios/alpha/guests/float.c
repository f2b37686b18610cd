// Floating-point results and arithmetic traps: every pair of finite operands, with qualifiers and rounding modes.
//
// A line is an instruction with one pair of operands, its result (if nothing trapped) and the summary of the trap; the
// next one has a sum over all pairs. What special operands give is for software completion, which has tests of its
// own.

#include "guest.h"

struct operands {
    u64 a, b, result, fpcr, fpcr_after;
};
typedef void code(struct operands *);

#define CASES(X)                                                                                                  \
    X(addt) X(addt_su) X(addt_sui) X(addt_suic) X(addt_suim) X(addt_suid) X(adds_su) X(subt_su) X(mult_su)        \
        X(mult_u) X(mult_sui) X(divt) X(divt_su) X(divt_sui) X(sqrtt_su) X(cvttq_svic) X(cvttq_v) X(cvtts_su)     \
            X(cvtqt_sui) X(cmptlt_su) X(cmptun_su) X(cpysn) X(fcmovgt) X(cvtlq)
#define DECLARE(name) code float_##name;
CASES(DECLARE)

static const struct {
    const char *name;
    code *run;
} cases[] = {
#define ROW(name) {#name, float_##name},
    CASES(ROW)};

static const u64 values[] = {
    0,
    0x3ff0000000000000, // 1
    0xbff8000000000000, // -1.5
    0x4008000000000000, // 3
    0x7fefffffffffffff, // largest
    0x0010000000000000, // smallest normal one
    0x43e0000000000000, // 2^63
};

// Rounding by the FPCR: to the nearest. Nothing is disabled.
#define FPCR (2ul << 58)

static volatile u64 summary, mask;
static volatile u32 traps;

void on_arithmetic(struct frame *frame) {
    traps = traps + 1;
    summary = summary | frame->a0;
    mask = mask | frame->a1;
}

int main(void) {
    u64 sum = 0;
    u32 runs = 0;
    for (u32 which = 0; which < sizeof cases / sizeof *cases; which++) {
        u64 all = 0;
        u32 trapped = 0;
        for (u32 i = 0; i < sizeof values / sizeof *values; i++) {
            for (u32 j = 0; j < sizeof values / sizeof *values; j++) {
                struct operands operands = {values[i], values[j], 0, FPCR, 0};
                summary = mask = traps = 0;
                cases[which].run(&operands);
                trapped += traps != 0;
                runs++;
                all = mix(all, summary);
                // The result after a trap is not defined.
                if (!traps)
                    all = mix(all, operands.result);
                else if (mask != 1ul << (32 + 3))
                    print("%s: mask %lx\n", cases[which].name, mask);
                if (i == 2 && j == 3)
                    print("%s: result %lx summary %lx\n", cases[which].name, traps ? 0 : operands.result, summary);
            }
        }
        print("%s: trapped %u sum %lx\n", cases[which].name, trapped, all);
        sum = mix(sum, all);
    }
    print("float: %u runs sum %lx\n", runs, sum);
    return 0;
}
