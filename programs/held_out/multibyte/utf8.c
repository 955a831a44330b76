/* exit: 0. UTF-8 by RFC 3629: its examples decoded, every 61st character encoded and decoded, and what is malformed refused. */
#define HEAP_BYTES 16
#include "wide.h"

#include "multibyte/mbsrtowcs.c"
#include "multibyte/mbstowcs.c"
#include "multibyte/wcrtomb.c"

enum { STEP = 61, LAST = 0x10FFFF };

/* RFC 3629, chapter 7. */
static const struct { const char *bytes; wchar_t characters[5]; } examples[] = {
    {"\x41\xE2\x89\xA2\xCE\x91\x2E", {0x41, 0x2262, 0x391, 0x2E}},
    {"\xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4", {0xD55C, 0xAD6D, 0xC5B4}},
    {"\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", {0x65E5, 0x672C, 0x8A9E}},
    {"\xEF\xBB\xBF\xF0\xA3\x8E\xB4", {0xFEFF, 0x233B4}},
};
static const char *const malformed[] = {"\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x89", "\x80", "\xFF"};

int main(void) {
    for (int k = 0; k < 4; k++) {
        wchar_t made[16];
        size_t count = mbstowcs(made, examples[k].bytes, 16);
        if (count != wcslen(examples[k].characters)) return 1 + k;
        for (size_t i = 0; i < count; i++)
            if (made[i] != examples[k].characters[i]) return 1 + k;
    }
    for (int k = 0; k < 6; k++)
        if (mbstowcs(0, malformed[k], 0) != (size_t)-1) return 11 + k;
    for (wchar_t c = 1; c <= LAST; c += STEP) {
        char bytes[4];
        wchar_t again = 0;
        size_t length = wcrtomb(bytes, c, 0);
        if (c >= 0xD800 && c < 0xE000 ? length != (size_t)-1 : mbtowc(&again, bytes, length) != length || again != c) return 21;
        if (c < 0xD800 && length != (c < 0x80 ? 1 : c < 0x800 ? 2 : 3)) return 22;
    }
    return 0;
}
