/* exit: 0. FNV-1a of "foobar" is 0xBF9CF968, Jenkins's one-at-a-time of "a" is 0xCA2E9442; then 2 KiB by both. */
#include <stdint.h>

static uint8_t data[2048];

static uint32_t fnv(const uint8_t *bytes, unsigned length) {
    uint32_t hash = 0x811C9DC5;
    while (length--) hash = (hash ^ *bytes++) * 0x01000193;
    return hash;
}

static uint32_t one_at_a_time(const uint8_t *bytes, unsigned length) {
    uint32_t hash = 0;
    while (length--) {
        hash += *bytes++;
        hash += hash << 10;
        hash ^= hash >> 6;
    }
    hash += hash << 3;
    hash ^= hash >> 11;
    return hash + (hash << 15);
}

int main(void) {
    if (fnv((const uint8_t *)"foobar", 6) != 0xBF9CF968) return 1;
    if (one_at_a_time((const uint8_t *)"a", 1) != 0xCA2E9442) return 2;
    for (unsigned i = 0; i < sizeof data; i++) data[i] = i * i;
    return fnv(data, sizeof data) == one_at_a_time(data, sizeof data) ? 3 : 0;
}
