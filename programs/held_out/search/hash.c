/* exit: 0. POSIX hsearch: a table that grows from 8 places to hold 300 names, each found again, and others not. */
#define HEAP_BYTES (1 << 15)
#include "missing.h"

#include "search/hsearch.c"

enum { NAMES = 300 };

static char names[2 * NAMES][8];

static ENTRY *search(int i, ACTION action) { return hsearch((ENTRY){names[i], (void *)(size_t)i}, action); }

int main(void) {
    for (int i = 0; i < 2 * NAMES; i++) {
        char *at = names[i];
        *at++ = 'n';
        for (int digits = i; digits; digits /= 7) *at++ = '0' + digits % 7;
    }
    if (!hcreate(1)) return 1;
    for (int i = 0; i < NAMES; i++)
        if (search(i, FIND) || !search(i, ENTER)) return 2;
    for (int i = 0; i < NAMES; i++) {
        ENTRY *found = search(i, FIND);
        if (!found || found->data != (void *)(size_t)i || search(i, ENTER) != found) return 3;
    }
    for (int i = NAMES; i < 2 * NAMES; i++)
        if (search(i, FIND)) return 4;
    hdestroy();
    return 0;
}
