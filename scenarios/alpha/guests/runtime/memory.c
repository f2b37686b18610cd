// What the compiler calls by itself.

#include "guest.h"

void *memcpy(void *to, const void *from, size_t size) {
    for (size_t i = 0; i < size; i++)
        ((volatile u8 *)to)[i] = ((const u8 *)from)[i];
    return to;
}

void *memset(void *to, int value, size_t size) {
    for (size_t i = 0; i < size; i++)
        ((volatile u8 *)to)[i] = (u8)value;
    return to;
}
