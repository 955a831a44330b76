/* exit: 0. SHA-1 (FIPS 180-4) of "abc" is a9993e36 4706816a ba3e2571 7850c26c 9cd0d89d; then 8 blocks more. */
#include <stdint.h>

static uint32_t hash[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}, schedule[80];

static uint32_t rotate(uint32_t word, int distance) { return word << distance | word >> (32 - distance); }

static void compress(const uint32_t block[16]) {
    uint32_t a = hash[0], b = hash[1], c = hash[2], d = hash[3], e = hash[4];
    for (int t = 0; t < 16; t++) schedule[t] = block[t];
    for (int t = 16; t < 80; t++)
        schedule[t] = rotate(schedule[t - 3] ^ schedule[t - 8] ^ schedule[t - 14] ^ schedule[t - 16], 1);
    for (int t = 0; t < 80; t++) {
        uint32_t mixed = t < 20 ? d ^ (b & (c ^ d)) : t < 40 || t >= 60 ? b ^ c ^ d : (b & c) | (d & (b | c));
        uint32_t constant = t < 20 ? 0x5a827999 : t < 40 ? 0x6ed9eba1 : t < 60 ? 0x8f1bbcdc : 0xca62c1d6;
        uint32_t sum = rotate(a, 5) + mixed + e + constant + schedule[t];
        e = d, d = c, c = rotate(b, 30), b = a, a = sum;
    }
    hash[0] += a, hash[1] += b, hash[2] += c, hash[3] += d, hash[4] += e;
}

int main(void) {
    static uint32_t block[16] = {0x61626380, [15] = 24};
    compress(block);
    static const uint32_t wanted[5] = {0xa9993e36, 0x4706816a, 0xba3e2571, 0x7850c26c, 0x9cd0d89d};
    for (int i = 0; i < 5; i++)
        if (hash[i] != wanted[i]) return 1;
    for (int k = 0; k < 8; k++) {
        for (int i = 0; i < 16; i++) block[i] = hash[i % 5] + i * 0x9E3779B9u;
        compress(block);
    }
    return hash[0] ? 0 : 2;
}
