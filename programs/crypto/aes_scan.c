/* AES-128 whose S-box lookup reads all 256 entries, four at a time, whatever the bytes are, and keeps what is wanted by masks;
 * MixColumns is algebraic. No address and no branch depends on key or message: constant-time. Source: FIPS-197. */
#include "aes_rounds.h"
#include "barrier.h"
#include "sbox.h"

static const uint8_t sbox[256] AES_TABLES_ALIGNED = {AES_SBOX(AES_BYTE)};
static const uint8_t inverse_sbox[256] AES_TABLES_ALIGNED = {AES_INVERSE_SBOX(AES_BYTE)};

/* All ones where x is 0, zero where x is from 1 to 2^31. */
static inline uint32_t mask_of_zero(uint32_t x) {
    return (uint32_t)((int32_t)barrier(x - 1) >> 31);
}

/* Every byte of a word through the table: of the 64 words of the table each byte takes the only one whose mask is all ones,
 * and of that one byte. */
static uint32_t scan(const uint8_t table[256], uint32_t word) {
    const aligned_word *entries = (const aligned_word *)table;
    uint32_t wanted[4], found[4] = {0, 0, 0, 0}, result = 0;
    for (int k = 0; k < 4; k++) wanted[k] = word >> (8 * k + 2) & 63;
    for (uint32_t i = 0; i < 64; i++)
        for (int k = 0; k < 4; k++) found[k] |= entries[i] & mask_of_zero(i ^ wanted[k]);
    for (int k = 0; k < 4; k++) result |= (found[k] >> 8 * (word >> 8 * k & 3) & 255) << 8 * k;
    return result;
}

static uint32_t substitute_word(uint32_t word) {
    return scan(sbox, word);
}

static uint32_t substitute_word_inverse(uint32_t word) {
    return scan(inverse_sbox, word);
}
