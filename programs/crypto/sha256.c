/* SHA-256. No tables that the message indexes; no address and no branch depends on what the message says, only on how long it
 * is: constant-time. Source: FIPS 180-4, 4.1.2, 4.2.2, 5.3.3, 6.2. */
#include "words.h"

enum { BLOCK = 64, LENGTH_AT = 56 };

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* The first 32 bits of the fractional parts of the square roots of the first 8 primes. */
static const uint32_t start[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static inline uint32_t large_sigma0(uint32_t x) { return rotate_right(x, 2) ^ rotate_right(x, 13) ^ rotate_right(x, 22); }
static inline uint32_t large_sigma1(uint32_t x) { return rotate_right(x, 6) ^ rotate_right(x, 11) ^ rotate_right(x, 25); }
static inline uint32_t small_sigma0(uint32_t x) { return rotate_right(x, 7) ^ rotate_right(x, 18) ^ x >> 3; }
static inline uint32_t small_sigma1(uint32_t x) { return rotate_right(x, 17) ^ rotate_right(x, 19) ^ x >> 10; }

/* The bits of y where x is 1, of z where it is 0. */
static inline uint32_t choice(uint32_t x, uint32_t y, uint32_t z) {
    return z ^ (x & (y ^ z));
}

static inline uint32_t majority(uint32_t x, uint32_t y, uint32_t z) {
    return (x & y) | (z & (x | y));
}

static void compress(uint32_t hash[8], const uint8_t block[BLOCK]) {
    uint32_t schedule[64], s[8];
    for (int t = 0; t < 16; t++) schedule[t] = load32_big(block + 4 * t);
    for (int t = 16; t < 64; t++)
        schedule[t] = small_sigma1(schedule[t - 2]) + schedule[t - 7] + small_sigma0(schedule[t - 15]) + schedule[t - 16];
    for (int i = 0; i < 8; i++) s[i] = hash[i];
    for (int t = 0; t < 64; t++) {
        uint32_t one = s[7] + large_sigma1(s[4]) + choice(s[4], s[5], s[6]) + constants[t] + schedule[t];
        uint32_t two = large_sigma0(s[0]) + majority(s[0], s[1], s[2]);
        for (int i = 7; i > 0; i--) s[i] = s[i - 1];
        s[4] += one;
        s[0] = one + two;
    }
    for (int i = 0; i < 8; i++) hash[i] += s[i];
}

/* digest: 32 bytes, of a message of `length` bytes. */
void sha256(const uint8_t *message, uint32_t length, uint8_t *digest) {
    uint32_t hash[8], rest = length;
    uint8_t block[BLOCK];
    for (int i = 0; i < 8; i++) hash[i] = start[i];
    for (; rest >= BLOCK; rest -= BLOCK, message += BLOCK) compress(hash, message);
    for (uint32_t i = 0; i < BLOCK; i++) block[i] = i < rest ? message[i] : 0;
    block[rest] = 0x80;
    if (rest >= LENGTH_AT) {
        compress(hash, block);
        for (int i = 0; i < BLOCK; i++) block[i] = 0;
    }
    store32_big(block + LENGTH_AT, length >> 29);
    store32_big(block + LENGTH_AT + 4, length << 3);
    compress(hash, block);
    for (int i = 0; i < 8; i++) store32_big(digest + 4 * i, hash[i]);
}
