/* AES-128 by T-tables: SubBytes and MixColumns of a byte in one lookup in one of four 1 KB tables; the last round, which has
 * no MixColumns, and the key schedule look bytes up in the S-box. Fast, and its addresses depend on the key: not constant-time.
 * Source: FIPS-197; J. Daemen, V. Rijmen, AES Proposal: Rijndael, 5.2.1 (the tables). */
#include "aes_columns.h"
#include "sbox.h"

/* A byte s times x, x^2 and x^3 in the field: bits that leave it come back as x^8 = 0x1b, x^9 = 0x36, x^10 = 0x6c. */
#define X2(s) (s << 1 & 255 ^ (s >> 7) * 0x1b)
#define X4(s) (s << 2 & 255 ^ (s >> 6 & 1) * 0x1b ^ (s >> 7) * 0x36)
#define X8(s) (s << 3 & 255 ^ (s >> 5 & 1) * 0x1b ^ (s >> 6 & 1) * 0x36 ^ (s >> 7) * 0x6c)
#define COLUMN(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
#define TE0(s) COLUMN(X2(s), s, s, X2(s) ^ s),
#define TE1(s) COLUMN(X2(s) ^ s, X2(s), s, s),
#define TE2(s) COLUMN(s, X2(s) ^ s, X2(s), s),
#define TE3(s) COLUMN(s, s, X2(s) ^ s, X2(s)),
#define X9(s) (X8(s) ^ s)
#define XB(s) (X8(s) ^ X2(s) ^ s)
#define XD(s) (X8(s) ^ X4(s) ^ s)
#define XE(s) (X8(s) ^ X4(s) ^ X2(s))
#define TD0(s) COLUMN(XE(s), X9(s), XD(s), XB(s)),
#define TD1(s) COLUMN(XB(s), XE(s), X9(s), XD(s)),
#define TD2(s) COLUMN(XD(s), XB(s), XE(s), X9(s)),
#define TD3(s) COLUMN(X9(s), XD(s), XB(s), XE(s)),

/* The tables begin TABLE_OFFSET bytes behind the symbol aes_tables, in this order. */
const struct {
#if TABLE_OFFSET
    uint8_t gap[TABLE_OFFSET];
#endif
    uint32_t te[4][256], td[4][256];
    uint8_t sbox[256], inverse_sbox[256];
} aes_tables AES_TABLES_ALIGNED = {
    .te = {{AES_SBOX(TE0)}, {AES_SBOX(TE1)}, {AES_SBOX(TE2)}, {AES_SBOX(TE3)}},
    .td = {{AES_INVERSE_SBOX(TD0)}, {AES_INVERSE_SBOX(TD1)}, {AES_INVERSE_SBOX(TD2)}, {AES_INVERSE_SBOX(TD3)}},
    .sbox = {AES_SBOX(AES_BYTE)},
    .inverse_sbox = {AES_INVERSE_SBOX(AES_BYTE)},
};

/* Row 0 of a, row 1 of b, row 2 of c and row 3 of d, each through its table. */
static inline uint32_t mixed(const uint32_t t[4][256], uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
    return t[0][a & 255] ^ t[1][b >> 8 & 255] ^ t[2][c >> 16 & 255] ^ t[3][d >> 24];
}

static inline uint32_t plain(const uint8_t s[256], uint32_t a, uint32_t b, uint32_t c, uint32_t d) {
    return COLUMN(s[a & 255], s[b >> 8 & 255], s[c >> 16 & 255], s[d >> 24]);
}

static uint32_t substitute_word(uint32_t word) {
    return plain(aes_tables.sbox, word, word, word, word);
}

void aes128_encrypt(const uint8_t *schedule, const uint8_t *input, uint8_t *output) {
    const aligned_word *key = (const aligned_word *)schedule, *last = key + 4 * AES_ROUNDS;
    uint32_t a = load32(input) ^ key[0], b = load32(input + 4) ^ key[1];
    uint32_t c = load32(input + 8) ^ key[2], d = load32(input + 12) ^ key[3];
    for (key += 4; key != last; key += 4) {
        uint32_t e = mixed(aes_tables.te, a, b, c, d) ^ key[0], f = mixed(aes_tables.te, b, c, d, a) ^ key[1];
        uint32_t g = mixed(aes_tables.te, c, d, a, b) ^ key[2], h = mixed(aes_tables.te, d, a, b, c) ^ key[3];
        a = e, b = f, c = g, d = h;
    }
    store32(output, plain(aes_tables.sbox, a, b, c, d) ^ key[0]);
    store32(output + 4, plain(aes_tables.sbox, b, c, d, a) ^ key[1]);
    store32(output + 8, plain(aes_tables.sbox, c, d, a, b) ^ key[2]);
    store32(output + 12, plain(aes_tables.sbox, d, a, b, c) ^ key[3]);
}

/* The equivalent inverse cipher (FIPS-197, 5.3.5), with InvMixColumns of the round keys taken as they are needed. */
void aes128_decrypt(const uint8_t *schedule, const uint8_t *input, uint8_t *output) {
    const aligned_word *first = (const aligned_word *)schedule, *key = first + 4 * AES_ROUNDS;
    uint32_t a = load32(input) ^ key[0], b = load32(input + 4) ^ key[1];
    uint32_t c = load32(input + 8) ^ key[2], d = load32(input + 12) ^ key[3];
    for (key -= 4; key != first; key -= 4) {
        uint32_t e = mixed(aes_tables.td, a, d, c, b) ^ unmix_column(key[0]);
        uint32_t f = mixed(aes_tables.td, b, a, d, c) ^ unmix_column(key[1]);
        uint32_t g = mixed(aes_tables.td, c, b, a, d) ^ unmix_column(key[2]);
        uint32_t h = mixed(aes_tables.td, d, c, b, a) ^ unmix_column(key[3]);
        a = e, b = f, c = g, d = h;
    }
    store32(output, plain(aes_tables.inverse_sbox, a, d, c, b) ^ key[0]);
    store32(output + 4, plain(aes_tables.inverse_sbox, b, a, d, c) ^ key[1]);
    store32(output + 8, plain(aes_tables.inverse_sbox, c, b, a, d) ^ key[2]);
    store32(output + 12, plain(aes_tables.inverse_sbox, d, c, b, a) ^ key[3]);
}

#include "modes.h"
