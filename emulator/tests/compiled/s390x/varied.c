// What compilers make of C: compiled for many processors and at many levels, it must print the same everywhere.
//
// Inputs go through `hide`, so that nothing is computed while compiling.

#include "guest.h"

typedef int8_t i8;
typedef int16_t i16;

// Rounding to integers is instructions from the z196 on, and functions of a library before.
#if __ARCH__ >= 9
#define rounded(value) (value)
#else
#define rounded(value) 0
#endif
#define NOINLINE __attribute__((noinline))
#define hide(x)                           \
    ({                                    \
        __typeof__(x) hidden_ = (x);      \
        __asm__("" : "+m"(hidden_));      \
        hidden_;                          \
    })

void *memcpy(void *to, const void *from, size_t size) {
    u8 *t = to;
    const u8 *f = from;
    while (size-- > 0) *t++ = *f++;
    return to;
}

void *memset(void *to, int value, size_t size) {
    u8 *t = to;
    while (size-- > 0) *t++ = (u8)value;
    return to;
}

void *memmove(void *to, const void *from, size_t size) {
    u8 *t = to;
    const u8 *f = from;
    if (t < f) return memcpy(to, from, size);
    while (size-- > 0) t[size] = f[size];
    return to;
}

int memcmp(const void *a, const void *b, size_t size) {
    const u8 *x = a, *y = b;
    for (; size > 0; size--, x++, y++)
        if (*x != *y) return *x - *y;
    return 0;
}

// What compilers call for 128 bits, and for counting bits where there is no instruction.
static u128 divide(u128 a, u128 b, u128 *rest) {
    u128 quotient = 0, left = 0;
    for (int i = 127; i >= 0; i--) {
        bool carry = left >> 127;
        left = left << 1 | (a >> i & 1);
        if (carry || left >= b) left -= b, quotient |= (u128)1 << i;
    }
    *rest = left;
    return quotient;
}
u128 __udivti3(u128 a, u128 b) { return divide(a, b, &(u128){0}); }
u128 __umodti3(u128 a, u128 b) {
    u128 rest;
    divide(a, b, &rest);
    return rest;
}
__int128 __divti3(__int128 a, __int128 b) {
    u128 quotient = __udivti3(a < 0 ? -(u128)a : (u128)a, b < 0 ? -(u128)b : (u128)b);
    return (__int128)((a < 0) != (b < 0) ? -quotient : quotient);
}
__int128 __modti3(__int128 a, __int128 b) {
    u128 rest = __umodti3(a < 0 ? -(u128)a : (u128)a, b < 0 ? -(u128)b : (u128)b);
    return (__int128)(a < 0 ? -rest : rest);
}
struct halves {
    u64 high, low;
};
union halved {
    u128 whole;
    struct halves half;
};
u128 __ashlti3(u128 value, int by) {
    union halved v = {value};
    if (by == 0) return value;
    if (by >= 64) return (union halved){.half = {v.half.low << (by - 64), 0}}.whole;
    return (union halved){.half = {v.half.high << by | v.half.low >> (64 - by), v.half.low << by}}.whole;
}
u128 __lshrti3(u128 value, int by) {
    union halved v = {value};
    if (by == 0) return value;
    if (by >= 64) return (union halved){.half = {0, v.half.high >> (by - 64)}}.whole;
    return (union halved){.half = {v.half.high >> by, v.half.low >> by | v.half.high << (64 - by)}}.whole;
}
u128 __ashrti3(u128 value, int by) {
    union halved v = {value};
    u64 sign = (u64)((i64)v.half.high >> 63);
    if (by == 0) return value;
    if (by >= 64) return (union halved){.half = {sign, (u64)((i64)v.half.high >> (by - 64))}}.whole;
    return (union halved){.half = {(u64)((i64)v.half.high >> by), v.half.low >> by | v.half.high << (64 - by)}}.whole;
}
int __popcountdi2(u64 value) {
    int count = 0;
    for (; value != 0; value &= value - 1) count++;
    return count;
}
int __clzdi2(u64 value) {
    int count = 0;
    for (u64 bit = 1ul << 63; bit != 0 && !(value & bit); bit >>= 1) count++;
    return count;
}
int __ctzdi2(u64 value) {
    int count = 0;
    for (u64 bit = 1; bit != 0 && !(value & bit); bit <<= 1) count++;
    return count;
}
int __ffsdi2(u64 value) { return value == 0 ? 0 : __ctzdi2(value) + 1; }

