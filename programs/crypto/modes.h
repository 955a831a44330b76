/* Modes of operation over aes128_expand, aes128_encrypt and aes128_decrypt: ECB and CBC. Source: NIST SP 800-38A, 6.1, 6.2.
 * Input and output are `blocks` times 16 bytes and do not overlap. */
#ifndef MODES_H
#define MODES_H

#define AES_BLOCK 16
#define AES_SCHEDULE(name) uint8_t name[176] __attribute__((aligned(4)))

void aes128_ecb_encrypt(const uint8_t *key, const uint8_t *input, uint8_t *output, uint32_t blocks) {
    AES_SCHEDULE(schedule);
    aes128_expand(key, schedule);
    for (; blocks; blocks--, input += AES_BLOCK, output += AES_BLOCK) aes128_encrypt(schedule, input, output);
}

void aes128_ecb_decrypt(const uint8_t *key, const uint8_t *input, uint8_t *output, uint32_t blocks) {
    AES_SCHEDULE(schedule);
    aes128_expand(key, schedule);
    for (; blocks; blocks--, input += AES_BLOCK, output += AES_BLOCK) aes128_decrypt(schedule, input, output);
}

void aes128_cbc_encrypt(const uint8_t *key, const uint8_t *iv, const uint8_t *input, uint8_t *output, uint32_t blocks) {
    AES_SCHEDULE(schedule);
    uint8_t mixed[AES_BLOCK];
    const uint8_t *previous = iv;
    aes128_expand(key, schedule);
    for (; blocks; blocks--, input += AES_BLOCK, output += AES_BLOCK) {
        for (int i = 0; i < AES_BLOCK; i++) mixed[i] = input[i] ^ previous[i];
        aes128_encrypt(schedule, mixed, output);
        previous = output;
    }
}

void aes128_cbc_decrypt(const uint8_t *key, const uint8_t *iv, const uint8_t *input, uint8_t *output, uint32_t blocks) {
    AES_SCHEDULE(schedule);
    const uint8_t *previous = iv;
    aes128_expand(key, schedule);
    for (; blocks; blocks--, input += AES_BLOCK, output += AES_BLOCK) {
        aes128_decrypt(schedule, input, output);
        for (int i = 0; i < AES_BLOCK; i++) output[i] ^= previous[i];
        previous = input;
    }
}

#endif
