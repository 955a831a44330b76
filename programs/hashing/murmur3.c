/* exit: 0. MurmurHash3 x86_32 (public domain, A. Appleby): nothing with seed 1 gives 0x514E28B7, the pangram 0x2FA826CD. */
#include <stdint.h>

static uint32_t rotate(uint32_t word, int distance) { return word << distance | word >> (32 - distance); }

static uint32_t scrambled(uint32_t k) { return rotate(k * 0xCC9E2D51, 15) * 0x1B873593; }

static uint32_t murmur(const uint8_t *bytes, uint32_t length, uint32_t hash) {
    uint32_t tail = 0;
    for (uint32_t i = 0; i + 4 <= length; i += 4) {
        uint32_t k = bytes[i] | (uint32_t)bytes[i + 1] << 8 | (uint32_t)bytes[i + 2] << 16 | (uint32_t)bytes[i + 3] << 24;
        hash = rotate(hash ^ scrambled(k), 13) * 5 + 0xE6546B64;
    }
    for (uint32_t i = length & 3; i; i--) tail = tail << 8 | bytes[(length & ~3u) + i - 1];
    hash ^= scrambled(tail) ^ length;
    hash = (hash ^ hash >> 16) * 0x85EBCA6B;
    hash = (hash ^ hash >> 13) * 0xC2B2AE35;
    return hash ^ hash >> 16;
}

static uint8_t data[2048];

int main(void) {
    if (murmur(data, 0, 1) != 0x514E28B7) return 1;
    if (murmur((const uint8_t *)"The quick brown fox jumps over the lazy dog", 43, 0x9747B28C) != 0x2FA826CD) return 2;
    for (unsigned i = 0; i < sizeof data; i++) data[i] = i * 37 + (i >> 8);
    return murmur(data, sizeof data, 0) ? 0 : 3;
}
