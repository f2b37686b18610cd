// Sorting, for measuring speed: branches that predict badly, and calls.

#include "guest.h"

enum { SIZE = 1 << 16, ROUNDS = 10 };
static u32 words[SIZE];

static void swap(u32 *a, u32 *b) {
    u32 t = *a;
    *a = *b;
    *b = t;
}

static void insertion_sort(u32 *data, i64 size) {
    for (i64 i = 1; i < size; i++) {
        u32 value = data[i];
        i64 j = i;
        for (; j > 0 && data[j - 1] > value; j--)
            data[j] = data[j - 1];
        data[j] = value;
    }
}

static __attribute__((noinline)) void quick_sort(u32 *data, i64 size) {
    while (size > 16) {
        u32 pivot = data[size / 2];
        i64 i = -1, j = size;
        for (;;) {
            while (data[++i] < pivot)
                ;
            while (data[--j] > pivot)
                ;
            if (i >= j)
                break;
            swap(&data[i], &data[j]);
        }
        quick_sort(data, j + 1);
        data += j + 1;
        size -= j + 1;
    }
    insertion_sort(data, size);
}

int main(void) {
    mmu_enable_identity();
    u64 hash = 0;
    u32 wrong = 0;
    for (u32 round = 0; round < ROUNDS; round++) {
        struct random r = {round};
        for (u32 i = 0; i < SIZE; i++)
            words[i] = (u32)random_next(&r);
        quick_sort(words, SIZE);
        for (u32 i = 0; i < SIZE; i++) {
            hash = mix(hash, words[i]);
            wrong += i > 0 && words[i - 1] > words[i];
        }
    }
    print("sort: %016lx, %u wrong\n", hash, wrong);
    return 0;
}
