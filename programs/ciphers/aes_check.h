/* What the programs with AES have in common: the known block of FIPS 197, appendix B, and blocks there and back. */
static const uint8_t key[16] = {
    0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf, 0x4f, 0x3c,
};
static const uint8_t known[16] = {
    0x39, 0x25, 0x84, 0x1d, 0x02, 0xdc, 0x09, 0xfb, 0xdc, 0x11, 0x85, 0x97, 0x19, 0x6a, 0x0b, 0x32,
};
static uint8_t block[16] = {
    0x32, 0x43, 0xf6, 0xa8, 0x88, 0x5a, 0x30, 0x8d, 0x31, 0x31, 0x98, 0xa2, 0xe0, 0x37, 0x07, 0x34,
};
static uint8_t schedule[176] __attribute__((aligned(4))), back[16];

int main(void) {
    aes128_expand(key, schedule);
    aes128_encrypt(schedule, block, block);
    for (int i = 0; i < 16; i++)
        if (block[i] != known[i]) return 1;
    for (int n = 0; n < 16; n++) {
        aes128_encrypt(schedule, block, back);
        aes128_decrypt(schedule, back, back);
        for (int i = 0; i < 16; i++)
            if (back[i] != block[i]) return 2;
        block[n] += n * 29 + 1;
    }
    return 0;
}
