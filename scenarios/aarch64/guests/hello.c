// The least a machine must do: run, print, power off.

#include "guest.h"

int main(void) {
    print("hello: running at EL%lu\n", read_sysreg(CurrentEL) >> 2);
    print("hello: %d %u %x %s %c %%\n", -42, 42u, 0x2au, "text", 'c');
    print("hello: bye\n");
    return 0;
}
