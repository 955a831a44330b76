/* exit: 0. BSD's random: words obey the recurrence of their degree; with 8 bytes of state they are glibc's of seed 1. */
#define HEAP_BYTES 16
#include "missing.h"

#include "prng/random.c"

enum { WORDS = 1500 };

static long words[WORDS];
static uint32_t state[64];

/* Words are the upper 31 bits of x[t] = x[t - degree] + x[t - lag]: one may be lost from the bits below. */
static int recurs(int degree, int lag) {
    for (int t = 0; t < WORDS; t++) words[t] = random();
    for (int t = degree; t < WORDS; t++)
        if (((words[t] - words[t - degree] - words[t - lag]) & 0x7FFFFFFE) != 0) return 0;
    return 1;
}

int main(void) {
    static const struct { size_t bytes; int degree, lag; } kinds[] = {{32, 7, 3}, {64, 15, 1}, {128, 31, 3}, {256, 63, 1}};
    static const long simple[] = {1103527590, 377401575, 662824084, 1147902781, 2035015474};
    for (int k = 0; k < 4; k++) {
        initstate(1 + k, (char *)state, kinds[k].bytes);
        if (!recurs(kinds[k].degree, kinds[k].lag)) return 1 + k;
    }
    long next = random();
    char *kept = initstate(1, (char *)(uint32_t[2]){0}, 8);
    for (int k = 0; k < 5; k++)
        if (random() != simple[k]) return 5;
    srandom(2);
    setstate(kept);
    return random() != next ? 0 : 6;
}
