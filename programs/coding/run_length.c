/* exit: 0. Run-length coding of 2 KiB of runs, there and back. */
#include <stdint.h>

static uint8_t data[2048], coded[4096], back[2048];

static unsigned encode(const uint8_t *from, unsigned length, uint8_t *to) {
    unsigned written = 0;
    for (unsigned i = 0; i < length;) {
        unsigned run = 1;
        while (run < 255 && i + run < length && from[i + run] == from[i]) run++;
        to[written++] = run;
        to[written++] = from[i];
        i += run;
    }
    return written;
}

static unsigned decode(const uint8_t *from, unsigned length, uint8_t *to) {
    unsigned written = 0;
    for (unsigned i = 0; i < length; i += 2)
        for (unsigned k = 0; k < from[i]; k++) to[written++] = from[i + 1];
    return written;
}

int main(void) {
    uint32_t state = 5;
    for (unsigned i = 0; i < sizeof data;) {
        state = state * 22695477 + 1;
        for (unsigned run = (state >> 28) + 1; run && i < sizeof data; run--) data[i++] = state >> 16;
    }
    unsigned length = encode(data, sizeof data, coded);
    if (length >= sizeof data || decode(coded, length, back) != sizeof data) return 1;
    for (unsigned i = 0; i < sizeof data; i++)
        if (data[i] != back[i]) return 2;
    return 0;
}
