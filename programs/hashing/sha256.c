/* exit: 0. SHA-256 (FIPS 180-4) of "abc" is ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 96177a9c b410ff61 f20015ad; then of 500
 * bytes. */
#include "../crypto/sha256.c"

static const uint32_t wanted[8] = {
    0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223, 0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad,
};
static uint8_t message[500], digest[32];

int main(void) {
    sha256((const uint8_t *)"abc", 3, digest);
    for (int i = 0; i < 8; i++)
        if (load32_big(digest + 4 * i) != wanted[i]) return 1;
    for (int i = 0; i < 500; i++) message[i] = i * 7;
    sha256(message, sizeof message, digest);
    return load32_big(digest) ? 0 : 2;
}
