/* What the held-out programs need of a C library and ziglang has in Zig, not in C: written as plainly as can be. Memory is
   handed out and never taken back; there is one thread. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static _Alignas(16) char heap[HEAP_BYTES];
static size_t heap_used;

void *malloc(size_t bytes) {
    size_t from = heap_used;
    if (bytes > sizeof heap - from) return 0;
    heap_used += (bytes + 15) & ~(size_t)15;
    return heap + from;
}

void *calloc(size_t count, size_t bytes) {
    void *found = malloc(count * bytes);
    return found ? memset(found, 0, count * bytes) : 0;
}

void free(void *given) { (void)given; }

int strcmp(const char *left, const char *right) {
    for (; *left && *left == *right; left++, right++) {}
    return *(const unsigned char *)left - *(const unsigned char *)right;
}

int strncmp(const char *left, const char *right, size_t most) {
    for (; most && *left && *left == *right; left++, right++, most--) {}
    return most ? *(const unsigned char *)left - *(const unsigned char *)right : 0;
}

size_t strnlen(const char *text, size_t most) {
    size_t length = 0;
    for (; length < most && text[length]; length++) {}
    return length;
}

void __lock(volatile int *lock) { (void)lock; }
void __unlock(volatile int *lock) { (void)lock; }

int *__errno_location(void) {
    static int number;
    return &number;
}
int *___errno_location(void) { return __errno_location(); }
