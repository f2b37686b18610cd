// Chained reads: what is read says what to read next, and another read is under way meanwhile.

#include "virtio.h"

enum { SECTOR = 512, IN = 0, HOPS = 40, SECTORS = 4 };

struct head {
    u32 type, reserved;
    u64 sector;
};

static struct virtio disk;
static struct queue queue;
static u64 data[2][SECTORS * SECTOR / 8];
static struct head heads[2];
static volatile u8 statuses[2];
static u32 wrong;

void on_irq(struct frame *frame) {
    (void)frame;
    virtio_irq(&disk);
}

static u64 pattern(u64 word) { return word * 0x9e3779b97f4a7c15; }

static void begin(u32 which, u64 sector) {
    heads[which] = (struct head){IN, 0, sector};
    statuses[which] = 0xee;
    struct buffer buffers[] = {
        {&heads[which], sizeof heads[which]},
        {data[which], SECTORS * SECTOR},
        {(void *)&statuses[which], 1},
    };
    queue.next_desc = (u16)(which * 3);
    queue_offer(&queue, queue_put(&queue, buffers, 3, 2));
    queue_notify(&disk, &queue);
}

// The next sector of a way, from what was read at this one.
static u64 next(u32 which, u64 sector) {
    wrong += statuses[which];
    for (u32 i = 0; i < SECTORS * SECTOR / 8; i++)
        wrong += data[which][i] != pattern(sector * (SECTOR / 8) + i);
    return data[which][1] >> 33 & 1023;
}

int main(void) {
    gic_init();
    if (!virtio_find(&disk, VIRTIO_BLOCK) || !virtio_begin(&disk, 0)) {
        print("there is no disk\n");
        return 1;
    }
    virtio_queue(&disk, &queue, 0);
    virtio_go(&disk);
    gic_enable(disk.intid);
    irq_enable();
    u64 at[2] = {1, 2}, seen = 0;
    begin(0, at[0]);
    begin(1, at[1]);
    for (u32 hop = 0; hop < HOPS; hop++) {
        u32 id, length;
        queue_wait(&queue, &id, &length);
        u32 which = id / 3;
        at[which] = next(which, at[which]);
        seen += at[which];
        if (hop < HOPS - 2)
            begin(which, at[which]);
    }
    print("disk-chain: %u hops, sum %lu, %u wrong\n", HOPS, seen, wrong);
    return 0;
}
