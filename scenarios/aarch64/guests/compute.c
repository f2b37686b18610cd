// Integer work of several kinds, each ended by a checksum: tables, branches
// that predict badly, multiplication, interpretation, dependent loads.

#include "guest.h"

// The one constant to turn for a longer or shorter run.
#ifndef ROUNDS
#define ROUNDS 3
#endif

enum { SIZE = 16384 };
static u8 bytes[SIZE];
static u32 words[SIZE];

static void fill(u64 seed) {
    struct random r = {seed};
    for (u32 i = 0; i < SIZE; i++) {
        u64 value = random_next(&r);
        bytes[i] = (u8)value;
        words[i] = (u32)(value >> 16);
    }
}

static u32 crc_table[256];

static u32 crc32_by_table(const u8 *data, u32 size) {
    u32 crc = ~0u;
    for (u32 i = 0; i < size; i++)
        crc = crc_table[(crc ^ data[i]) & 0xff] ^ crc >> 8;
    return ~crc;
}

static u32 crc32_by_instruction(const u8 *data, u32 size) {
    u32 crc = ~0u;
    for (u32 i = 0; i < size; i += 8)
        crc = crc32_doubleword(crc, data + i);
    return ~crc;
}

static void make_crc_table(void) {
    for (u32 i = 0; i < 256; i++) {
        u32 crc = i;
        for (u32 bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
        crc_table[i] = crc;
    }
}

static void sift_down(u32 *heap, u32 root, u32 size) {
    for (;;) {
        u32 child = 2 * root + 1;
        if (child >= size)
            return;
        if (child + 1 < size && heap[child] < heap[child + 1])
            child++;
        if (heap[root] >= heap[child])
            return;
        u32 t = heap[root];
        heap[root] = heap[child];
        heap[child] = t;
        root = child;
    }
}

static void heap_sort(u32 *data, u32 size) {
    for (u32 root = size / 2; root-- > 0;)
        sift_down(data, root, size);
    for (u32 end = size; end-- > 1;) {
        u32 t = data[0];
        data[0] = data[end];
        data[end] = t;
        sift_down(data, 0, end);
    }
}

static u64 sort_round(void) {
    heap_sort(words, SIZE);
    u64 hash = 0;
    for (u32 i = 0; i < SIZE; i++)
        hash = mix(hash, words[i]);
    for (u32 i = 1; i < SIZE; i++)
        if (words[i - 1] > words[i])
            print("compute: NOT SORTED at %u\n", i);
    return hash;
}

enum { N = 48 };
static u64 a[N][N], b[N][N], c[N][N];

static u64 matrix_round(u64 seed) {
    struct random r = {seed};
    for (u32 i = 0; i < N; i++)
        for (u32 j = 0; j < N; j++)
            a[i][j] = random_next(&r), b[i][j] = random_next(&r);
    u64 hash = 0;
    for (u32 i = 0; i < N; i++)
        for (u32 j = 0; j < N; j++) {
            u64 sum = 0;
            for (u32 k = 0; k < N; k++)
                sum += a[i][k] * b[k][j];
            c[i][j] = sum;
            hash = mix(hash, sum);
        }
    return hash;
}

// A stack machine, and a program for it: all Collatz steps of 1 to LIMIT.
enum op { PUSH, LOAD, STORE, ADD, MUL, DIV, AND, SUB, JUMP, JUMP_IF_ZERO, HALT };
enum { LIMIT = 0, START = 1, NUMBER = 2, STEPS = 3, VARIABLES = 4 };

enum { NEXT_START = 4, AGAIN = 8, EVEN = 41, DONE = 50, END = 66 };

static const i32 program[] = {
    /*  0 */ PUSH, 1, STORE, START,
    /*  4 */ LOAD, START, STORE, NUMBER,
    /*  8 */ LOAD, NUMBER, PUSH, 1, SUB, JUMP_IF_ZERO, DONE,
    /* 15 */ LOAD, STEPS, PUSH, 1, ADD, STORE, STEPS,
    /* 22 */ LOAD, NUMBER, PUSH, 1, AND, JUMP_IF_ZERO, EVEN,
    /* 29 */ LOAD, NUMBER, PUSH, 3, MUL, PUSH, 1, ADD, STORE, NUMBER, JUMP, AGAIN,
    /* 41 */ LOAD, NUMBER, PUSH, 2, DIV, STORE, NUMBER, JUMP, AGAIN,
    /* 50 */ LOAD, START, LOAD, LIMIT, SUB, JUMP_IF_ZERO, END,
    /* 57 */ LOAD, START, PUSH, 1, ADD, STORE, START, JUMP, NEXT_START,
    /* 66 */ HALT,
};

static u64 interpret(const i32 *code, i64 limit) {
    i64 stack[16], variables[VARIABLES] = {limit, 0, 0, 0};
    u32 sp = 0, pc = 0;
    for (;;) {
        switch ((enum op)code[pc++]) {
        case PUSH:
            stack[sp++] = code[pc++];
            break;
        case LOAD:
            stack[sp++] = variables[code[pc++]];
            break;
        case STORE:
            variables[code[pc++]] = stack[--sp];
            break;
        case ADD:
            sp--, stack[sp - 1] += stack[sp];
            break;
        case MUL:
            sp--, stack[sp - 1] *= stack[sp];
            break;
        case DIV:
            sp--, stack[sp - 1] /= stack[sp];
            break;
        case AND:
            sp--, stack[sp - 1] &= stack[sp];
            break;
        case SUB:
            sp--, stack[sp - 1] -= stack[sp];
            break;
        case JUMP:
            pc = (u32)code[pc];
            break;
        case JUMP_IF_ZERO:
            pc = stack[--sp] == 0 ? (u32)code[pc] : pc + 1;
            break;
        case HALT:
            return (u64)variables[STEPS];
        }
    }
}

// One long cycle through all the words (Sattolo's shuffle), then a walk.
static u64 chase_round(u64 seed) {
    struct random r = {seed};
    for (u32 i = 0; i < SIZE; i++)
        words[i] = i;
    for (u32 i = SIZE - 1; i > 0; i--) {
        u32 j = (u32)(random_next(&r) % i);
        u32 t = words[i];
        words[i] = words[j];
        words[j] = t;
    }
    u64 hash = 0;
    u32 at = 0;
    for (u32 i = 0; i < SIZE; i++) {
        at = words[at];
        hash = mix(hash, at);
    }
    if (at != 0)
        print("compute: NOT A CYCLE\n");
    return hash;
}

int main(void) {
    mmu_enable_identity();
    make_crc_table();
    u32 by_table = 0, by_instruction = 0;
    u64 sorted = 0, product = 0, steps = 0, chased = 0;
    for (u32 round = 1; round <= ROUNDS; round++) {
        fill(round);
        by_table = by_table * 31 + crc32_by_table(bytes, SIZE);
        by_instruction = by_instruction * 31 + crc32_by_instruction(bytes, SIZE);
        sorted = mix(sorted, sort_round());
        product = mix(product, matrix_round(round));
        steps += interpret(program, 100 * round);
        chased = mix(chased, chase_round(round));
    }
    print("compute: %u rounds\n", ROUNDS);
    print("compute: crc32 by table       %08x\n", by_table);
    print("compute: crc32 by instruction %08x\n", by_instruction);
    print("compute: sort                 %016lx\n", sorted);
    print("compute: matrix               %016lx\n", product);
    print("compute: interpreter          %016lx\n", steps);
    print("compute: chase                %016lx\n", chased);
    return 0;
}
