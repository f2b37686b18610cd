// Disk reads that take different times: which came back when is told by counts.
//
// Long reads are begun first and short ones overtake them. What is printed is the order in which a round's reads came back, how
// many there were, and what was wrong with what they read; never when.

#include "virtio.h"

enum { SECTOR = 512, IN = 0, COUNT = 5, ROUNDS = 12, MOST = 32 };

struct head {
    u32 type, reserved;
    u64 sector;
};

static struct virtio disk;
static struct queue queue;
static u64 data[COUNT][MOST * SECTOR / 8];
static struct head heads[COUNT];
static volatile u8 statuses[COUNT];
static u32 completions, wrong;

void on_irq(struct frame *frame) {
    (void)frame;
    virtio_irq(&disk);
}

static u64 pattern(u64 word) { return word * 0x9e3779b97f4a7c15; }

// The first is longest, by far more than the others are begun later.
static u32 sectors(u32 which) { return MOST >> which; }

static void begin(u32 round, u32 which) {
    heads[which] = (struct head){IN, 0, round * 7 + which * 64};
    statuses[which] = 0xee;
    struct buffer buffers[] = {
        {&heads[which], sizeof heads[which]},
        {data[which], sectors(which) * SECTOR},
        {(void *)&statuses[which], 1},
    };
    queue_offer(&queue, queue_put(&queue, buffers, 3, 2));
    queue_notify(&disk, &queue);
}

static void check(u32 round, u32 which) {
    u64 first = (u64)(round * 7 + which * 64) * (SECTOR / 8);
    wrong += statuses[which];
    for (u32 i = 0; i < sectors(which) * SECTOR / 8; i++)
        wrong += data[which][i] != pattern(first + i);
}

static void one_round(u32 round) {
    queue.next_desc = 0;
    for (u32 which = 0; which < COUNT; which++)
        begin(round, which);
    print("round %u:", round);
    for (u32 back = 0; back < COUNT; back++) {
        u32 id, length;
        queue_wait(&queue, &id, &length);
        completions++;
        check(round, id / 3);
        print(" %u", id / 3);
    }
    print(", %u completions\n", completions);
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
    for (u32 round = 0; round < ROUNDS; round++)
        one_round(round);
    print("disk-latency: %u completions, %u wrong\n", completions, wrong);
    return 0;
}
