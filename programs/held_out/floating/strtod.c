/* exit: 0. C's strtod: correctly rounded, also at ties, where numbers end and where they are denormal; 128-bit arithmetic inside. */
/* sources: stdlib/strtod.c internal/floatscan.c internal/shgetc.c math/scalbn.c math/scalbnl.c */
#define HEAP_BYTES 16
#include "missing.h"

#include <stdint.h>

#include "stdio_impl.h"

int __uflow(FILE *file) { return EOF; } /* a number in a string ends with the string */
long double copysignl(long double value, long double sign) { return __builtin_copysignl(value, sign); }

static const struct { const char *text; uint64_t bits; int read; } cases[] = {
    {"0.1", 0x3FB999999999999A, 3},
    {"-1e0x", 0xBFF0000000000000, 4},
    {"3.14159265358979323846", 0x400921FB54442D18, 22},
    {"1.7976931348623157e308", 0x7FEFFFFFFFFFFFFF, 22},
    {"2.2250738585072014e-308", 0x0010000000000000, 23},
    {"4.9406564584124654e-324", 0x0000000000000001, 23},
    {"1e-400", 0, 6},
    {"1e400", 0x7FF0000000000000, 5},
    {"9007199254740993", 0x4340000000000000, 16}, /* 2^53 + 1: a tie, to even */
    {"9007199254740993.00000000000000000001", 0x4340000000000001, 37},
    {" +0x1.8p3", 0x4028000000000000, 9},
    {"inf", 0x7FF0000000000000, 3},
    {"123456789012345678e-10", 0x41678C29DCD6E9E0, 22},
};

int main(void) {
    for (int k = 0; k < (int)(sizeof cases / sizeof *cases); k++) {
        char *end;
        union { double value; uint64_t bits; } made = {strtod(cases[k].text, &end)};
        if (made.bits != cases[k].bits) return 1 + k;
        if (end - cases[k].text != cases[k].read) return 101 + k;
    }
    return 0;
}
