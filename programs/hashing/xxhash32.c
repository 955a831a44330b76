/* exit: 0. xxHash 32 (Y. Collet): of nothing 0x02CC5D05, of "abc" 0x32D153FF; then of 4 KiB. */
#include <stdint.h>

enum : uint32_t { P1 = 2654435761u, P2 = 2246822519u, P3 = 3266489917u, P4 = 668265263u, P5 = 374761393u };
static uint8_t data[4096];

static uint32_t rotate(uint32_t word, int distance) { return word << distance | word >> (32 - distance); }

static uint32_t load(const uint8_t *from) {
    return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static uint32_t hash(const uint8_t *bytes, uint32_t length) {
    uint32_t sum = P5, rest = length;
    if (rest >= 16) {
        uint32_t lanes[4] = {P1 + P2, P2, 0, 0 - P1};
        for (; rest >= 16; rest -= 16)
            for (int k = 0; k < 4; k++, bytes += 4) lanes[k] = rotate(lanes[k] + load(bytes) * P2, 13) * P1;
        sum = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);
    }
    sum += length;
    for (; rest >= 4; rest -= 4, bytes += 4) sum = rotate(sum + load(bytes) * P3, 17) * P4;
    for (; rest; rest--) sum = rotate(sum + *bytes++ * P5, 11) * P1;
    sum = (sum ^ sum >> 15) * P2;
    sum = (sum ^ sum >> 13) * P3;
    return sum ^ sum >> 16;
}

int main(void) {
    if (hash(data, 0) != 0x02CC5D05) return 1;
    if (hash((const uint8_t *)"abc", 3) != 0x32D153FF) return 2;
    for (unsigned i = 0; i < sizeof data; i++) data[i] = i ^ i >> 5;
    return hash(data, sizeof data) ? 0 : 3;
}
