/* exit: 0. The Mandelbrot set in Q12 on 24 × 12 points: symmetric about the real axis, the origin inside. */
#include <stdint.h>

enum { ONE = 1 << 12, LIMIT = 40 };

static int32_t steps(int32_t a, int32_t b) {
    int32_t x = 0, y = 0, n = 0;
    for (; n < LIMIT; n++) {
        int32_t xx = x * x >> 12, yy = y * y >> 12;
        if (xx + yy > 4 * ONE) break;
        y = (2 * x * y >> 12) + b;
        x = xx - yy + a;
    }
    return n;
}

int main(void) {
    int32_t inside = 0;
    if (steps(0, 0) != LIMIT || steps(2 * ONE, 2 * ONE) > 2) return 1;
    for (int32_t i = 0; i < 12; i++)
        for (int32_t j = 0; j < 24; j++) inside += steps((j - 16) * ONE / 8, (i - 6) * ONE / 5) == LIMIT;
    return inside > 30 && inside < 150 ? 0 : 2;
}
