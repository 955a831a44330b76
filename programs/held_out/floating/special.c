/* exit: 0. C's erf, erfc and lgamma against published values, 12 digits (Abramowitz and Stegun, tables 7.1 and 6.1), and laws. */
/* sources: math/erf.c math/lgamma_r.c math/__sin.c math/__cos.c */
#define HEAP_BYTES 16
#include "missing.h"

#include <math.h>

double __lgamma_r(double x, int *sign);

static int near(double made, double wanted) { return fabs(made - wanted) <= 1e-12 * fabs(wanted); }

int main(void) {
    int sign;
    if (!near(erf(0.5), 0.520499877813047) || !near(erf(1), 0.842700792949715) || !near(erf(2), 0.995322265018953)) return 1;
    for (double x = -3; x <= 3; x += 0.25)
        if (fabs(erf(x) + erfc(x) - 1) > 1e-15 || erf(-x) != -erf(x)) return 2;
    double product = 1;
    for (int n = 1; n < 20; product *= n++)
        if (fabs(__lgamma_r(n, &sign) - log(product)) > 1e-12 * (1 + log(product)) || sign != 1) return 3;
    if (!near(__lgamma_r(0.5, &sign), 0.572364942924700)) return 4; /* ln pi / 2 */
    for (double x = 0.125; x < 6; x += 0.375)
        if (fabs(__lgamma_r(x + 1, &sign) - __lgamma_r(x, &sign) - log(x)) > 1e-12) return 5;
    if (!near(__lgamma_r(-0.5, &sign), 1.265512123484645) || sign != -1) return 6;
    return 0;
}
