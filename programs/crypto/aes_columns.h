/* What the AES implementations share: the key schedule and MixColumns on columns held as little-endian words, so that row
 * r of a column is byte r of its word. Source: FIPS-197, 5.1.3, 5.2, 5.3.3.
 *
 * A schedule is 176 bytes at a multiple of 4: the round keys in the order of the standard's bytes. */
#ifndef AES_COLUMNS_H
#define AES_COLUMNS_H

#include "words.h"

enum { AES_ROUNDS = 10, AES_KEY_WORDS = 4, AES_SCHEDULE_WORDS = 44 };

/* The S-box on each byte of a word; every implementation has its own. */
static uint32_t substitute_word(uint32_t word);

/* Four bytes times x in GF(2^8). */
static inline uint32_t times_x(uint32_t word) {
    uint32_t carries = word >> 7 & 0x01010101u;
    return (word & 0x7f7f7f7fu) << 1 ^ carries ^ carries << 1 ^ carries << 3 ^ carries << 4;
}

/* MixColumns: byte i becomes 2 a[i] + 3 a[i + 1] + a[i + 2] + a[i + 3]. */
static inline uint32_t mix_column(uint32_t a) {
    uint32_t next = rotate_right(a, 8);
    return times_x(a ^ next) ^ next ^ rotate_right(a ^ next, 16);
}

/* InvMixColumns: its polynomial is that of MixColumns times 4 x^2 + 5. */
static inline uint32_t unmix_column(uint32_t a) {
    return mix_column(a ^ times_x(times_x(a ^ rotate_right(a, 16))));
}

void aes128_expand(const uint8_t *key, uint8_t *schedule) {
    aligned_word *words = (aligned_word *)schedule;
    uint32_t constant = 1;
    for (int i = 0; i < AES_KEY_WORDS; i++) words[i] = load32(key + 4 * i);
    for (int i = AES_KEY_WORDS; i < AES_SCHEDULE_WORDS; i++) {
        uint32_t word = words[i - 1];
        if (i % AES_KEY_WORDS == 0) {
            word = substitute_word(rotate_right(word, 8)) ^ constant;
            constant = times_x(constant);
        }
        words[i] = words[i - AES_KEY_WORDS] ^ word;
    }
}

#endif
