// A disk with the harness's pattern on it: reads, writes, several requests at a time, and what cannot be done.

#include "virtio.h"

enum { SECTOR = 512, IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8, DISCARD = 11, WRITE_ZEROES = 13 };
enum { FEATURE_FLUSH = 1 << 9, FEATURE_DISCARD = 1 << 13, FEATURE_ZEROES = 1 << 14 };

struct head {
    u32 type, reserved;
    u64 sector;
};

static struct virtio disk;
static struct queue queue;
static u64 data[64 * SECTOR / 8];
static u64 other[64 * SECTOR / 8];
static u32 wrong;

void on_irq(struct frame *frame) {
    (void)frame;
    virtio_irq(&disk);
}

static void start(void) {
    if (!virtio_begin(&disk, VIRTIO_INDIRECT | FEATURE_FLUSH | FEATURE_DISCARD | FEATURE_ZEROES))
        print("the device refuses\n");
    virtio_queue(&disk, &queue, 0);
    virtio_go(&disk);
}

// One request with up to two buffers of data; gives the status.
static u8 request(u32 type, u64 sector, struct buffer a, struct buffer b) {
    struct head head = {type, 0, sector};
    u8 status = 0xee;
    struct buffer buffers[4];
    u32 count = 0, written = 1;
    buffers[count++] = (struct buffer){&head, sizeof head};
    if (a.length)
        buffers[count++] = a;
    if (b.length)
        buffers[count++] = b;
    if (type == IN || type == GET_ID)
        written = count;
    buffers[count++] = (struct buffer){&status, 1};
    u16 first = queue_put(&queue, buffers, count, written);
    queue_offer(&queue, first);
    queue_notify(&disk, &queue);
    u32 id, length;
    queue_wait(&queue, &id, &length);
    if (id != first)
        wrong++;
    return *(volatile u8 *)&status;
}

static struct buffer at(void *start, u32 length) { return (struct buffer){start, length}; }
static const struct buffer none;

static u64 pattern(u64 word) { return word * 0x9e3779b97f4a7c15; }

// Words of `from` that are not the pattern's from this sector on.
static u32 differing(const u64 *from, u64 sector, u32 sectors) {
    u32 count = 0;
    for (u32 i = 0; i < sectors * SECTOR / 8; i++)
        count += from[i] != pattern(sector * (SECTOR / 8) + i);
    return count;
}

static void reading(u64 capacity) {
    u8 status = request(IN, 0, at(data, 8 * SECTOR), none);
    print("read: status %u, %u words wrong\n", (u32)status, differing(data, 0, 8));
    // In two pieces, the border inside a sector.
    status = request(IN, 5, at(data, 1000), at((u8 *)data + 1000, 4 * SECTOR - 1000));
    print("scattered: status %u, %u words wrong\n", (u32)status, differing(data, 5, 4));
    status = request(IN, capacity - 64, at(data, 64 * SECTOR), none);
    print("to the end: status %u, %u words wrong\n", (u32)status, differing(data, capacity - 64, 64));
}

static void writing(void) {
    for (u32 i = 0; i < 3 * SECTOR / 8; i++)
        data[i] = ~(u64)i;
    u8 status = request(OUT, 21, at(data, SECTOR + 8), at((u8 *)data + SECTOR + 8, 2 * SECTOR - 8));
    print("write: status %u\n", (u32)status);
    status = request(FLUSH, 0, none, none);
    print("flush: status %u\n", (u32)status);
    status = request(IN, 20, at(other, 5 * SECTOR), none);
    u32 bad = differing(other, 20, 1) + differing(other + 4 * SECTOR / 8, 24, 1);
    for (u32 i = 0; i < 3 * SECTOR / 8; i++)
        bad += other[SECTOR / 8 + i] != ~(u64)i;
    print("read again: status %u, %u words wrong\n", (u32)status, bad);
    struct {
        u64 sector;
        u32 sectors, flags;
    } ranges[2] = {{22, 1, 1}, {40, 2, 0}};
    status = request(WRITE_ZEROES, 0, at(ranges, sizeof ranges), none);
    print("write zeroes: status %u\n", (u32)status);
    status = request(IN, 22, at(other, SECTOR), none);
    bad = 0;
    for (u32 i = 0; i < SECTOR / 8; i++)
        bad += other[i] != 0;
    print("zeroes: status %u, %u words wrong\n", (u32)status, bad);
}

