// To run, print through the service processor, and stop.

#include "guest.h"

int main(void) {
    print("hello from s390x\n");
    return 0;
}
