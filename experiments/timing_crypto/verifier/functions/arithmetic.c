/* Operations whose time depends on their operands, and those that are calls of a library on this machine. */
#include <stdint.h>

static volatile uint32_t sink;

// divide_secret: secret s; public d; leaks
uint32_t divide_secret(uint32_t s, uint32_t d) {
    return s / d; // LEAK
}

// divide_by_secret: secret s; public x; leaks
int divide_by_secret(int s, int x) {
    return x / s; // LEAK
}

// remainder_secret: secret s; public d; leaks
uint32_t remainder_secret(uint32_t s, uint32_t d) {
    return s % d; // LEAK
}

// modulo_chain: secret s; public d; leaks
uint32_t modulo_chain(uint8_t s, uint32_t d) {
    uint32_t x = s * 3u + 1;
    return (x ^ 5) % (d | 1); // LEAK
}

// divide_64: secret s:8; public d:8; leaks
void divide_64(uint64_t *s, const uint64_t *d) {
    *s /= *d | 1; // LEAK
}

// shift_64: secret s, distance; compiler
uint32_t shift_64(uint32_t s, uint32_t distance) {
    uint64_t wide = (uint64_t)s << 16 | 5;
    return (uint32_t)(wide << (distance & 63) >> 32); // may leak
}

// compare_64: secret a:8; public b:8; compiler
int compare_64(const uint64_t *a, const uint64_t *b) {
    return *a < *b; // may leak
}

// branch_64: secret a:8; public b:8; leaks
void branch_64(const uint64_t *a, const uint64_t *b) {
    if (*a == *b) // LEAK
        sink = 1;
}

// floating: secret s; leaks
int floating(int s) {
    float x = (float)s; // LEAK
    return (int)x;      // LEAK
}

// greatest_divisor: secret a; public b; leaks
uint32_t greatest_divisor(uint32_t a, uint32_t b) {
    while (b != 0) { // may leak
        uint32_t rest = a % b; // LEAK
        a = b;
        b = rest;
        sink = a;
    }
    return a;
}

// absolute: secret s; compiler
uint32_t absolute(int s) {
    return s < 0 ? -(uint32_t)s : (uint32_t)s; // may leak
}

// saturate: secret a; public b; compiler
uint32_t saturate(uint32_t a, uint32_t b) {
    uint32_t sum = a + b;
    if (sum < a) // may leak
        sum = 0xFFFFFFFF;
    return sum;
}

// truth_of_secret: secret s; compiler
int truth_of_secret(uint32_t s) {
    return s && (s & 2); // may leak
}

// conditional_add: secret s; public x; compiler
uint32_t conditional_add(uint32_t s, uint32_t x) {
    if (s & 1) // may leak
        x += 12345;
    return x; // may leak
}
