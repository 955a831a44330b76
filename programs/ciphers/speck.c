/* exit: 0. Speck 64/128 (Beaulieu et al. 2013): 3b726574 7475432d under 1b1a1918 13121110 0b0a0908 03020100 becomes 8c6fa548
 * 454e028b; then 64 blocks there and back. */
#include <stdint.h>

enum { ROUNDS = 27 };
static uint32_t schedule[ROUNDS];

static uint32_t left(uint32_t word, int distance) { return word << distance | word >> (32 - distance); }
static uint32_t right(uint32_t word, int distance) { return word >> distance | word << (32 - distance); }

static void expand(uint32_t k, uint32_t l0, uint32_t l1, uint32_t l2) {
    uint32_t l[3] = {l0, l1, l2};
    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint32_t mixed = (k + right(l[i % 3], 8)) ^ i;
        schedule[i] = k;
        l[i % 3] = mixed;
        k = left(k, 3) ^ mixed;
    }
}

static void encrypt(uint32_t v[2]) {
    for (int i = 0; i < ROUNDS; i++) {
        v[0] = (right(v[0], 8) + v[1]) ^ schedule[i];
        v[1] = left(v[1], 3) ^ v[0];
    }
}

static void decrypt(uint32_t v[2]) {
    for (int i = ROUNDS - 1; i >= 0; i--) {
        v[1] = right(v[1] ^ v[0], 3);
        v[0] = left((v[0] ^ schedule[i]) - v[1], 8);
    }
}

int main(void) {
    uint32_t block[2] = {0x3b726574, 0x7475432d};
    expand(0x03020100, 0x0b0a0908, 0x13121110, 0x1b1a1918);
    encrypt(block);
    if (block[0] != 0x8c6fa548 || block[1] != 0x454e028b) return 1;
    for (uint32_t n = 0; n < 64; n++) {
        block[0] = n, block[1] = ~n * n;
        encrypt(block);
        decrypt(block);
        if (block[0] != n || block[1] != ~n * n) return 2;
    }
    return 0;
}