// Requests of different lengths, all under way at once, from one indirect table each.
static void several(void) {
    enum { COUNT = 8 };
    static struct desc tables[COUNT][3] __attribute__((aligned(16)));
    static struct head heads[COUNT];
    static volatile u8 statuses[COUNT];
    for (u32 i = 0; i < COUNT; i++) {
        u32 sectors = COUNT - i;
        heads[i] = (struct head){IN, 0, 100 + i};
        statuses[i] = 0xee;
        tables[i][0] = (struct desc){(u64)&heads[i], sizeof heads[i], DESC_NEXT, 1};
        tables[i][1] = (struct desc){(u64)(data + i * 8 * SECTOR / 8), sectors * SECTOR, DESC_NEXT | DESC_WRITE, 2};
        tables[i][2] = (struct desc){(u64)&statuses[i], 1, DESC_WRITE, 0};
        queue.desc[i] = (struct desc){(u64)tables[i], sizeof tables[i], DESC_INDIRECT, 0};
        queue_offer(&queue, (u16)i);
    }
    queue_notify(&disk, &queue);
    u32 seen = 0, lengths = 0, bad = 0;
    for (u32 i = 0; i < COUNT; i++) {
        u32 id, length;
        queue_wait(&queue, &id, &length);
        seen |= 1u << id;
        lengths += length;
    }
    for (u32 i = 0; i < COUNT; i++)
        bad += statuses[i] + differing(data + i * 8 * SECTOR / 8, 100 + i, COUNT - i);
    print("several: %02x came back with %u bytes, %u words wrong\n", seen, lengths, bad);
}

static void impossible(u64 capacity) {
    u8 beyond = request(IN, capacity, at(data, SECTOR), none);
    u8 across = request(OUT, capacity - 1, at(data, 2 * SECTOR), none);
    u8 unknown = request(99, 0, at(data, SECTOR), none);
    print("beyond the end: status %u, across it: %u, unknown request: %u\n", (u32)beyond, (u32)across, (u32)unknown);
    // A chain that bites its tail.
    queue.desc[0] = (struct desc){(u64)data, 16, DESC_NEXT, 0};
    queue_offer(&queue, 0);
    queue_notify(&disk, &queue);
    u32 status = mmio_read(disk.base + VIRTIO_STATUS);
    print("a chain without end: needs reset: %u\n", (status & VIRTIO_NEEDS_RESET) != 0);
    start();
    u8 after = request(IN, 30, at(data, SECTOR), none);
    print("after the reset: status %u, %u words wrong\n", (u32)after, differing(data, 30, 1));
}

int main(void) {
    if (!virtio_find(&disk, VIRTIO_BLOCK)) {
        print("no disk\n");
        return 1;
    }
    gic_init();
    gic_enable(disk.intid);
    irq_enable();
    start();
    u64 capacity = mmio_read(disk.base + VIRTIO_CONFIG) |
                   (u64)mmio_read(disk.base + VIRTIO_CONFIG + 4) << 32;
    print("capacity: %lu sectors\n", capacity);
    char name[21] = {0};
    u8 status = request(GET_ID, 0, at(name, 20), none);
    print("name: status %u, %s\n", (u32)status, name);
    reading(capacity);
    writing();
    several();
    impossible(capacity);
    print("chains given back wrongly: %u\n", wrong);
    print("interrupts: %s\n", virtio_interrupts ? "yes" : "none");
    return 0;
}
