/* exit: 0. Marsaglia's xorshift, Park and Miller's generator (from 1, the 1,000th number is 522329230) and a 32-bit permuted
 * congruential one: bits are ones about half the time. */
#include <stdint.h>

static uint32_t shifted = 2463534242u, least_standard = 1, state = 1;

static uint32_t xorshift(void) {
    shifted ^= shifted << 13;
    shifted ^= shifted >> 17;
    return shifted ^= shifted << 5;
}

static uint32_t park_miller(void) {
    uint32_t high = least_standard / 127773, low = least_standard % 127773, now = 16807 * low + (0x7FFFFFFF - 2836 * high);
    return least_standard = now >= 0x7FFFFFFF ? now - 0x7FFFFFFF : now;
}

static uint32_t permuted(void) {
    uint32_t before = state;
    state = before * 747796405u + 2891336453u;
    uint32_t word = (before >> ((before >> 28) + 4) ^ before) * 277803737u;
    return word >> 22 ^ word;
}

int main(void) {
    uint32_t ones = 0;
    for (int i = 0; i < 1000; i++) park_miller();
    if (least_standard != 522329230) return 1;
    for (int i = 0; i < 200; i++)
        for (uint32_t word = xorshift() ^ permuted(); word; word >>= 1) ones += word & 1;
    return ones > 3000 && ones < 3400 ? 0 : 2;
}
