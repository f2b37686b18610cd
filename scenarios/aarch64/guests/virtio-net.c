// A network card: who is 192.0.2.1, does it answer a ping, do other frames come back?

#include "virtio.h"

enum { RECEIVE = 0, TRANSMIT = 1, HEADER = 12, FEATURE_MAC = 1 << 5, FEATURE_STATUS = 1 << 16 };

static struct virtio device;
static struct queue receive, transmit;
static u8 arrived[4][1600];
static u8 frame[HEADER + 1514];
static u8 mac[6], peer[6];
static u32 length;

void on_irq(struct frame *interrupted) {
    (void)interrupted;
    virtio_irq(&device);
}

static void put(const void *bytes, u32 count) {
    memcpy(frame + length, bytes, count);
    length += count;
}

static void begin(const u8 *to, u16 type) {
    static const u8 zeros[HEADER];
    u8 kind[2] = {(u8)(type >> 8), (u8)type};
    length = 0;
    put(zeros, HEADER);
    put(to, 6);
    put(mac, 6);
    put(kind, 2);
}

static void send(void) {
    struct buffer buffers[2] = {{frame, HEADER}, {frame + HEADER, length - HEADER}};
    u32 head, written;
    queue_offer(&transmit, queue_put(&transmit, buffers, 2, 0));
    queue_notify(&device, &transmit);
    queue_wait(&transmit, &head, &written);
}

static void give(u32 number) {
    struct buffer buffer = {arrived[number], sizeof arrived[number]};
    receive.next_desc = (u16)number;
    queue_offer(&receive, queue_put(&receive, &buffer, 1, 1));
    queue_notify(&device, &receive);
}

static void show(const char *name, const u8 *bytes, u32 count) {
    print("%s", name);
    for (u32 i = 0; i < count; i++)
        print(" %02x", (u32)bytes[i]);
    print("\n");
}

static u16 checksum(const u8 *bytes, u32 count) {
    u32 sum = 0;
    for (u32 i = 0; i < count; i++)
        sum += i % 2 ? bytes[i] : (u32)bytes[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (u16)~sum;
}

// Waits for a frame and gives where it begins, and its length.
static u8 *next(u32 *bytes, u32 *number) {
    queue_wait(&receive, number, bytes);
    u8 *header = arrived[*number];
    if (header[10] != 1 || header[11])
        print("number of buffers: %u\n", (u32)header[10]);
    *bytes -= HEADER;
    return header + HEADER;
}

static void who_has(void) {
    static const u8 everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    static const u8 head[8] = {0, 1, 8, 0, 6, 4, 0, 1};
    static const u8 nobody[6], ours[4] = {192, 0, 2, 2}, theirs[4] = {192, 0, 2, 1};
    begin(everybody, 0x0806);
    put(head, 8);
    put(mac, 6);
    put(ours, 4);
    put(nobody, 6);
    put(theirs, 4);
    send();
    u32 bytes, number;
    u8 *answer = next(&bytes, &number);
    print("arp: %u bytes\n", bytes);
    show("arp:", answer + 14, 28);
    memcpy(peer, answer + 22, 6);
    give(number);
}

static void ping(void) {
    u8 packet[20 + 8 + 56] = {0x45, 0, 0, 84, 0, 1, 0, 0, 64, 1, 0, 0, 192, 0, 2, 2, 192, 0, 2, 1, 8, 0, 0, 0, 0x12, 0x34, 0, 1};
    for (u32 i = 0; i < 56; i++)
        packet[28 + i] = (u8)i;
    u16 sum = checksum(packet + 20, 64);
    packet[22] = (u8)(sum >> 8), packet[23] = (u8)sum;
    sum = checksum(packet, 20);
    packet[10] = (u8)(sum >> 8), packet[11] = (u8)sum;
    begin(peer, 0x0800);
    put(packet, sizeof packet);
    send();
    u32 bytes, number;
    u8 *answer = next(&bytes, &number);
    u32 wrong = 0;
    for (u32 i = 0; i < 56; i++)
        wrong += answer[14 + 28 + i] != i;
    print("ping: %u bytes, type %u, checksums %x %x, %u bytes wrong\n", bytes, (u32)answer[34],
          (u32)checksum(answer + 14, 20), (u32)checksum(answer + 34, 64), wrong);
    show("ping:", answer + 26, 8);
    give(number);
}

// More frames than there are buffers: none is lost, and they keep their order.
static void burst(void) {
    for (u32 i = 0; i < 12; i++) {
        u8 number[4] = {(u8)i, 'x', 'y', 'z'};
        begin(peer, 0x88b5);
        put(number, 4);
        send();
    }
    u32 wrong = 0;
    for (u32 i = 0; i < 12; i++) {
        u32 bytes, number;
        u8 *answer = next(&bytes, &number);
        wrong += bytes != 18 || answer[14] != i || answer[15] != 'x';
        give(number);
    }
    print("burst: %u of 12 wrong\n", wrong);
}

int main(void) {
    if (!virtio_find(&device, VIRTIO_NET)) {
        print("no network card\n");
        return 1;
    }
    gic_init();
    gic_enable(device.intid);
    irq_enable();
    if (!virtio_begin(&device, FEATURE_MAC | FEATURE_STATUS))
        print("the device refuses\n");
    virtio_queue(&device, &receive, RECEIVE);
    virtio_queue(&device, &transmit, TRANSMIT);
    virtio_go(&device);
    for (u32 i = 0; i < 6; i++)
        mac[i] = *(volatile u8 *)(device.base + VIRTIO_CONFIG + i);
    show("address:", mac, 6);
    print("link: %u\n", (u32)*(volatile u16 *)(device.base + VIRTIO_CONFIG + 6));
    for (u32 i = 0; i < 4; i++)
        give(i);
    who_has();
    ping();
    burst();
    return 0;
}
