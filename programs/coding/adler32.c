/* exit: 0. Adler-32 of "Wikipedia" is 0x11E60398 (RFC 1950); then that of 4 KiB, its sums reduced seldom and at every byte. */
#include <stdint.h>

static uint8_t data[4096];

static uint32_t adler(const uint8_t *bytes, unsigned length, unsigned between) {
    uint32_t a = 1, b = 0;
    while (length) {
        unsigned some = length < between ? length : between;
        length -= some;
        while (some--) {
            a += *bytes++;
            b += a;
        }
        a %= 65521;
        b %= 65521;
    }
    return b << 16 | a;
}

int main(void) {
    uint32_t state = 7;
    if (adler((const uint8_t *)"Wikipedia", 9, 5552) != 0x11E60398) return 1;
    for (unsigned i = 0; i < sizeof data; i++) {
        state = state * 1664525 + 1013904223;
        data[i] = state >> 24;
    }
    return adler(data, sizeof data, 2048) == adler(data, sizeof data, 1) ? 0 : 2;
}
