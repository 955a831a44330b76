/* exit: 0. Reed-Solomon over GF(256), polynomial 0x11D: a word of 40 bytes and 8 of parity has no syndrome, and an error
 * in one byte is found and mended. */
#include <stdint.h>

enum { DATA = 40, PARITY = 8, LENGTH = DATA + PARITY };
static uint8_t generator[PARITY + 1], word[LENGTH];

static uint8_t times(uint8_t a, uint8_t b) {
    uint32_t sum = 0;
    for (int k = 0; k < 8; k++) {
        sum ^= (b >> k & 1) ? (uint32_t)a : 0;
        a = a << 1 ^ (a & 0x80 ? 0x1D : 0);
    }
    return sum;
}

static uint8_t power(unsigned exponent) {
    uint8_t value = 1;
    while (exponent--) value = times(value, 2);
    return value;
}

static void encode(void) {
    for (int i = 0; i < PARITY; i++) word[DATA + i] = 0;
    for (int i = 0; i < DATA; i++) {
        uint8_t lead = word[i] ^ word[DATA];
        for (int k = 0; k < PARITY - 1; k++) word[DATA + k] = word[DATA + k + 1] ^ times(lead, generator[k + 1]);
        word[LENGTH - 1] = times(lead, generator[PARITY]);
    }
}

static uint8_t syndrome(int k) {
    uint8_t sum = 0, root = power(k);
    for (int i = 0; i < LENGTH; i++) sum = times(sum, root) ^ word[i];
    return sum;
}

int main(void) {
    uint32_t state = 9;
    generator[0] = 1;
    for (int k = 0; k < PARITY; k++) {
        uint8_t root = power(k);
        for (int i = k + 1; i > 0; i--) generator[i] ^= times(generator[i - 1], root);
    }
    for (int i = 0; i < DATA; i++) {
        state = state * 1664525 + 1013904223;
        word[i] = state >> 24;
    }
    encode();
    for (int k = 0; k < PARITY; k++)
        if (syndrome(k)) return 1;
    word[17] ^= 0x5A;
    uint8_t first = syndrome(0), second = syndrome(1);
    for (unsigned place = 0; place < LENGTH; place++)
        if (times(first, power(LENGTH - 1 - place)) == second) word[place] ^= first;
    for (int k = 0; k < 2; k++)
        if (syndrome(k)) return 2;
    return 0;
}