static u64 hash;
static struct random numbers;

static void add(u64 value) { hash = mix(hash, value); }

static void add_bytes(const void *at, u32 size) {
    const u8 *bytes = at;
    for (u32 i = 0; i < size; i++) hash = hash * 0x100000001b3 ^ bytes[i];
}

static void add_double(double value) { add_bytes(&value, sizeof value); }
static void add_float(float value) { add_bytes(&value, sizeof value); }
static void add_long_double(long double value) { add_bytes(&value, sizeof value); }

static void section(const char *name) {
    print("%s: %016lx\n", name, hash);
    hash = 0;
}

// A number with few or many bits, of either sign.
static u64 next(void) {
    u64 bits = random_next(&numbers), shift = random_next(&numbers) & 63;
    u64 value = random_next(&numbers) >> shift;
    return bits & 1 ? -value : value;
}

// ---- Integers ----

static NOINLINE void integers(u64 a, u64 b) {
    i64 sa = (i64)a, sb = (i64)b;
    u32 wa = (u32)a, wb = (u32)b;
    i32 ia = (i32)wa, ib = (i32)wb;
    add(a + b), add(a - b), add(a * b), add(a & b), add(a | b), add(a ^ b), add(~a), add(-a);
    add(a & ~b), add(a | ~b), add(~(a & b)), add(~(a | b)), add(~(a ^ b));
    if (b != 0) add(a / b), add(a % b);
    if (wb != 0) add(wa / wb), add(wa % wb), add(a / wb), add(a % wb);
    if (sb != 0 && sb != -1) add((u64)(sa / sb)), add((u64)(sa % sb));
    if (ib != 0 && ib != -1) add((u64)(i64)(ia / ib)), add((u64)(i64)(ia % ib)), add((u64)(sa / ib));
    add(a / 7), add((u64)(sa / 10)), add(wa / 1000), add((u64)(i64)(ia / -13)), add((u64)(sa % 4096)), add(wa % 255);
    add(a << (b & 63)), add(a >> (b & 63)), add((u64)(sa >> (b & 63))), add(wa << (wb & 31)), add(wa >> (wb & 31));
    add((u64)(i64)(ia >> (wb & 31))), add(a << (b & 63) | a >> (-b & 63)), add(wa << (wb & 31) | wa >> (-wb & 31));
    add((u64)__builtin_popcountl(a)), add((u64)__builtin_popcount(wb));
    if (a != 0) add((u64)__builtin_clzl(a)), add((u64)__builtin_ctzl(a)), add((u64)__builtin_ffsl(sa));
    if (wa != 0) add((u64)__builtin_clz(wa)), add((u64)__builtin_ctz(wa));
    add(__builtin_bswap64(a)), add(__builtin_bswap32(wb)), add(__builtin_bswap16((u16)a));
    add(sa < sb), add(a < b), add(ia <= ib), add(wa > wb), add(sa == ib), add((u64)(sa < 0 ? -sa : sa)), add(wa > a);
    add(sa < sb ? a : b), add(a < b ? wa : b), add((u64)(i64)(i8)a), add((u64)(i64)(i16)b), add((u8)a + (u16)b);
    i64 sum;
    i32 small;
    u64 big;
    add(__builtin_add_overflow(sa, sb, &sum)), add((u64)sum), add(__builtin_sub_overflow(sa, sb, &sum)), add((u64)sum);
    add(__builtin_mul_overflow(sa, sb, &sum)), add((u64)sum), add(__builtin_add_overflow(ia, ib, &small)), add((u64)small);
    add(__builtin_mul_overflow(a, b, &big)), add(big), add(__builtin_mul_overflow(ia, ib, &small)), add((u64)small);
    add(__builtin_sub_overflow(a, b, &big)), add(big), add(__builtin_add_overflow(a, b, &big)), add(big);
    add((a >> 13 & 0x1ff) << 5 | (b & 0x1f)), add((a & 0xff00ff00ff00ff00) >> 8 | (b & 0x00ff00ff00ff00ff) << 8);
    add((a & ~0xfffff000ul) | (b & 0xfffff000ul)), add((wa & 0xffff) << 16 | wb >> 16), add((a >> 32) ^ (b << 32));
}

