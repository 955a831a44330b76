/* A value barrier: an empty asm statement that may, for all that the compiler knows, give the word any value. Where a word is
 * a mask (all zeros or all ones) a compiler that knows it may turn `mask & x` back into a branch; behind the barrier it
 * knows nothing. No instruction comes of it. Not volatile, so that an unused result still goes away. */
#ifndef BARRIER_H
#define BARRIER_H

#include <stdint.h>

static inline uint32_t barrier(uint32_t word) {
    __asm__("" : "+r"(word));
    return word;
}

#endif
