// A console: what is typed comes back, and lengths of buffers do not show.

#include "virtio.h"

enum { RECEIVE = 0, TRANSMIT = 1, EMERGENCY = 8, FEATURE_EMERGENCY = 1 << 2 };

static struct virtio device;
static struct queue receive, transmit;
static char input[4][7];

void on_irq(struct frame *frame) {
    (void)frame;
    virtio_irq(&device);
}

static void say(const char *text, u32 length) {
    struct buffer buffers[2] = {{(char *)text, length / 2}, {(char *)text + length / 2, length - length / 2}};
    u32 head, written;
    queue_offer(&transmit, queue_put(&transmit, buffers, 2, 0));
    queue_notify(&device, &transmit);
    queue_wait(&transmit, &head, &written);
}

#define SAY(text) say(text, sizeof text - 1)

static void give(u32 number) {
    struct buffer buffer = {input[number], sizeof input[number]};
    receive.next_desc = (u16)number;
    queue_offer(&receive, queue_put(&receive, &buffer, 1, 1));
    queue_notify(&device, &receive);
}

int main(void) {
    if (!virtio_find(&device, VIRTIO_CONSOLE)) {
        print("no console\n");
        return 1;
    }
    gic_init();
    gic_enable(device.intid);
    irq_enable();
    if (!virtio_begin(&device, FEATURE_EMERGENCY))
        print("the device refuses\n");
    virtio_queue(&device, &receive, RECEIVE);
    virtio_queue(&device, &transmit, TRANSMIT);
    virtio_go(&device);
    mmio_write(device.base + VIRTIO_CONFIG + EMERGENCY, '!');
    SAY("\nhello from the other console\n");
    for (u32 i = 0; i < 4; i++)
        give(i);
    SAY("type lines, the last one empty\n");
    static char line[128];
    u32 length = 0;
    for (;;) {
        u32 head, written;
        queue_wait(&receive, &head, &written);
        bool over = false;
        for (u32 i = 0; i < written && !over; i++) {
            line[length++] = input[head][i];
            if (input[head][i] != '\n')
                continue;
            over = length == 1;
            say(line, length);
            length = 0;
        }
        if (over)
            break;
        give(head);
    }
    SAY("bye\n");
    print("the UART is here as well\n");
    return 0;
}