typedef __int128 i128;

static NOINLINE void wide_integers(u64 a, u64 b, u64 c, u64 d) {
    u128 x = (u128)a << 64 | b, y = (u128)c << 64 | d, all[] = {x + y, x - y, x * y, x << (d & 127), x >> (d & 127), -x};
    add_bytes(all, sizeof all);
    i128 s[] = {(i128)x >> (b & 127), (i128)(i64)a * (i64)c, (i128)((u128)a * c)};
    add_bytes(s, sizeof s);
    add(x < y), add((i128)x < (i128)y), add(x == y), add((u64)((u128)a * d >> 64)), add((u64)((i128)(i64)b * (i64)c >> 64));
    if (y != 0) {
        u128 quotient[] = {x / y, x % y};
        add_bytes(quotient, sizeof quotient);
        if (y + 1 != 0) {
            i128 signed_quotient[] = {(i128)x / (i128)y, (i128)x % (i128)y};
            add_bytes(signed_quotient, sizeof signed_quotient);
        }
    }
}

struct fields {
    u64 a : 3, b : 17, c : 31;
    i64 d : 13;
    u32 e : 9;
    i32 f : 5, g : 18;
} __attribute__((packed));

static NOINLINE void bit_fields(struct fields *at, u64 v) {
    at->a = v, at->b = v >> 7, at->c = v >> 11, at->d = (i64)v >> 3, at->e = (u32)(v >> 20), at->f = (i32)v, at->g = (i32)(v >> 9);
    at->b += at->a, at->d -= at->f, at->c ^= at->e, at->g <<= 1;
    add(at->a), add(at->b), add(at->c), add((u64)(i64)at->d), add(at->e), add((u64)(i64)at->f), add((u64)(i64)at->g);
}

// ---- Floating point ----

static NOINLINE void doubles(double a, double b, double c) {
    add_double(a + b), add_double(a - b), add_double(a * b), add_double(a / b), add_double(a * b + c), add_double(a * b - c);
    add_double(c - a * b), add_double(-a), add_double(__builtin_fabs(a)), add_double(__builtin_copysign(a, b));
    add_double(__builtin_sqrt(__builtin_fabs(a))), add_double(__builtin_fma(a, b, c));
    add_double(rounded(__builtin_floor(a))), add_double(rounded(__builtin_ceil(a))), add_double(rounded(__builtin_trunc(a))), add_double(rounded(__builtin_rint(a)));
    add_double(rounded(__builtin_round(a))), add_double(rounded(__builtin_nearbyint(b)));
    add(a < b), add(a <= b), add(a == b), add(a != b), add(a >= b), add(__builtin_isunordered(a, b)), add(__builtin_isless(a, b));
    add_double(a < b ? a : c), add_double(a > b ? b : c), add_float((float)a), add_float((float)b * (float)c);
    add_long_double((long double)a * b + c), add(__builtin_signbit(a) != 0), add(__builtin_isnan(a)), add(__builtin_isinf(b));
    if (__builtin_fabs(a) < 0x1p31) add((u64)(i32)a), add((u64)(i16)a);
    if (__builtin_fabs(a) < 0x1p62) add((u64)(i64)a);
    if (a >= 0 && a < 0x1p63) add((u64)a), add((u64)(u32)(u64)a);
}

