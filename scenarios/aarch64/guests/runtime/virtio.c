// The driver's side of virtio: see virtio.h.

#include "virtio.h"

enum { SLOTS = 0x0a000000, SLOT_SIZE = 0x200, SLOT_COUNT = 32, SLOT_INTID = 48 };
enum {
    MAGIC = 0x000,
    VERSION = 0x004,
    DEVICE_ID = 0x008,
    DEVICE_FEATURES = 0x010,
    DEVICE_FEATURES_SEL = 0x014,
    DRIVER_FEATURES = 0x020,
    DRIVER_FEATURES_SEL = 0x024,
    QUEUE_SEL = 0x030,
    QUEUE_NUM_MAX = 0x034,
    QUEUE_NUM = 0x038,
    QUEUE_READY = 0x044,
    INTERRUPT_STATUS = 0x060,
    INTERRUPT_ACK = 0x064,
    QUEUE_DESC = 0x080,
    QUEUE_DRIVER = 0x090,
    QUEUE_DEVICE = 0x0a0,
};
enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8 };

volatile u32 virtio_interrupts;

bool virtio_find(struct virtio *device, u32 id) {
    for (u32 slot = 0; slot < SLOT_COUNT; slot++) {
        u64 base = SLOTS + slot * SLOT_SIZE;
        if (mmio_read(base + MAGIC) != 0x74726976 || mmio_read(base + VERSION) != 2)
            continue;
        if (mmio_read(base + DEVICE_ID) == id) {
            device->base = base;
            device->intid = SLOT_INTID + slot;
            return true;
        }
    }
    return false;
}

bool virtio_begin(struct virtio *device, u64 features) {
    u64 base = device->base;
    features |= VIRTIO_VERSION_1;
    mmio_write(base + VIRTIO_STATUS, 0);
    mmio_write(base + VIRTIO_STATUS, ACKNOWLEDGE);
    mmio_write(base + VIRTIO_STATUS, ACKNOWLEDGE | DRIVER);
    for (u32 half = 0; half < 2; half++) {
        mmio_write(base + DEVICE_FEATURES_SEL, half);
        u32 wanted = (u32)(features >> (32 * half));
        if (wanted & ~mmio_read(base + DEVICE_FEATURES))
            return false;
        mmio_write(base + DRIVER_FEATURES_SEL, half);
        mmio_write(base + DRIVER_FEATURES, wanted);
    }
    mmio_write(base + VIRTIO_STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
    return mmio_read(base + VIRTIO_STATUS) & FEATURES_OK;
}

static void set_address(u64 at, const void *address) {
    mmio_write(at, (u32)(u64)address);
    mmio_write(at + 4, (u32)((u64)address >> 32));
}

void virtio_queue(struct virtio *device, struct queue *queue, u16 number) {
    u64 base = device->base;
    memset(queue, 0, sizeof *queue);
    queue->number = number;
    mmio_write(base + QUEUE_SEL, number);
    if (mmio_read(base + QUEUE_NUM_MAX) < QUEUE_SIZE)
        print("queue %u is too small\n", (u32)number);
    mmio_write(base + QUEUE_NUM, QUEUE_SIZE);
    set_address(base + QUEUE_DESC, queue->desc);
    set_address(base + QUEUE_DRIVER, &queue->available);
    set_address(base + QUEUE_DEVICE, &queue->used);
    mmio_write(base + QUEUE_READY, 1);
}

void virtio_go(struct virtio *device) {
    u64 at = device->base + VIRTIO_STATUS;
    mmio_write(at, mmio_read(at) | DRIVER_OK);
}

u16 queue_put(struct queue *queue, const struct buffer *buffers, u32 count, u32 written) {
    u16 head = queue->next_desc;
    for (u32 i = 0; i < count; i++) {
        struct desc *desc = &queue->desc[queue->next_desc];
        queue->next_desc = (queue->next_desc + 1) % QUEUE_SIZE;
        desc->address = (u64)buffers[i].start;
        desc->length = buffers[i].length;
        desc->flags = (i + 1 < count ? DESC_NEXT : 0) | (i >= count - written ? DESC_WRITE : 0);
        desc->next = queue->next_desc;
    }
    return head;
}

void queue_offer(struct queue *queue, u16 head) {
    queue->available.ring[queue->available.index % QUEUE_SIZE] = head;
    dsb();
    queue->available.index++;
    dsb();
}

void queue_notify(struct virtio *device, struct queue *queue) {
    mmio_write(device->base + VIRTIO_NOTIFY, queue->number);
}

bool queue_take(struct queue *queue, u32 *head, u32 *length) {
    if (*(volatile u16 *)&queue->used.index == queue->seen)
        return false;
    dsb();
    *head = queue->used.ring[queue->seen % QUEUE_SIZE].id;
    *length = queue->used.ring[queue->seen % QUEUE_SIZE].length;
    queue->seen++;
    return true;
}

void queue_wait(struct queue *queue, u32 *head, u32 *length) {
    irq_disable();
    while (!queue_take(queue, head, length)) {
        wait_for_interrupt();
        irq_enable();
        isb();
        irq_disable();
    }
    irq_enable();
}

void virtio_irq(struct virtio *device) {
    u32 intid = gic_acknowledge();
    if (intid == GIC_SPURIOUS)
        return;
    if (intid == device->intid) {
        mmio_write(device->base + INTERRUPT_ACK, mmio_read(device->base + INTERRUPT_STATUS));
        virtio_interrupts++;
    }
    gic_end(intid);
}
