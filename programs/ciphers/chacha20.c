/* exit: 0. ChaCha20 (RFC 8439, 2.3.2): the first key stream words of its example; then 400 bytes there and back. */
#include "../crypto/chacha20.c"

static uint8_t key[32], data[400], coded[400];
static const uint8_t nonce[12] = {0, 0, 0, 9, 0, 0, 0, 0x4a};

int main(void) {
    for (int i = 0; i < 32; i++) key[i] = i;
    chacha20(key, nonce, 1, data, coded, 64);
    if (load32_big(coded) != 0x10f1e7e4 || load32_big(coded + 4) != 0xd13b5915 || load32_big(coded + 60) != 0xa2503c4e) return 1;
    for (int i = 0; i < 400; i++) data[i] = i * 3;
    chacha20(key, nonce, 7, data, coded, sizeof data);
    chacha20(key, nonce, 7, coded, coded, sizeof data);
    for (int i = 0; i < 400; i++)
        if (coded[i] != data[i]) return 2;
    return 0;
}