static NOINLINE void floats(float a, float b, float c) {
    add_float(a + b), add_float(a - b), add_float(a * b), add_float(a / b), add_float(a * b + c), add_float(a * b - c);
    add_float(__builtin_sqrtf(__builtin_fabsf(a))), add_float(rounded(__builtin_floorf(a))), add_float(rounded(__builtin_truncf(b)));
    add_double((double)a * b), add_double(a), add(a < b), add(a == c), add_float(a > b ? a : b), add_long_double(a);
    if (__builtin_fabsf(a) < 0x1p31f) add((u64)(i64)(i32)a);
    if (a >= 0 && a < 0x1p32f) add((u32)a);
}

static NOINLINE void long_doubles(long double a, long double b, long double c) {
    add_long_double(a + b), add_long_double(a - b), add_long_double(a * b), add_long_double(a / b), add_long_double(a * b + c);
    add_long_double(-a), add_long_double(__builtin_fabsl(a)), add_double((double)a), add_float((float)b), add(a < b), add(a == b);
    add_long_double(__builtin_sqrtl(__builtin_fabsl(a))), add_long_double(rounded(__builtin_floorl(a))), add_long_double(rounded(__builtin_rintl(b)));
    if (__builtin_fabsl(a) < 0x1p62L) add((u64)(i64)a), add((u64)(i64)(i32)((i64)a));
    if (a >= 0 && a < 0x1p64L) add((u64)a);
}

static NOINLINE void from_integers(u64 a) {
    add_double((double)(i64)a), add_double((double)a), add_double((double)(i32)a), add_double((double)(u32)a);
    add_float((float)(i64)a), add_float((float)a), add_float((float)(i32)a), add_float((float)(u32)a), add_float((float)(i8)a);
    add_long_double((long double)(i64)a), add_long_double((long double)a), add_long_double((long double)(u32)a);
}

static double a_double(u32 i) {
    union {
        u64 bits;
        double value;
    } u = {random_next(&numbers)};
    // Any bits now and then, mostly numbers that have to do with each other.
    if (i % 5 == 0) return u.value;
    u.bits = (u.bits & 0x803fffffffffffff) | (u64)(0x3e0 + (u.bits >> 54 & 0x3f)) << 52;
    return i % 7 == 0 ? (double)(i64)u.value : u.value;
}

// ---- Loops that can be vectors ----

enum { COUNT = 259 };
static u8 b8[COUNT], c8[COUNT];
static u16 b16[COUNT], c16[COUNT];
static u32 b32[COUNT], c32[COUNT], d32[COUNT];
static u64 b64[COUNT], c64[COUNT];
static float bf[COUNT], cf[COUNT];
static double bd[COUNT], cd[COUNT];

static NOINLINE void loops(u32 n, u32 k) {
    u64 sum = 0;
    u32 low = ~0u, high = 0, ones = 0;
    i32 small_sum = 0;
    for (u32 i = 0; i < n; i++) {
        b8[i] = (u8)(i * k), b16[i] = (u16)(i * i + k), b32[i] = i * k ^ k, b64[i] = (u64)i * i * k;
        bf[i] = (float)(i32)(i - k) * 0.5f, bd[i] = (double)i / (k + 1);
    }
    for (u32 i = 0; i < n; i++) c8[i] = (u8)(b8[i] + (b8[i] >> 3) - k);
    for (u32 i = 0; i < n; i++) c16[i] = (u16)(b16[i] * k + c8[i]);
    for (u32 i = 0; i < n; i++) c32[i] = b32[i] > k ? b32[i] - c16[i] : b32[i] << 3;
    for (u32 i = 0; i < n; i++) c64[i] = b64[i] + c32[i] * (u64)k;
    for (u32 i = 0; i < n; i++) d32[i] = (u32)(i32)(i8)c8[i] + (u32)(i32)(i16)c16[i];
    for (u32 i = 0; i < n; i++) cf[i] = bf[i] * bf[i] + (float)(i32)d32[i];
    for (u32 i = 0; i < n; i++) cd[i] = bd[i] * cf[i] + bd[n - 1 - i];
    for (u32 i = 0; i < n; i++) sum += c64[i] ^ b32[i], small_sum += (i8)c8[i];
    for (u32 i = 0; i < n; i++) low = c32[i] < low ? c32[i] : low, high = c32[i] > high ? c32[i] : high;
    for (u32 i = 0; i < n; i++) ones += (u32)__builtin_popcount(d32[i]);
    for (u32 i = 1; i < n; i++) c16[i] = (u16)(c16[i] >> (i & 3)), c64[i] = b64[i] >> (k & 31), d32[i] = (u32)((i32)d32[i] >> (k & 15));
    for (u32 i = 0; i + 1 < n; i += 2) c32[i] = b32[i + 1], c32[i + 1] = b32[i];
    add(sum), add((u64)small_sum), add(low), add(high), add(ones);
    add_bytes(c8, n), add_bytes(c16, 2 * n), add_bytes(c32, 4 * n), add_bytes(c64, 8 * n), add_bytes(d32, 4 * n);
    add_bytes(cf, 4 * n), add_bytes(cd, 8 * n);
}

