// A driver for virtio devices in memory-mapped slots: modern layout, split rings.
#pragma once

#include "guest.h"

enum { VIRTIO_NET = 1, VIRTIO_BLOCK = 2, VIRTIO_CONSOLE = 3, VIRTIO_ENTROPY = 4 };
enum { VIRTIO_NEEDS_RESET = 64 };
enum { VIRTIO_CONFIG = 0x100, VIRTIO_STATUS = 0x070, VIRTIO_NOTIFY = 0x050 };
#define VIRTIO_INDIRECT (1ull << 28)
#define VIRTIO_VERSION_1 (1ull << 32)

enum { QUEUE_SIZE = 16 };
enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };

struct desc {
    u64 address;
    u32 length;
    u16 flags;
    u16 next;
};

struct queue {
    struct desc desc[QUEUE_SIZE] __attribute__((aligned(16)));
    struct {
        u16 flags, index, ring[QUEUE_SIZE], event;
    } available __attribute__((aligned(4)));
    struct {
        u16 flags, index;
        struct {
            u32 id, length;
        } ring[QUEUE_SIZE];
        u16 event, padding;
    } used __attribute__((aligned(4)));
    u16 number;
    u16 next_desc; // where the next chain goes
    u16 seen;      // how much of the used ring was looked at
};

struct virtio {
    u64 base;
    u32 intid;
};

// The first slot with such a device; false if there is none.
bool virtio_find(struct virtio *device, u32 id);
// Resets the device and agrees on these features and VERSION_1; false if it does not.
bool virtio_begin(struct virtio *device, u64 features);
void virtio_queue(struct virtio *device, struct queue *queue, u16 number);
void virtio_go(struct virtio *device);

// Puts a chain of buffers, the last `written` of them for the device to write, into the ring; gives its first descriptor.
struct buffer {
    void *start;
    u32 length;
};
u16 queue_put(struct queue *queue, const struct buffer *buffers, u32 count, u32 written);
// Makes a chain available, and tells the device.
void queue_offer(struct queue *queue, u16 head);
void queue_notify(struct virtio *device, struct queue *queue);
// Whether the device has given something back; if so, which chain and how many bytes it wrote.
bool queue_take(struct queue *queue, u32 *head, u32 *length);
// The same, waiting for the device's interrupt. The guest's on_irq calls virtio_irq.
void queue_wait(struct queue *queue, u32 *head, u32 *length);
// Takes the interrupt if it is this device's; how many there were is in `virtio_interrupts`.
void virtio_irq(struct virtio *device);
extern volatile u32 virtio_interrupts;
