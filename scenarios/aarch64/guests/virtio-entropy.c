// Random bytes, in requests of different lengths. They are the seed's, so this text is, too.

#include "virtio.h"

static struct virtio device;
static struct queue queue;
static u8 bytes[256];

void on_irq(struct frame *frame) {
    (void)frame;
    virtio_irq(&device);
}

static void show(u32 count) {
    for (u32 i = 0; i < count; i++)
        print("%02x", (u32)bytes[i]);
    print("\n");
}

static void ask(struct buffer a, struct buffer b) {
    struct buffer buffers[2] = {a, b};
    u32 count = b.length ? 2 : 1;
    queue_offer(&queue, queue_put(&queue, buffers, count, count));
    queue_notify(&device, &queue);
}

int main(void) {
    if (!virtio_find(&device, VIRTIO_ENTROPY)) {
        print("no entropy device\n");
        return 1;
    }
    gic_init();
    gic_enable(device.intid);
    irq_enable();
    virtio_begin(&device, 0);
    virtio_queue(&device, &queue, 0);
    virtio_go(&device);
    u32 head, length;
    ask((struct buffer){bytes, 32}, (struct buffer){0, 0});
    queue_wait(&queue, &head, &length);
    print("%u bytes: ", length);
    show(32);
    ask((struct buffer){bytes, 5}, (struct buffer){bytes + 5, 6});
    queue_wait(&queue, &head, &length);
    print("%u bytes: ", length);
    show(11);
    // Three at once: each has its own bytes.
    for (u32 i = 0; i < 3; i++)
        ask((struct buffer){bytes + 16 * i, 16}, (struct buffer){0, 0});
    for (u32 i = 0; i < 3; i++)
        queue_wait(&queue, &head, &length);
    print("three times %u bytes: ", length);
    show(48);
    return 0;
}
