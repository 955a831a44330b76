/* exit: 0. Domain names in messages: the example of RFC 1035, chapter 4.1.4, expanded, and made again by compression. */
/* sources: network/dn_comp.c network/dn_expand.c */
#define HEAP_BYTES 16
#include "missing.h"

#include <resolv.h>

enum { SIZE = 93 };

static const struct { const char *name; int at, bytes; } names[] = {
    {"F.ISI.ARPA", 20, 12}, {"FOO.F.ISI.ARPA", 40, 6}, {"ARPA", 64, 2}, {"", 92, 1},
};
static const char example[] = "\1F\3ISI\4ARPA\0" "FOO"; /* what stands at 20 */

int main(void) {
    for (int round = 0; round < 16; round++) {
        unsigned char message[SIZE] = {0}, *known[8] = {message}, copy[SIZE] = {0};
        char expanded[64];
        memcpy(copy + 20, example, 12);
        memcpy(copy + 40, "\3FOO\xC0\x14", 6);
        memcpy(copy + 64, "\xC0\x1A", 2);
        for (int k = 0; k < 4; k++) {
            if (dn_expand(copy, copy + SIZE, copy + names[k].at, expanded, 64) != names[k].bytes) return 1 + k;
            if (strcmp(expanded, names[k].name)) return 11 + k;
            int made = dn_comp(names[k].name, message + names[k].at, SIZE - names[k].at, known, known + 8);
            if (made != names[k].bytes) return 21 + k;
        }
        if (memcmp(message, copy, SIZE)) return 31;
        copy[64] = 0xC0, copy[65] = 64; /* a name that goes on at itself */
        if (dn_expand(copy, copy + SIZE, copy + 64, expanded, 64) >= 0) return 32;
    }
    return 0;
}
