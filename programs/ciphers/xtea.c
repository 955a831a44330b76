/* exit: 0. XTEA (Needham and Wheeler 1997): the block 41424344 45464748 under the key 00..0F becomes 497DF3D0 72612CB5; then
 * 64 blocks there and back. */
#include <stdint.h>

static const uint32_t key[4] = {0x00010203, 0x04050607, 0x08090a0b, 0x0c0d0e0f};
enum : uint32_t { DELTA = 0x9E3779B9u };

static void encrypt(uint32_t v[2]) {
    uint32_t a = v[0], b = v[1], sum = 0;
    for (int round = 0; round < 32; round++) {
        a += ((b << 4 ^ b >> 5) + b) ^ (sum + key[sum & 3]);
        sum += DELTA;
        b += ((a << 4 ^ a >> 5) + a) ^ (sum + key[sum >> 11 & 3]);
    }
    v[0] = a, v[1] = b;
}

static void decrypt(uint32_t v[2]) {
    uint32_t a = v[0], b = v[1], sum = DELTA * 32;
    for (int round = 0; round < 32; round++) {
        b -= ((a << 4 ^ a >> 5) + a) ^ (sum + key[sum >> 11 & 3]);
        sum -= DELTA;
        a -= ((b << 4 ^ b >> 5) + b) ^ (sum + key[sum & 3]);
    }
    v[0] = a, v[1] = b;
}

int main(void) {
    uint32_t block[2] = {0x41424344, 0x45464748};
    encrypt(block);
    if (block[0] != 0x497df3d0 || block[1] != 0x72612cb5) return 1;
    for (uint32_t n = 0; n < 64; n++) {
        block[0] = n, block[1] = n * n;
        encrypt(block);
        decrypt(block);
        if (block[0] != n || block[1] != n * n) return 2;
    }
    return 0;
}
