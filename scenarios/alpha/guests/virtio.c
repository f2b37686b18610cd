// Virtio devices on PCI: a disk, a source of entropy, a console and a network card, as far as they are plugged in.
//
// Each is found by its configuration space, set up through the capabilities that it has, and driven with one queue at a
// time, by interrupt. What is printed is what was transferred, and how many interrupts that took.

#include "guest.h"

enum { NET = 1, BLOCK = 2, CONSOLE = 3, ENTROPY = 4 };
enum { SIZE = 8 };

struct descriptor {
    u64 address;
    u32 length;
    u16 flags, next;
};
struct ring {
    struct descriptor descriptors[SIZE];
    u16 available[3 + SIZE];
    u32 used[2 + 2 * SIZE] __attribute__((aligned(8)));
    u16 seen;
} __attribute__((aligned(PAGE)));

struct device {
    u64 config; // its configuration space
    u64 common, notify, isr, own;
    u32 multiplier, kind;
    u32 line; // its bit in DIM
};

static struct ring rings[2];
static struct device device;
static volatile u32 interrupts;
static u64 next_bar = 0x01000000;
static u8 buffer[4096] __attribute__((aligned(PAGE)));

static u8 get8(u64 at) { return *(volatile u8 *)at; }
static u16 get16(u64 at) { return *(volatile u16 *)at; }
static u32 get32(u64 at) { return *(volatile u32 *)at; }
static void put8(u64 at, u8 value) { *(volatile u8 *)at = value, mb(); }
static void put16(u64 at, u16 value) { *(volatile u16 *)at = value, mb(); }
static void put32(u64 at, u32 value) { *(volatile u32 *)at = value, mb(); }

void on_interrupt(struct frame *frame) {
    if (frame->a0 != INTERRUPT_DEVICE || frame->a1 != 0x900 + 0x10 * device.line) {
        print("virtio: strange interrupt %lx %lx\n", frame->a0, frame->a1);
        power_off();
    }
    // Reading says why, and takes the interrupt back.
    if (get8(device.isr) & 1)
        interrupts = interrupts + 1;
}

// Gives a memory range its address.
static u64 place_bar(u64 config, u32 number) {
    u64 bar = config + 0x10 + 4 * number;
    u32 old = get32(bar);
    put32(bar, 0xffffffff);
    u32 size = ~(get32(bar) & ~15u) + 1;
    if (old & ~15u) {
        put32(bar, old);
        return PCI_MEMORY + (old & ~15u);
    }
    next_bar = (next_bar + size - 1) & ~(u64)(size - 1);
    put32(bar, (u32)next_bar);
    if ((old & 6) == 4)
        put32(bar + 4, 0);
    next_bar += size;
    return PCI_MEMORY + next_bar - size;
}

static bool find(u32 kind) {
    for (u32 slot = 1; slot < 7; slot++) {
        u64 config = PCI_CONFIG + slot * 0x800;
        if (get16(config) != 0x1af4 || get16(config + 2) != 0x1040 + kind)
            continue;
        device = (struct device){.config = config, .kind = kind, .line = 8 + 4 * (slot - 1)};
        put16(config + 4, 0);
        u64 bars[6] = {0};
        for (u32 at = get8(config + 0x34); at; at = get8(config + at + 1)) {
            u32 type = get8(config + at + 3), bar = get8(config + at + 4);
            if (get8(config + at) != 9 || type == 0 || type > 4)
                continue;
            if (!bars[bar])
                bars[bar] = place_bar(config, bar);
            u64 place = bars[bar] + get32(config + at + 8);
            if (type == 1)
                device.common = place;
            if (type == 2)
                device.notify = place, device.multiplier = get32(config + at + 16);
            if (type == 3)
                device.isr = place;
            if (type == 4)
                device.own = place;
        }
        put16(config + 4, 6);
        return true;
    }
    return false;
}

static void set_up(u32 queues) {
    put8(device.common + 0x14, 0);
    while (get8(device.common + 0x14)) {
    }
    put8(device.common + 0x14, 3);
    put32(device.common + 8, 1);
    put32(device.common + 12, 1); // virtio 1.0 and nothing else
    put32(device.common + 8, 0);
    put32(device.common + 12, device.kind == BLOCK ? 1u << 9 : 0);
    put8(device.common + 0x14, 11);
    for (u32 queue = 0; queue < queues; queue++) {
        memset(&rings[queue], 0, sizeof rings[queue]);
        put16(device.common + 0x16, queue);
        put16(device.common + 0x18, SIZE);
        u64 parts[] = {physical(rings[queue].descriptors), physical(rings[queue].available), physical(rings[queue].used)};
        for (u32 i = 0; i < 3; i++) {
            put32(device.common + 0x20 + 8 * i, (u32)parts[i]);
            put32(device.common + 0x24 + 8 * i, parts[i] >> 32);
        }
        put16(device.common + 0x1c, 1);
    }
    put8(device.common + 0x14, 15);
    cchip_write(CCHIP_DIM0, 1ul << device.line);
    interrupts = 0;
}

