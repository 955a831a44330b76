/* exit: 0. C's pow: whole powers that a double holds are exact, roots are the nearest doubles, and laws hold within their error. */
/* sources: math/pow.c math/pow_data.c math/exp_data.c math/__math_invalid.c math/__math_oflow.c math/__math_uflow.c
   math/__math_xflow.c math/__math_divzero.c */
#define HEAP_BYTES 16
#include "missing.h"

#include <math.h>
#include <stdint.h>

static int near(double made, double wanted) { return fabs(made - wanted) <= 4e-16 * fabs(wanted); }

int main(void) {
    for (int base = 2; base < 8; base++) {
        uint64_t power = 1;
        for (int k = 0; power >> 53 == 0; k++, power *= base)
            if (pow(base, k) != (double)power || pow(-base, k) != (k & 1 ? -(double)power : (double)power)) return 1;
    }
    for (int k = -60; k < 60; k += 15)
        if (pow(2, k + 0.5) != (k < 0 ? 1.4142135623730951 / (1ull << -k) : 1.4142135623730951 * (1ull << k))) return 2;
    for (int k = 1; k < 20; k++)
        if (!near(pow(k, 1.0 / 3) * pow(k, 2.0 / 3), k) || !near(pow(k, -1), 1.0 / k)) return 3;
    if (pow(0, -1) != INFINITY || pow(10, 400) != INFINITY || pow(10, -400) != 0 || !isnan(pow(-1, 0.5))) return 4;
    return 0;
}
