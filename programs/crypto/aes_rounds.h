/* AES-128 in column words, for implementations whose MixColumns is algebraic.
 * Source: FIPS-197, 5.1, 5.3. */
#ifndef AES_ROUNDS_H
#define AES_ROUNDS_H

#include "aes_columns.h"

/* The inverse S-box on each byte of a word; as substitute_word, every implementation has its own. */
static uint32_t substitute_word_inverse(uint32_t word);

/* Row 0 of a, row 1 of b, row 2 of c and row 3 of d: a column after ShiftRows. */
static inline uint32_t rows(uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
    return (a & 0xff) | (b & 0xff00) | (c & 0xff0000) | (d & 0xff000000);
}

void aes128_encrypt(const uint8_t *schedule, const uint8_t *input, uint8_t *output) {
    const aligned_word *key = (const aligned_word *)schedule;
    uint32_t state[4], next[4];
    for (int i = 0; i < 4; i++) state[i] = load32(input + 4 * i) ^ *key++;
    for (int round = 1; round <= AES_ROUNDS; round++) {
        for (int i = 0; i < 4; i++) {
            uint32_t column = rows(state[i], state[(i + 1) & 3], state[(i + 2) & 3], state[(i + 3) & 3]);
            column = substitute_word(column);
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
            uint32_t column = rows(state[i], state[(i + 3) & 3], state[(i + 2) & 3], state[(i + 1) & 3]);
            column = substitute_word_inverse(column) ^ key[i];
            next[i] = round ? unmix_column(column) : column;
        }
        for (int i = 0; i < 4; i++) state[i] = next[i];
    }
    for (int i = 0; i < 4; i++) store32(output + 4 * i, state[i]);
}

#include "modes.h"

#endif
