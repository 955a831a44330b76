/* exit: 0. MD5 (RFC 1321) of "abc" is 900150983cd24fb0d6963f7d28e17f72; then of 1,000 bytes. */
#include <stdint.h>

static const uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};
static const uint8_t turns[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
static uint8_t message[1088];
static uint32_t digest[4];

static void compress(const uint8_t *block) {
    uint32_t a = digest[0], b = digest[1], c = digest[2], d = digest[3];
    for (int t = 0; t < 64; t++) {
        uint32_t mixed = t < 16 ? d ^ (b & (c ^ d)) : t < 32 ? c ^ (d & (b ^ c)) : t < 48 ? b ^ c ^ d : c ^ (b | ~d);
        const uint8_t *at = block + 4 * ((t < 16 ? t : t < 32 ? 5 * t + 1 : t < 48 ? 3 * t + 5 : 7 * t) & 15);
        uint32_t word = at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
        uint32_t sum = a + mixed + sines[t] + word, turn = turns[t >> 4][t & 3];
        a = d, d = c, c = b;
        b += sum << turn | sum >> (32 - turn);
    }
    digest[0] += a, digest[1] += b, digest[2] += c, digest[3] += d;
}

/* Of the first `length` bytes of `message`, behind which there is room for the padding. */
static void md5(uint32_t length) {
    uint32_t end = (length + 72) & ~63u;
    for (uint32_t i = length; i < end; i++) message[i] = 0;
    message[length] = 0x80;
    for (int k = 0; k < 4; k++) message[end - 8 + k] = length << 3 >> 8 * k;
    digest[0] = 0x67452301, digest[1] = 0xefcdab89, digest[2] = 0x98badcfe, digest[3] = 0x10325476;
    for (uint32_t i = 0; i < end; i += 64) compress(message + i);
}

int main(void) {
    message[0] = 'a', message[1] = 'b', message[2] = 'c';
    md5(3);
    if (digest[0] != 0x98500190 || digest[1] != 0xb04fd23c || digest[2] != 0x7d3f96d6 || digest[3] != 0x727fe128) return 1;
    for (int i = 0; i < 1000; i++) message[i] = i * 11;
    md5(1000);
    return digest[0] ? 0 : 2;
}
