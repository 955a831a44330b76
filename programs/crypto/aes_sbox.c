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

static uint32_t substitute(uint32_t byte) {
    return aes_tables.sbox[byte];
}

static uint32_t substitute_inverse(uint32_t byte) {
    return aes_tables.inverse_sbox[byte];
}
