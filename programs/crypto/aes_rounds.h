/* AES-128 in column words, for implementations whose S-box takes a byte at a time and whose MixColumns is algebraic.
 * Source: FIPS-197, 5.1, 5.3. */
#ifndef AES_ROUNDS_H
#define AES_ROUNDS_H

#include "aes_columns.h"

/* The S-box and its inverse on a byte; every implementation has its own. */
static uint32_t substitute(uint32_t byte);
static uint32_t substitute_inverse(uint32_t byte);

/* Row 0 of a, row 1 of b, row 2 of c and row 3 of d, each through the S-box: SubBytes and ShiftRows of a column. */
static inline uint32_t substituted(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
    return substitute(a & 255) | substitute(b >> 8 & 255) << 8 | substitute(c >> 16 & 255) << 16 | substitute(d >> 24) << 24;
}

static inline uint32_t substituted_inverse(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
    return substitute_inverse(a & 255) | substitute_inverse(b >> 8 & 255) << 8 | substitute_inverse(c >> 16 & 255) << 16 |
           substitute_inverse(d >> 24) << 24;
}

static uint32_t substitute_word(uint32_t word) {
    return substituted(word, word, word, word);
}

void aes128_encrypt(const uint8_t *schedule, const uint8_t *input, uint8_t *output) {
    const aligned_word *key = (const aligned_word *)schedule;
    uint32_t state[4], next[4];
    for (int i = 0; i < 4; i++) state[i] = load32(input + 4 * i) ^ *key++;
    for (int round = 1; round <= AES_ROUNDS; round++) {
        for (int i = 0; i < 4; i++) {
            uint32_t column = substituted(state[i], state[(i + 1) & 3], state[(i + 2) & 3], state[(i + 3) & 3]);
            next[i] = (round < AES_ROUNDS ? mix_column(column) : column) ^ *key++;
        }
        for (int i = 0; i < 4; i++) state[i] = next[i];
    }
    for (int i = 0; i < 4; i++) store32(output + 4 * i, state[i]);
}

void aes128_decrypt(const uint8_t *schedule, const uint8_t *input, uint8_t *output) {
    const aligned_word *key = (const aligned_word *)schedule + 4 * AES_ROUNDS;
    uint32_t state[4], next[4];
    for (int i = 0; i < 4; i++) state[i] = load32(input + 4 * i) ^ key[i];
    for (int round = AES_ROUNDS - 1; round >= 0; round--) {
        key -= 4;
        for (int i = 0; i < 4; i++) {
            uint32_t column =
                substituted_inverse(state[i], state[(i + 3) & 3], state[(i + 2) & 3], state[(i + 1) & 3]) ^ key[i];
            next[i] = round ? unmix_column(column) : column;
        }
        for (int i = 0; i < 4; i++) state[i] = next[i];
    }
    for (int i = 0; i < 4; i++) store32(output + 4 * i, state[i]);
}

#include "modes.h"

#endif
