/* exit: 0. Unicode's cases and classes: letters of Latin, Greek and Cyrillic in both cases, and laws over every 17th character. */
#define HEAP_BYTES 16
#include "wide.h"

enum { STEP = 17, END = 0x20000 };

static const wchar_t pairs[][2] = {{'A', 'a'}, {0xC9, 0xE9}, {0x391, 0x3B1}, {0x416, 0x436}, {0x1E9E, 0xDF}, {0x10400, 0x10428}};

int main(void) {
    for (int k = 0; k < 6; k++) {
        if (towlower(pairs[k][0]) != pairs[k][1] || towlower(pairs[k][1]) != pairs[k][1]) return 1 + k;
        if (!iswupper(pairs[k][0]) || !iswlower(pairs[k][1])) return 11 + k;
        if (k != 4 && towupper(pairs[k][1]) != pairs[k][0]) return 21 + k;
    }
    for (wchar_t c = 0; c < END; c += STEP) {
        if (towlower(towlower(c)) != towlower(c) || towupper(towupper(c)) != towupper(c)) return 31;
        if (!iswalnum(c) != (!iswalpha(c) && !iswdigit(c)) || (iswpunct(c) && iswalnum(c))) return 32;
    }
    return 0;
}
