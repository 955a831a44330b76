/* AES-128 whose S-box lookup reads all 256 entries, four at a time, whatever the byte is, and keeps one by masks; MixColumns is
 * algebraic. No address and no branch depends on key or message: constant-time. Source: FIPS-197. */
#include "aes_rounds.h"
#include "barrier.h"
#include "sbox.h"

#define PACKED __attribute__((aligned(64)))

static const uint8_t sbox[256] PACKED = {AES_SBOX(AES_BYTE)};
static const uint8_t inverse_sbox[256] PACKED = {AES_INVERSE_SBOX(AES_BYTE)};

/* table[byte], from the only one of 64 words whose mask is all ones. */
static uint32_t scan(const uint8_t *table, uint32_t byte) {
    const aligned_word *words = (const aligned_word *)table;
    uint32_t found = 0;
    for (uint32_t i = 0; i < 64; i++) {
        uint32_t other = i ^ byte >> 2;                   /* 0 at the word sought, at most 63 elsewhere */
        found |= words[i] & (uint32_t)((int32_t)barrier(other - 1) >> 31);
    }
    return found >> 8 * (byte & 3) & 255;
}

static uint32_t substitute(uint32_t byte) {
    return scan(sbox, byte);
}

static uint32_t substitute_inverse(uint32_t byte) {
    return scan(inverse_sbox, byte);
}
