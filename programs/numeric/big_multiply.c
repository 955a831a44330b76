/* exit: 0. Numbers of 256 bits: (a + b)(a - b) is a² - b². */
#include <stdint.h>

enum { WORDS = 8 };
typedef struct { uint32_t w[2 * WORDS]; } number;

static number add(number a, number b, uint32_t negative) {
    uint32_t carry = negative;
    for (int i = 0; i < 2 * WORDS; i++) {
        uint32_t other = negative ? ~b.w[i] : b.w[i], sum = a.w[i] + other, out = sum < other;
        a.w[i] = sum + carry;
        carry = out | (a.w[i] < sum);
    }
    return a;
}

static number multiply(const number *a, const number *b) {
    number product = {0};
    for (int i = 0; i < WORDS; i++) {
        uint32_t carry = 0;
        for (int j = 0; j < WORDS; j++) {
            uint64_t sum = (uint64_t)a->w[i] * b->w[j] + product.w[i + j] + carry;
            product.w[i + j] = sum;
            carry = sum >> 32;
        }
        product.w[i + WORDS] = carry;
    }
    return product;
}

int main(void) {
    uint32_t state = 1;
    for (int trial = 0; trial < 6; trial++) {
        number a = {0}, b = {0};
        for (int i = 0; i < WORDS - 1; i++) {
            a.w[i] = state = state * 1664525 + 1013904223;
            b.w[i] = state = state * 1664525 + 1013904223;
        }
        a.w[WORDS - 2] |= 1u << 31, b.w[WORDS - 2] &= ~0u >> 1;
        number sum = add(a, b, 0), difference = add(a, b, 1);
        number left = multiply(&sum, &difference), aa = multiply(&a, &a), bb = multiply(&b, &b), right = add(aa, bb, 1);
        for (int i = 0; i < 2 * WORDS; i++)
            if (left.w[i] != right.w[i]) return 1;
    }
    return 0;
}
