// The same program as on aarch64, with its nodes from 32 MiB on.
#define MEMORY 0x2000000ull
#include "../../aarch64/guests/chase.c"
