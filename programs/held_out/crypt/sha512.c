/* exit: 0. SHA-512 of the two messages of FIPS 180-4's examples; then of 3,000 bytes, at once and in pieces. */
#include "check.h"

#include "crypt/crypt_sha512.c"

static const struct { const char *message; uint64_t digest[8]; } known[] = {
    {"abc",
     {0xddaf35a193617aba, 0xcc417349ae204131, 0x12e6fa4e89a97ea2, 0x0a9eeee64b55d39a,
      0x2192992a274fc1a8, 0x36ba3c23a3feebbd, 0x454d4423643ce80e, 0x2a9ac94fa54ca49f}},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
     "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
     {0x8e959b75dae313da, 0x8cf4f72814fc143f, 0x8f7779c6eb9f7fa1, 0x7299aeadb6889018,
      0x501d289e4900f7e4, 0x331b99dec4b5433a, 0xc7d329eeb6dd2654, 0x5e96e55b874be909}},
};

enum { LONG = 3000, PIECE = 37 };

static char message[LONG];

int main(void) {
    struct sha512 s;
    uint8_t whole[64], pieces[64];
    for (int k = 0; k < 2; k++) {
        sha512_init(&s);
        sha512_update(&s, known[k].message, strlen(known[k].message));
        sha512_sum(&s, whole);
        for (int i = 0; i < 64; i++)
            if (whole[i] != (uint8_t)(known[k].digest[i / 8] >> (56 - i % 8 * 8))) return 1 + k;
    }
    for (int i = 0; i < LONG; i++) message[i] = i * 11;
    sha512_init(&s);
    sha512_update(&s, message, LONG);
    sha512_sum(&s, whole);
    sha512_init(&s);
    for (int i = 0; i < LONG; i += PIECE) sha512_update(&s, message + i, LONG - i < PIECE ? LONG - i : PIECE);
    sha512_sum(&s, pieces);
    return memcmp(whole, pieces, sizeof whole) ? 3 : 0;
}
