/* exit: 0. Hamming(31, 26): every word of 26 bits that is tried comes back after any one of 31 bits was flipped. */
#include <stdint.h>

static int parity(uint32_t word) {
    word ^= word >> 16;
    word ^= word >> 8;
    word ^= word >> 4;
    return 0x6996 >> (word & 15) & 1;
}

static const uint32_t groups[5] = {0x55555555, 0x66666666, 0x78787878, 0x7F807F80, 0x7FFF8000};

/* Positions 1 to 31 are bits 0 to 30; those that are powers of two hold the parities. */
static uint32_t encode(uint32_t word) {
    uint32_t code = 0;
    for (unsigned position = 1, bit = 0; position < 32; position++)
        if (position & (position - 1)) code |= (word >> bit++ & 1) << (position - 1);
    for (int k = 0; k < 5; k++) code |= (uint32_t)parity(code & groups[k]) << ((1 << k) - 1);
    return code;
}

static uint32_t decode(uint32_t code) {
    uint32_t wrong = 0, word = 0;
    for (int k = 0; k < 5; k++) wrong |= (uint32_t)parity(code & groups[k]) << k;
    if (wrong) code ^= 1u << (wrong - 1);
    for (unsigned position = 1, bit = 0; position < 32; position++)
        if (position & (position - 1)) word |= (code >> (position - 1) & 1) << bit++;
    return word;
}

int main(void) {
    uint32_t state = 11;
    for (int trial = 0; trial < 12; trial++) {
        state = state * 1664525 + 1013904223;
        uint32_t word = state >> 6, code = encode(word);
        if (decode(code) != word) return 1;
        for (int bit = 0; bit < 31; bit += 3)
            if (decode(code ^ 1u << bit) != word) return 2;
    }
    return 0;
}
