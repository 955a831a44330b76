/* exit: 0. Base64 (RFC 4648) of "foobar" is "Zm9vYmFy"; then 300 bytes there and back. */
#include <stdint.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static uint8_t data[300], back[300];
static char text[400];

static void encode(const uint8_t *from, unsigned length, char *to) {
    for (; length >= 3; length -= 3, from += 3, to += 4) {
        uint32_t word = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
        for (int k = 0; k < 4; k++) to[k] = digits[word >> (18 - 6 * k) & 63];
    }
}

static uint32_t value(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : 63;
}

static void decode(const char *from, unsigned length, uint8_t *to) {
    for (; length >= 4; length -= 4, from += 4, to += 3) {
        uint32_t word = 0;
        for (int k = 0; k < 4; k++) word = word << 6 | value(from[k]);
        to[0] = word >> 16;
        to[1] = word >> 8;
        to[2] = word;
    }
}

int main(void) {
    uint32_t state = 3;
    encode((const uint8_t *)"foobar", 6, text);
    for (int i = 0; i < 8; i++)
        if (text[i] != "Zm9vYmFy"[i]) return 1;
    for (unsigned i = 0; i < sizeof data; i++) {
        state ^= state << 13, state ^= state >> 17, state ^= state << 5;
        data[i] = state;
    }
    encode(data, sizeof data, text);
    decode(text, sizeof text, back);
    for (unsigned i = 0; i < sizeof data; i++)
        if (data[i] != back[i]) return 2;
    return 0;
}
