// The two functions a freestanding compiler may call without being asked.

#include "guest.h"

void *memcpy(void *to, const void *from, size_t size) {
    u8 *t = to;
    const u8 *f = from;
    while (size--)
        *t++ = *f++;
    return to;
}

void *memset(void *to, int value, size_t size) {
    u8 *t = to;
    while (size--)
        *t++ = (u8)value;
    return to;
}
