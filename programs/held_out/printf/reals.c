/* exit: 0. C's snprintf of doubles: every digit is exact, and ties go to even; in 128-bit arithmetic and by long division. */
/* sources: stdio/snprintf.c stdio/vsnprintf.c stdio/vfprintf.c stdio/fwrite.c stdio/__towrite.c math/__signbitl.c
   math/__fpclassifyl.c */
#include "check.h"

int main(void) {
    CHECK(1, "0.1000000000000000055511151231257827", "%.34f", 0.1);
    CHECK(2, "3.141593 3.141593e+00 3.14159", "%f %e %g", 3.14159265358979, 3.14159265358979, 3.14159265358979);
    CHECK(3, "0 2 2 4", "%.0f %.0f %.0f %.0f", 0.5, 1.5, 2.5, 3.5);
    CHECK(4, "1e+100 1e-05 0.0001 100000 1e+06", "%g %g %g %g %g", 1e100, 1e-5, 1e-4, 1e5, 1e6);
    CHECK(5, "[  -1.50] [-1.50  ] [-001.50] [+1.5]", "[%7.2f] [%-7.2f] [%07.2f] [%+.1f]", -1.5, -1.5, -1.5, 1.5);
    CHECK(6, "inf -inf INF", "%f %e %G", __builtin_inf(), -__builtin_inf(), __builtin_inf());
    CHECK(7, "4.940656458412465441765687928682e-324", "%.30e", 4.9406564584124654e-324);
    return 0;
}