#define VECTOR(type) type __attribute__((vector_size(16)))
#define VECTOR_WORK(name, type)                                                                          \
    typedef VECTOR(type) name##s;                                                                        \
    static NOINLINE void work_on_##name(const name##s *a, const name##s *b, u32 k) {                     \
        name##s x = *a, y = *b, all[] = {x + y, x - y, x * y, x & y, x | y, x ^ y, ~x, -x, x << (type)k, \
                                         x >> (type)k, (name##s)(x < y), (name##s)(x == y),              \
                                         (name##s)(x >= y), (name##s)(x > y) & x, x & ~y, ~(x | y), ~(x ^ y),   \
                                         x / (y | 1), x % (y | 1)};                                      \
        add_bytes(all, sizeof all);                                                                      \
        add((u64)x[k % (16 / sizeof(type))]);                                                            \
        x[(k + 1) % (16 / sizeof(type))] = (type)k;                                                      \
        add_bytes(&x, sizeof x);                                                                         \
        name##s order;                                                                                   \
        for (u32 i = 0; i < 16 / sizeof(type); i++) order[i] = (type)(i * 7 + k);                        \
        x = (name##s)__builtin_shuffle(x, y, order);                                                     \
        add_bytes(&x, sizeof x);                                                                         \
    }
VECTOR_WORK(u8, u8)
VECTOR_WORK(u16, u16)
VECTOR_WORK(u32, u32)
VECTOR_WORK(u64, u64)
VECTOR_WORK(i32, i32)
VECTOR_WORK(i64, i64)
VECTOR_WORK(i8, i8)
VECTOR_WORK(i16, i16)

typedef VECTOR(double) double_vector;
typedef VECTOR(i64) long_vector;

static NOINLINE void work_on_doubles(const double_vector *a, const double_vector *b) {
    double_vector x = *a, y = *b, all[] = {x + y, x - y, x * y, x / y, x * y + x, -x, (double_vector)(x <= y)};
    add_bytes(all, sizeof all);
    long_vector whole = __builtin_convertvector(__builtin_convertvector(*(const long_vector *)a >> 12, double_vector), long_vector);
    add_bytes(&whole, sizeof whole);
}

// ---- Control, calls, strings, memory ----

static NOINLINE u64 tables(u32 which, u64 v) {
    switch (which) {
        case 0: return v + 1;
        case 1: return v * 3;
        case 2: return v ^ 0xff;
        case 3: return v >> 3;
        case 4: return v << 9;
        case 5: return ~v;
        case 6: return v & 0xf0f0;
        case 7: return v | 0x0f0f;
        case 20: return 20;
        case 1000: return v - 1000;
        case 100000: return v / 3;
        default: return v % 1009;
    }
}

static NOINLINE u64 variable(u32 count, ...) {
    va_list args, again;
    va_start(args, count);
    va_copy(again, args);
    u64 sum = 0;
    for (u32 i = 0; i < count; i++) {
        switch (i % 4) {
            case 0: sum = sum * 31 + (u64)va_arg(args, int); break;
            case 1: sum = sum * 31 + va_arg(args, u64); break;
            case 2: sum = sum * 31 + (u64)(i64)va_arg(args, double); break;
            case 3: sum = sum * 31 + (u64)(i64)va_arg(args, long double); break;
        }
    }
    sum += (u64)va_arg(again, int);
    va_end(args), va_end(again);
    return sum;
}

struct pair {
    u64 a, b;
};
struct odd {
    u8 bytes[13];
};
struct reals {
    double d;
    float f;
};

static NOINLINE struct pair swapped(struct pair p) { return (struct pair){p.b, p.a + 1}; }
static NOINLINE struct odd turned(struct odd o, u8 by) {
    for (u32 i = 0; i < sizeof o.bytes; i++) o.bytes[i] = (u8)(o.bytes[i] + by);
    return o;
}
static NOINLINE struct reals scaled(struct reals r, float by) { return (struct reals){r.d * by, r.f + by}; }
static NOINLINE u64 many(u8 a, i16 b, u32 c, i64 d, u64 e, i32 f, u64 g, double h, float i, i8 j) {
    return a + (u64)b * 3 + c * 5ul + (u64)d * 7 + e * 11 + (u64)f * 13 + g * 17 + (u64)(i64)h * 19 + (u64)(i64)i * 23 + (u64)j;
}
static NOINLINE u64 ackermann(u64 m, u64 n) { return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1)); }
static NOINLINE u64 on_the_stack(u32 n) {
    u32 room[n];
    for (u32 i = 0; i < n; i++) room[i] = i * n;
    u64 sum = 0;
    for (u32 i = 0; i < n; i += 3) sum = sum * 7 + room[n - 1 - i];
    return sum;
}

