/* exit: 0. POSIX regcomp and regexec: leftmost longest matches and their parts, extended, basic and without case. */
/* sources: regex/regcomp.c regex/regexec.c regex/tre-mem.c */
#define HEAP_BYTES (1 << 18)
#include "wide.h"

void *realloc(void *given, size_t bytes) {
    void *made = malloc(bytes);
    return made && given ? memcpy(made, given, bytes) : made; /* what is read behind the old end is not used */
}

#include <regex.h>

/* By insertion: what is sorted are the few ranges of a bracket. */
void qsort(void *base, size_t count, size_t width, int (*compare)(const void *, const void *)) {
    for (char *at = base, *end = at + count * width; at < end; at += width)
        for (char *to = at; to > (char *)base && compare(to - width, to) > 0; to -= width)
            for (size_t i = 0; i < width; i++) {
                char kept = to[i];
                to[i] = to[i - width], to[i - width] = kept;
            }
}

enum { EXT = REG_EXTENDED, FOLD = REG_ICASE | REG_EXTENDED, BASIC = 0, NONE = -1 };

/* Where the match begins and ends, and its first part. */
static const struct { const char *pattern, *text; int flags, from, to, part_from, part_to; } cases[] = {
    {"abc", "xabcy", EXT, 1, 4, NONE, NONE},
    {"ab*c", "xabbbbcy", EXT, 1, 7, NONE, NONE},
    {"(a|ab)(c|bcd)(d*)", "abcd", EXT, 0, 4, 0, 1},
    {"a+b?c", "aaac", EXT, 0, 4, NONE, NONE},
    {"^[[:alpha:]_][[:alnum:]_]*$", "held_out_7", EXT, 0, 10, NONE, NONE},
    {"^[[:alpha:]_][[:alnum:]_]*$", "7_held_out", EXT, NONE, NONE, NONE, NONE},
    {"([0-9]{1,3})\\.([0-9]{1,3})\\.[0-9]+", "at 192.168.20 or so", EXT, 3, 13, 3, 6},
    {"(.*)=(.*)", "key=value=more", EXT, 0, 14, 0, 9},
    {"\\(ab\\)\\1", "xababab", BASIC, 1, 5, 1, 3},
    {"a\\{2,3\\}", "xaaaay", BASIC, 1, 4, NONE, NONE},
    {"HELLO, (w[^ ]*)", "say hello, World again", FOLD, 4, 16, 11, 16},
    {"(x|y)*z", "xyxyxyxyxyxyxyz", EXT, 0, 15, 13, 14},
    {"x(a|b|c|d)*y", "xabcdabcdabcdabcd", EXT, NONE, NONE, NONE, NONE},
    {"[^,]+,[^,]+,([^,]+)", "one,two,three,four", EXT, 0, 13, 8, 13},
    {"\xC3\xA9.", "caf\xC3\xA9\xE2\x82\xAC", EXT, 3, 8, NONE, NONE},
};

int main(void) {
    for (int k = 0; k < (int)(sizeof cases / sizeof *cases); k++) {
        regex_t compiled;
        regmatch_t found[2] = {{NONE, NONE}, {NONE, NONE}};
        if (regcomp(&compiled, cases[k].pattern, cases[k].flags)) return 1 + k;
        int result = regexec(&compiled, cases[k].text, 2, found, 0);
        if (result != (cases[k].from == NONE ? REG_NOMATCH : 0)) return 101 + k;
        if (result == 0 && (found[0].rm_so != cases[k].from || found[0].rm_eo != cases[k].to)) return 151 + k;
        if (result == 0 && (found[1].rm_so != cases[k].part_from || found[1].rm_eo != cases[k].part_to)) return 201 + k;
        regfree(&compiled);
        heap_used = 0;
    }
    return 0;
}
