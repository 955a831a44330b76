/* exit: 0. A hash table with open addressing: 150 keys put in, found, counted again. */
#include <stdint.h>

enum { SLOTS = 256, KEYS = 150 };
static uint32_t keys[SLOTS], counts[SLOTS];

static uint32_t *count_of(uint32_t key) {
    uint32_t at = key * 0x9E3779B1u >> 24;
    while (keys[at] && keys[at] != key) at = (at + 1) & (SLOTS - 1);
    keys[at] = key;
    return &counts[at];
}

int main(void) {
    uint32_t total = 0;
    for (int round = 1; round <= 4; round++) {
        uint32_t state = 42;
        for (int i = 0; i < KEYS; i++) {
            state = state * 1664525 + 1013904223;
            (*count_of(state | 1))++;
        }
    }
    for (int i = 0; i < SLOTS; i++) {
        if (keys[i] && counts[i] % 4) return 1;
        total += counts[i];
    }
    return total == 4 * KEYS ? 0 : 2;
}
