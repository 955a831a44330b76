/* What C programs expect of <string.h>: the compiler's runtime library has the first five, the others are here. */
#ifndef STRING_H
#define STRING_H
#include <stddef.h>
void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *left, const void *right, size_t bytes);
size_t strlen(const char *text);

/* Without debug information, as a library has none: what is to be named is the line that calls. */
#define HERE static inline __attribute__((nodebug))

HERE int strncmp(const char *left, const char *right, size_t most) {
    for (size_t i = 0; i < most; i++) {
        if (left[i] != right[i]) return (unsigned char)left[i] - (unsigned char)right[i];
        if (!left[i]) break;
    }
    return 0;
}

HERE int strcmp(const char *left, const char *right) {
    return strncmp(left, right, (size_t)-1);
}

HERE void *memchr(const void *from, int value, size_t bytes) {
    const unsigned char *at = (const unsigned char *)from;
    for (size_t i = 0; i < bytes; i++)
        if (at[i] == (unsigned char)value) return (void *)(at + i);
    return 0;
}

HERE char *strcpy(char *restrict to, const char *restrict from) {
    return (char *)memcpy(to, from, strlen(from) + 1);
}
#undef HERE
#endif
