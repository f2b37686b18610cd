// The same program as on aarch64.
#include "../../aarch64/guests/matrix.c"