static char text[600], copy[600];

static NOINLINE u32 length_of(const char *s) {
    return (u32)__builtin_strlen(s);
}
size_t strlen(const char *s) {
    const char *at = s;
    while (*at) at++;
    return (size_t)(at - s);
}
int strcmp(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return (u8)*a - (u8)*b;
}
char *strcpy(char *to, const char *from) {
    char *at = to;
    while ((*at++ = *from++)) {
    }
    return to;
}
void *memchr(const void *s, int c, size_t n) {
    const u8 *at = s;
    for (; n > 0; n--, at++)
        if (*at == (u8)c) return (void *)at;
    return 0;
}
static NOINLINE void strings(u32 n) {
    for (u32 i = 0; i < n; i++) text[i] = (char)('a' + (i * 7 + n) % 26);
    text[n] = 0;
    __builtin_strcpy(copy, text);
    add(length_of(copy)), add((u64)(i64)(__builtin_strcmp(copy, text) > 0));
    copy[n / 2]++;
    add(__builtin_strcmp(copy, text) > 0), add(__builtin_memcmp(copy, text, n) > 0), add(__builtin_memcmp(copy, text, n / 2) == 0);
    add((u64)((char *)__builtin_memchr(text, 'q', n) - text));
    __builtin_memset(copy, (int)n, n), add_bytes(copy, n), __builtin_memset(copy, 0, 513), add_bytes(copy, 520);
    __builtin_memcpy(copy + 3, text, n), add_bytes(copy, 600), __builtin_memcpy(copy, text, 300), add_bytes(copy, 600);
    __builtin_memmove(copy + 5, copy, n / 2), add_bytes(copy, 600);
    for (u32 i = 0; i < 77; i++) copy[i] ^= text[i + 1], copy[i + 80] |= text[i], copy[i + 160] &= text[i];
    add_bytes(copy, 600);
}

static u64 shared64;
static u32 shared32;
static u8 shared8;
static u16 shared16;
static u128 shared128 __attribute__((aligned(16)));

static NOINLINE void atomics(u64 v) {
    add(__atomic_fetch_add(&shared64, v, 5)), add(__atomic_fetch_and(&shared64, v, 5)), add(__atomic_fetch_or(&shared32, (u32)v, 5));
    add(__atomic_fetch_xor(&shared32, (u32)v, 5)), add(__atomic_exchange_n(&shared8, (u8)v, 5)), add(__atomic_fetch_add(&shared16, (u16)v, 5));
    add(__atomic_fetch_sub(&shared8, (u8)v, 5)), add(__atomic_exchange_n(&shared64, v, 5)), add(__atomic_sub_fetch(&shared32, (u32)v, 5));
    u64 expected = v;
    add(__atomic_compare_exchange_n(&shared64, &expected, v * 3, false, 5, 5)), add(expected);
    u16 narrow = (u16)v;
    add(__atomic_compare_exchange_n(&shared16, &narrow, (u16)(v * 3), false, 5, 5)), add(narrow);
    add(__atomic_fetch_nand(&shared64, v, 5)), add(__atomic_load_n(&shared64, 5));
    shared128 += v;
    add_bytes(&shared128, 16);
}

