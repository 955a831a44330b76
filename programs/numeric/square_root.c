/* exit: 0. Integer square roots, bit by bit and by Newton's method. */
#include <stdint.h>

static uint32_t by_bits(uint32_t x) {
    uint32_t root = 0;
    for (uint32_t bit = 1u << 30; bit; bit >>= 2) {
        uint32_t tried = root + bit;
        root >>= 1;
        if (x >= tried) {
            x -= tried;
            root += bit;
        }
    }
    return root;
}

static uint32_t by_newton(uint32_t x) {
    uint32_t root = x, next = x / 2 + 1;
    while (next < root) {
        root = next;
        next = (root + x / root) / 2;
    }
    return root;
}

int main(void) {
    uint32_t state = 1;
    for (int trial = 0; trial < 80; trial++) {
        uint32_t x = (state >> (trial & 31)) | 1, root = by_bits(x);
        if (root != by_newton(x) || root * root > x || (root < 65535 && (root + 1) * (root + 1) <= x)) return 1;
        state = state * 1664525 + 1013904223;
    }
    return 0;
}
