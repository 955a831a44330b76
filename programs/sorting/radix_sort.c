/* exit: 0. Radix sort of 256 pseudo-random words, a byte at a time; checks order and that the sum is kept. */
#include <stdint.h>

enum { N = 256 };
static uint32_t values[N], other[N], counts[257];

static void pass(const uint32_t *from, uint32_t *to, int shift) {
    for (int i = 0; i < 257; i++) counts[i] = 0;
    for (int i = 0; i < N; i++) counts[(from[i] >> shift & 255) + 1]++;
    for (int i = 0; i < 256; i++) counts[i + 1] += counts[i];
    for (int i = 0; i < N; i++) to[counts[from[i] >> shift & 255]++] = from[i];
}

int main(void) {
    uint32_t state = 1, before = 0, after = 0;
    for (int i = 0; i < N; i++) {
        state ^= state << 13, state ^= state >> 17, state ^= state << 5;
        before += values[i] = state;
    }
    for (int shift = 0; shift < 32; shift += 16) {
        pass(values, other, shift);
        pass(other, values, shift + 8);
    }
    for (int i = 0; i < N; i++) {
        after += values[i];
        if (i && values[i - 1] > values[i]) return 1;
    }
    return before == after ? 0 : 2;
}
