/* What a call of snprintf makes, compared; and what musl's vfprintf calls and is not asked for here. */
#define HEAP_BYTES 16
#include <stdio.h>

#include "missing.h"

#include "stdio_impl.h"

int wctomb(char *to, wchar_t character) { return -1; }
char *strerror(int number) { return ""; }
int __lockfile(FILE *file) { return 0; }
void __unlockfile(FILE *file) {}
void __stdio_exit_needed(void) {}

/* Of a positive number or zero: between 1/2 and 1, times 2 to the exponent. */
long double frexpl(long double value, int *exponent) {
    *exponent = 0;
    for (; value >= 1; value /= 2) ++*exponent;
    for (; value && value < 0.5L; value *= 2) --*exponent;
    return value;
}

/* Leave main with the number of the check where `format` does not make `wanted` of what follows. */
#define CHECK(number, wanted, ...)                                                            \
    do {                                                                                      \
        char made[128];                                                                       \
        if (snprintf(made, sizeof made, __VA_ARGS__) != sizeof(wanted) - 1) return number;    \
        if (strcmp(made, wanted)) return 100 + number;                                        \
    } while (0)
