// A small interpreter, for measuring speed: an indirect branch for every few
// instructions. It counts the primes below a limit by trial division.

#include "guest.h"

enum op { SET, COPY, ADD, REMAINDER, SQUARE, LESS, ZERO, NOT, GO, DONE };
enum { LIMIT = 40000 };
enum { N, D, T, COUNT, ONE, MAX, VARIABLES };

// Operands are variables, a constant after SET, a place after GO.
static const i32 program[] = {
    /*  0 */ SET,  ONE,  1,
    /*  3 */ SET,  N,    2,
    /*  6 */ SET,  D,    2, // the next number
    /*  9 */ SQUARE, T,  D, // the next divisor
    /* 12 */ LESS, N,    T, 31, // none is left: a prime
    /* 16 */ REMAINDER, T, N, D,
    /* 20 */ ZERO, T,    34, // not a prime
    /* 23 */ ADD,  D,    ONE,
    /* 26 */ GO,   9,
    /* 28 */ NOT,  T,    T, // never
    /* 31 */ ADD,  COUNT, ONE,
    /* 34 */ ADD,  N,    ONE,
    /* 37 */ LESS, N,    MAX, 6,
    /* 41 */ DONE,
};

static __attribute__((noinline)) u64 run(const i32 *pc, u64 limit) {
    static const void *const labels[] = {
        &&set, &&copy, &&add, &&remainder, &&square, &&less, &&zero, &&not_, &&go, &&done,
    };
    u64 v[VARIABLES] = {0};
    const i32 *start = pc;
    v[MAX] = limit;
#define NEXT(words) \
    do {            \
        pc += words; \
        goto *labels[*pc]; \
    } while (0)
    NEXT(0);
set:
    v[pc[1]] = (u64)pc[2];
    NEXT(3);
copy:
    v[pc[1]] = v[pc[2]];
    NEXT(3);
add:
    v[pc[1]] += v[pc[2]];
    NEXT(3);
remainder:
    v[pc[1]] = v[pc[2]] % v[pc[3]];
    NEXT(4);
square:
    v[pc[1]] = v[pc[2]] * v[pc[2]];
    NEXT(3);
less:
    pc = v[pc[1]] < v[pc[2]] ? start + pc[3] : pc + 4;
    NEXT(0);
zero:
    pc = v[pc[1]] == 0 ? start + pc[2] : pc + 3;
    NEXT(0);
not_:
    v[pc[1]] = ~v[pc[2]];
    NEXT(3);
go:
    pc = start + pc[1];
    NEXT(0);
done:
    return v[COUNT];
}

int main(void) {
    mmu_enable_identity();
    u64 count = 0;
    for (u32 round = 0; round < 3; round++)
        count += run(program, LIMIT + round);
    print("bytecode: %lu\n", count);
    return 0;
}
