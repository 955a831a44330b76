/* exit: 0. UTF-8 (RFC 3629): code points to bytes and back, overlong and truncated sequences refused. */
#include <stdint.h>

static uint8_t bytes[4];

static int put(uint32_t point) {
    if (point < 0x80) return bytes[0] = point, 1;
    if (point < 0x800) return bytes[0] = 0xC0 | point >> 6, bytes[1] = 0x80 | (point & 63), 2;
    if (point < 0x10000)
        return bytes[0] = 0xE0 | point >> 12, bytes[1] = 0x80 | (point >> 6 & 63), bytes[2] = 0x80 | (point & 63), 3;
    bytes[0] = 0xF0 | point >> 18;
    bytes[1] = 0x80 | (point >> 12 & 63);
    bytes[2] = 0x80 | (point >> 6 & 63);
    bytes[3] = 0x80 | (point & 63);
    return 4;
}

static uint32_t get(const uint8_t *from, int length) {
    static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t first = from[0];
    int more = first < 0x80 ? 0 : first >> 5 == 6 ? 1 : first >> 4 == 14 ? 2 : first >> 3 == 30 ? 3 : -1;
    if (more < 0 || more >= length) return ~0u;
    uint32_t point = more ? first & (63u >> more) : first;
    for (int k = 1; k <= more; k++) {
        if (from[k] >> 6 != 2) return ~0u;
        point = point << 6 | (from[k] & 63);
    }
    return more && point < least[more + 1] ? ~0u : point;
}

int main(void) {
    for (uint32_t point = 0; point < 0x110000; point += 1 + point / 16) {
        int length = put(point);
        if (get(bytes, length) != point) return 1;
        if (length > 1 && get(bytes, length - 1) != ~0u) return 2;
    }
    bytes[0] = 0xC0, bytes[1] = 0x80;
    return get(bytes, 2) == ~0u ? 0 : 3;
}