static void offer(u32 queue, u32 first) {
    struct ring *ring = &rings[queue];
    u16 index = ring->available[1];
    ring->available[2 + (index & (SIZE - 1))] = first;
    mb();
    ring->available[1] = index + 1;
    mb();
    put16(device.common + 0x16, queue);
    put16(device.notify + (u64)get16(device.common + 0x1e) * device.multiplier, queue);
}

// Waits for the next used entry; gives how many bytes were written.
static u32 wait(u32 queue) {
    struct ring *ring = &rings[queue];
    volatile u16 *index = (volatile u16 *)ring->used + 1;
    while (*index == ring->seen) {
    }
    swap_ipl(0);
    swap_ipl(7);
    mb();
    u32 entry = ring->seen & (SIZE - 1);
    ring->seen++;
    return ring->used[1 + 2 * entry + 1];
}

static void describe(u32 queue, u32 number, void *data, u32 length, bool writes, bool more) {
    rings[queue].descriptors[number] =
        (struct descriptor){physical(data), length, (more ? 1 : 0) | (writes ? 2 : 0), number + 1};
}

static u32 disk_request(u32 type, u64 sector, u32 length) {
    static struct {
        u32 type, reserved;
        u64 sector;
    } header __attribute__((aligned(16)));
    static volatile u8 status;
    header.type = type;
    header.sector = sector;
    status = 99;
    describe(0, 0, &header, sizeof header, false, true);
    if (length)
        describe(0, 1, buffer, length, type == 0, true);
    describe(0, length ? 2 : 1, (void *)&status, 1, true, false);
    if (!length)
        rings[0].descriptors[0].next = 1;
    offer(0, 0);
    wait(0);
    return status;
}

static u64 sum_of(const u8 *data, u32 length) {
    u64 sum = 0;
    for (u32 i = 0; i < length; i++)
        sum = mix(sum, data[i]);
    return sum;
}

static void disk(void) {
    set_up(1);
    u64 sectors = get32(device.own) | (u64)get32(device.own + 4) << 32;
    print("virtio: disk of %lu sectors\n", sectors);
    for (u64 sector = 0; sector < sectors; sector += 8) {
        u32 status = disk_request(0, sector, 4096);
        print("virtio: sector %lu status %u sum %lx\n", sector, status, sum_of(buffer, 4096));
    }
    for (u32 i = 0; i < 1024; i++)
        buffer[i] = (u8)(i * 7);
    u32 wrote = disk_request(1, 3, 1024), flushed = disk_request(4, 0, 0);
    print("virtio: write %u flush %u\n", wrote, flushed);
    u32 status = disk_request(0, 0, 4096);
    print("virtio: sector 0 status %u sum %lx\n", status, sum_of(buffer, 4096));
    print("virtio: past the end status %u\n", disk_request(0, sectors, 512));
    print("virtio: disk interrupted %u\n", interrupts != 0);
}

static void entropy(void) {
    set_up(1);
    u32 total = 0, rounds = 0;
    u64 first = 0, same = 1;
    while (total < 64) {
        memset(buffer, 0, 64);
        describe(0, 0, buffer, 64, true, false);
        offer(0, 0);
        total += wait(0);
        u64 sum = sum_of(buffer, 64);
        same = rounds++ ? same && sum == first : same;
        first = sum;
    }
    print("virtio: entropy came %u nothing %u interrupts %u\n", total >= 64, first == sum_of(buffer + 64, 64),
          interrupts == rounds);
}

static void console(void) {
    set_up(2);
    static char text[] = "virtio: written to the virtio console\n";
    describe(1, 0, text, sizeof text - 1, false, false);
    offer(1, 0);
    wait(1);
    print("virtio: console interrupts %u\n", interrupts);
}

static void net(void) {
    set_up(2);
    print("virtio: network card\n");
    static u8 request[12 + 42], answer[12 + 1518];
    static const u8 arp[] = {0, 1, 8, 0, 6, 4, 0, 1};
    static const u8 ours[] = {192, 0, 2, 15}, theirs[] = {192, 0, 2, 1};
    memset(request, 0, sizeof request);
    u8 *frame = request + 12;
    memset(frame, 0xff, 6);
    for (u32 i = 0; i < 6; i++)
        frame[6 + i] = frame[22 + i] = get8(device.own + i);
    frame[12] = 8, frame[13] = 6;
    memcpy(frame + 14, arp, sizeof arp);
    memcpy(frame + 28, ours, 4);
    memcpy(frame + 38, theirs, 4);
    describe(0, 0, answer, sizeof answer, true, false);
    offer(0, 0);
    describe(1, 0, request, sizeof request, false, false);
    offer(1, 0);
    wait(1);
    u32 length = wait(0);
    print("virtio: answer of %u bytes, opcode %u, from %u.%u.%u.%u\n", length, answer[12 + 21], answer[12 + 28],
          answer[12 + 29], answer[12 + 30], answer[12 + 31]);
}

int main(void) {
    if (find(BLOCK))
        disk();
    if (find(ENTROPY))
        entropy();
    if (find(CONSOLE))
        console();
    if (find(NET))
        net();
    print("virtio: bye\n");
    return 0;
}
