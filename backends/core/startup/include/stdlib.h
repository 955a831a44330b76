/* The little of <stdlib.h> that needs no system. */
#ifndef STDLIB_H
#define STDLIB_H
#include <stddef.h>
static inline __attribute__((nodebug)) int abs(int value) {
    return value < 0 ? -value : value;
}
#endif
