/* One password hashed, and the hash compared with the published one; and the two functions of <stdio.h> and <stdlib.h> that
   musl's hashes call. */
#define HEAP_BYTES 16
#include <stdarg.h>
#include <stdio.h>

#include "missing.h"

unsigned long strtoul(const char *restrict text, char **restrict end, int base) {
    unsigned long value = 0;
    for (; *text >= '0' && *text <= '9'; text++) value = value * base + (*text - '0');
    *end = (char *)text;
    return value;
}

static char *decimal(char *to, unsigned value) {
    if (value > 9) to = decimal(to, value / 10);
    *to++ = '0' + value % 10;
    return to;
}

/* %u, %s and %.*s */
int sprintf(char *restrict to, const char *restrict format, ...) {
    char *at = to;
    va_list given;
    va_start(given, format);
    for (; *format; format++) {
        if (*format != '%') {
            *at++ = *format;
        } else if (*++format == 'u') {
            at = decimal(at, va_arg(given, unsigned));
        } else {
            size_t most = *format == '.' ? (format += 2, va_arg(given, int)) : (size_t)-1;
            for (const char *from = va_arg(given, const char *); most-- && *from;) *at++ = *from++;
        }
    }
    va_end(given);
    *at = 0;
    return at - to;
}

static int hashed(char *(*hash)(const char *, const char *, char *), const char *key, const char *setting, const char *published) {
    char room[128];
    char *made = hash(key, setting, room);
    return made && !strcmp(made, published);
}
