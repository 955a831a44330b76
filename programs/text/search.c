/* exit: 0. Search as Knuth, Morris and Pratt do: a pattern in 1,500 letters, as often as by looking at every place. */
#include <stdint.h>

static char text[1501];
static const char pattern[] = "abaab";
enum { LENGTH = sizeof pattern - 1 };
static uint32_t borders[LENGTH + 1];

int main(void) {
    uint32_t state = 2, found = 0, wanted = 0, matched = 0;
    for (int i = 0; i < 1500; i++) {
        state = state * 1664525 + 1013904223;
        text[i] = state >> 30 ? 'a' + (state >> 29 & 1) : 'c';
    }
    for (uint32_t i = 1, k = 0; i < LENGTH; i++) {
        while (k && pattern[i] != pattern[k]) k = borders[k];
        if (pattern[i] == pattern[k]) k++;
        borders[i + 1] = k;
    }
    for (const char *at = text; *at; at++) {
        while (matched && *at != pattern[matched]) matched = borders[matched];
        if (*at == pattern[matched]) matched++;
        if (matched == LENGTH) {
            found++;
            matched = borders[matched];
        }
    }
    for (int i = 0; i + LENGTH <= 1500; i++) {
        uint32_t k = 0;
        while (k < LENGTH && text[i + k] == pattern[k]) k++;
        wanted += k == LENGTH;
    }
    return found == wanted && found > 10 ? 0 : 1;
}