static NOINLINE void everything(void) {
    u64 v[4];
    numbers.state = hide(1ul);
    for (u32 i = 0; i < 400; i++) integers(next(), next());
    section("integers");
    for (u32 i = 0; i < 300; i++) {
        for (u32 k = 0; k < 4; k++) v[k] = next();
        wide_integers(v[0], v[1], i % 3 ? v[2] : 0, v[3]);
    }
    section("128 bits");
    static struct fields fields[3];
    for (u32 i = 0; i < 300; i++) bit_fields(&fields[i % 3], next());
    add_bytes(fields, sizeof fields);
    section("bit fields");
    for (u32 i = 0; i < 600; i++) doubles(a_double(i), a_double(i + 1), a_double(i + 2));
    section("double");
    for (u32 i = 0; i < 600; i++) floats((float)a_double(i), (float)a_double(i + 1), (float)a_double(i + 2));
    section("float");
    for (u32 i = 0; i < 400; i++) {
        long double wide = (long double)a_double(i) * a_double(i + 3);
        long_doubles(wide, (long double)a_double(i + 1) / 3, a_double(i + 2));
    }
    section("long double");
    for (u32 i = 0; i < 300; i++) from_integers(next());
    section("from integers");
    for (u32 i = 0; i < 40; i++) loops(hide(COUNT - i * 6), (u32)next());
    section("loops");
    static u64 vectors[4] __attribute__((aligned(16)));
    for (u32 i = 0; i < 100; i++) {
        for (u32 k = 0; k < 4; k++) vectors[k] = random_next(&numbers);
        const void *a = vectors, *b = vectors + 2;
        work_on_u8(a, b, i & 7), work_on_u16(a, b, i & 15), work_on_u32(a, b, i & 31), work_on_u64(a, b, i & 63);
        work_on_i32(a, b, i & 31), work_on_i64(a, b, i & 63), work_on_i8(a, b, i & 7), work_on_i16(a, b, i & 15);
        double d[4] __attribute__((aligned(16)));
        for (u32 k = 0; k < 4; k++) d[k] = a_double(i + k);
        work_on_doubles((const void *)d, (const void *)(d + 2));
    }
    section("vectors");
    for (u32 i = 0; i < 30; i++) add(tables(i, next()));
    add(tables(hide(1000), 5)), add(tables(hide(100000), 5)), add(tables(hide(99999), 5));
    add(variable(12, 1, 2ul, 3.5, 4.5L, 5, 6ul, -7.25, 8.75L, -9, 10ul, 1e10, -1e15L));
    struct pair p = swapped((struct pair){hide(1ul), hide(2ul)});
    struct odd o = turned((struct odd){{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}}, (u8)hide(7));
    struct reals r = scaled((struct reals){hide(2.5), hide(1.25f)}, hide(3.0f));
    add(p.a), add(p.b), add_bytes(&o, sizeof o), add_double(r.d), add_float(r.f);
    add(many(1, -2, 3, -4, 5, -6, 7, 8.5, -9.5f, -10)), add(ackermann(2, hide(6ul))), add(on_the_stack(hide(100)));
    section("calls");
    for (u32 n = 30; n < 500; n += 37) strings(n);
    section("strings");
    for (u32 i = 0; i < 100; i++) atomics(next());
    section("atomics");
}

// Functions that use floating point save registers of it first, so this one does not.
int main(void) {
    // Floating-point registers and vectors.
    write_cr(0, read_cr(0) | 0x60000);
    everything();
    return 0;
}
