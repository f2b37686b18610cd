// The least a machine must do: run, print, power off.

#include "guest.h"

int main(void) {
    print("hello: running at IPL %lu\n", read_ps() & 7);
    print("hello: %d %u %x %s %c %%\n", -42, 42u, 0x2au, "text", 'c');
    print("hello: bye\n");
    return 0;
}
