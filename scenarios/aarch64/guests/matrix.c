// Products of integer matrices, for measuring speed: long loops of loads and
// multiplications.

#include "guest.h"

enum { N = 128, ROUNDS = 12 };
static u64 a[N][N], b[N][N], c[N][N];

static u64 multiply(void) {
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

int main(void) {
    mmu_enable_identity();
    struct random r = {1};
    for (u32 i = 0; i < N; i++)
        for (u32 j = 0; j < N; j++)
            a[i][j] = random_next(&r), b[i][j] = random_next(&r);
    u64 hash = 0;
    for (u32 round = 0; round < ROUNDS; round++) {
        hash = mix(hash, multiply());
        for (u32 i = 0; i < N; i++)
            for (u32 j = 0; j < N; j++)
                a[i][j] = c[j][i];
    }
    print("matrix: %016lx\n", hash);
    return 0;
}
