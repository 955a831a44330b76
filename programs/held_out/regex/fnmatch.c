/* exit: 0. POSIX fnmatch: patterns that match and patterns that do not, by the rules of its chapter 2.13. */
#define HEAP_BYTES 16
#include "wide.h"

#include "regex/fnmatch.c"

static const struct { const char *pattern, *text; int flags, expected; } cases[] = {
    {"*", "", 0, 0},
    {"a?c", "abc", 0, 0},
    {"a?c", "ac", 0, FNM_NOMATCH},
    {"*.c", "programs/held_out/regex/fnmatch.c", 0, 0},
    {"*.c", "programs/held_out/regex/fnmatch.c", FNM_PATHNAME, FNM_NOMATCH},
    {"*/*/*/*.c", "programs/held_out/regex/fnmatch.c", FNM_PATHNAME, 0},
    {"[a-c]x[!0-9]", "bxy", 0, 0},
    {"[a-c]x[!0-9]", "bx7", 0, FNM_NOMATCH},
    {"[[:alpha:]][[:digit:]]*", "x32 registers", 0, 0},
    {"[[:upper:]]*", "lower", 0, FNM_NOMATCH},
    {"*", ".hidden", FNM_PERIOD, FNM_NOMATCH},
    {".*", ".hidden", FNM_PERIOD, 0},
    {"\\*", "*", 0, 0},
    {"\\*", "x", 0, FNM_NOMATCH},
    {"\\*", "\\x", FNM_NOESCAPE, 0},
    {"[]-]", "]", 0, 0},
    {"*a*b*c*d*e*", "xxaxxbxxcxxdxxexx", 0, 0},
    {"*a*b*c*d*e*", "xxaxxbxxdxxcxxexx", 0, FNM_NOMATCH},
    {"*ab*ab*ac", "ababababababababababababababababababac", 0, 0},
    {"?\xC3\xA9?", "\xC3\xA9\xC3\xA9\xE2\x82\xAC", 0, 0},
};

int main(void) {
    for (int round = 0; round < 4; round++)
        for (int k = 0; k < (int)(sizeof cases / sizeof *cases); k++)
            if (fnmatch(cases[k].pattern, cases[k].text, cases[k].flags) != cases[k].expected) return 1 + k;
    return 0;
}
