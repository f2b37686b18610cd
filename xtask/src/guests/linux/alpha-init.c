// The first program of the Linux that boots on the clipper board. There is no C library and no shell for Alpha in the
// distribution, so it does everything itself: some work whose result is known, the disk if it is asked to
// (`lockstep=block` on the kernel's command line), and the power off.

typedef unsigned char u8;
typedef unsigned long u64;

long call(long number, long a, long b, long c, long d, long e);

enum { READ = 3, WRITE = 4, OPEN = 45, LSEEK = 19, FSYNC = 95, MOUNT = 302, REBOOT = 311 };

static void show(const char *text) {
    long length = 0;
    while (text[length])
        length++;
    call(WRITE, 1, (long)text, length, 0, 0);
}

static void show_hex(u64 value) {
    char text[18];
    for (int digit = 0; digit < 16; digit++)
        text[digit] = "0123456789abcdef"[value >> (60 - 4 * digit) & 15];
    text[16] = '\n';
    text[17] = 0;
    show(text);
}

static int starts(const char *text, const char *with) {
    while (*with)
        if (*text++ != *with++)
            return 0;
    return 1;
}

static u64 hash(u64 from, const u8 *bytes, u64 count) {
    // FNV-1a with 64 bits.
    for (u64 i = 0; i < count; i++)
        from = (from ^ bytes[i]) * 0x100000001b3;
    return from;
}

#define HASH_START 0xcbf29ce484222325ul

static void compute(void) {
    static u8 bytes[256];
    for (int i = 0; i < 256; i++)
        bytes[i] = (u8)i;
    u64 value = HASH_START;
    for (u64 left = 20000000; left;) {
        u64 count = left < 256 ? left : 256;
        value = hash(value, bytes, count);
        left -= count;
    }
    show_hex(value);
    double sum = 0;
    for (int i = 1; i < 1000000; i++)
        sum += 1.0 / ((double)i * i);
    union {
        double number;
        u64 bits;
    } result = {sum};
    show_hex(result.bits);
    show("WORK-OK\n");
}

static u8 buffer[1 << 16];

// Reads up to the whole buffer; gives how much there was.
static long fill(long file) {
    long done = 0;
    while (done < (long)sizeof buffer) {
        long count = call(READ, file, (long)buffer + done, (long)sizeof buffer - done, 0, 0);
        if (count <= 0)
            return count < 0 ? count : done;
        done += count;
    }
    return done;
}

static u64 hash_disk(long file) {
    u64 value = HASH_START;
    call(LSEEK, file, 0, 0, 0, 0);
    for (long count; (count = fill(file)) > 0;)
        value = hash(value, buffer, (u64)count);
    return value;
}

static void disk(void) {
    enum { READ_WRITE = 2, PLACE = 1 << 20 };
    if (call(MOUNT, (long)"devtmpfs", (long)"/dev", (long)"devtmpfs", 0, 0) < 0)
        return show("no /dev\n");
    long file = call(OPEN, (long)"/dev/vda", READ_WRITE, 0, 0, 0);
    if (file < 0)
        return show("no disk\n");
    show_hex((u64)call(LSEEK, file, 0, 2, 0, 0));
    show_hex(hash_disk(file));
    for (u64 i = 0; i < sizeof buffer; i++)
        buffer[i] = (u8)(i * 7 ^ i >> 8);
    call(LSEEK, file, PLACE, 0, 0, 0);
    long wrote = call(WRITE, file, (long)buffer, sizeof buffer, 0, 0);
    if (wrote != sizeof buffer || call(FSYNC, file, 0, 0, 0, 0) < 0)
        return show("no writing\n");
    show_hex(hash_disk(file));
    show("BLOCK-OK\n");
}

void begin(long *stack) {
    int block = 0;
    for (char **word = (char **)stack + 1 + stack[0] + 1; *word; word++)
        block |= starts(*word, "lockstep=block");
    show("BOOT-OK\n");
    if (block)
        disk();
    else
        compute();
    call(REBOOT, 0xfee1dead, 672274793, 0x4321fedc, 0, 0);
    for (;;) {
    }
}
