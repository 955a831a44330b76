/* AES-128 by lookups in the S-box, a byte each; MixColumns is algebraic. Small, and its addresses depend on the key: not
 * constant-time. Source: FIPS-197. */
#include "aes_rounds.h"
#include "sbox.h"

/* The tables begin TABLE_OFFSET bytes behind the symbol aes_tables, in this order. */
const struct {
#if TABLE_OFFSET
    uint8_t gap[TABLE_OFFSET];
#endif
    uint8_t sbox[256], inverse_sbox[256];
} aes_tables AES_TABLES_ALIGNED = {.sbox = {AES_SBOX(AES_BYTE)}, .inverse_sbox = {AES_INVERSE_SBOX(AES_BYTE)}};

static inline uint32_t look_up(const uint8_t table[256], uint32_t word) {
    return table[word & 255] | (uint32_t)table[word >> 8 & 255] << 8 | (uint32_t)table[word >> 16 & 255] << 16 |
           (uint32_t)table[word >> 24] << 24;
}

static uint32_t substitute_word(uint32_t word) {
    return look_up(aes_tables.sbox, word);
}

static uint32_t substitute_word_inverse(uint32_t word) {
    return look_up(aes_tables.inverse_sbox, word);
}
