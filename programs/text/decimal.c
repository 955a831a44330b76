/* exit: 0. Words to decimal and hexadecimal text, and back. */
#include <stdint.h>

static char text[12];

static const char *decimal(uint32_t value) {
    char *at = text + 11;
    *at = 0;
    do *--at = '0' + value % 10;
    while (value /= 10);
    return at;
}

static const char *hexadecimal(uint32_t value) {
    for (int k = 0; k < 8; k++) text[k] = "0123456789abcdef"[value >> (28 - 4 * k) & 15];
    text[8] = 0;
    return text;
}

static uint32_t parsed(const char *from, uint32_t base) {
    uint32_t value = 0;
    for (; *from; from++) value = value * base + (*from >= 'a' ? *from - 'a' + 10 : *from - '0');
    return value;
}

int main(void) {
    uint32_t state = 1;
    for (int trial = 0; trial < 60; trial++) {
        if (parsed(decimal(state), 10) != state || parsed(hexadecimal(state), 16) != state) return 1;
        state = state * 1664525 + 1013904223;
    }
    return 0;
}
