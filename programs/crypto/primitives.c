/* Constant-time primitives: what they are given never decides a branch or an address; only lengths `n` do. A flag is 0 or 1.
 *
 * A mask made of a flag passes a value barrier (barrier.h), or compilers that see `-flag & x` may branch on the flag. The
 * functions named *_naive, and those named *_without_barrier, are the same things written without that care, to show which of
 * them compilers turn into branches, and at which level. Formulas: H. S. Warren, Hacker's Delight, chapters 2, 5. */
#include "barrier.h"

/* All ones of flag 1, zero of flag 0. */
static inline uint32_t mask(uint32_t flag) {
    return barrier(0u - flag);
}

/* 1 where x is 0. */
uint32_t ct_is_zero(uint32_t x) {
    return (~x & (x - 1)) >> 31;
}

/* 1 where x is not 0. */
uint32_t ct_is_nonzero(uint32_t x) {
    return (x | (0u - x)) >> 31;
}

/* 1 where a = b. */
uint32_t ct_equal(uint32_t a, uint32_t b) {
    return ct_is_zero(a ^ b);
}

/* 1 where a < b, both unsigned: the borrow of a - b. */
uint32_t ct_less(uint32_t a, uint32_t b) {
    return ((~a & b) | (~(a ^ b) & (a - b))) >> 31;
}

/* 1 where a < b, both signed. */
uint32_t ct_less_signed(uint32_t a, uint32_t b) {
    return ct_less(a ^ 0x80000000u, b ^ 0x80000000u);
}

/* yes of flag 1, no of flag 0. */
uint32_t ct_select(uint32_t flag, uint32_t yes, uint32_t no) {
    return no ^ (mask(flag) & (yes ^ no));
}

/* The lesser of two unsigned words. */
uint32_t ct_min(uint32_t a, uint32_t b) {
    return ct_select(ct_less(a, b), a, b);
}

/* The greater of two unsigned words. */
uint32_t ct_max(uint32_t a, uint32_t b) {
    return ct_select(ct_less(a, b), b, a);
}

/* The absolute value of a signed word; of -2^31 it is 2^31. */
uint32_t ct_absolute(uint32_t x) {
    uint32_t negative = mask(x >> 31);
    return (x ^ negative) - negative;
}

/* -1, 0 or 1 of a signed word. */
uint32_t ct_sign(uint32_t x) {
    return (0u - (x >> 31)) | (0u - x) >> 31;
}

/* -x of flag 1, x of flag 0. */
uint32_t ct_negate_if(uint32_t flag, uint32_t x) {
    uint32_t all = mask(flag);
    return (x ^ all) - all;
}

/* 1 where low <= x <= high, unsigned. */
uint32_t ct_in_range(uint32_t x, uint32_t low, uint32_t high) {
    return 1 ^ (ct_less(x, low) | ct_less(high, x));
}

/* x, or the bound that it is beyond, unsigned. */
uint32_t ct_clamp(uint32_t x, uint32_t low, uint32_t high) {
    return ct_min(ct_max(x, low), high);
}

/* a + b, or 2^32 - 1 where that is less. */
uint32_t ct_add_saturating(uint32_t a, uint32_t b) {
    return (a + b) | mask(ct_less(a + b, a));
}

/* x rotated left by the low five bits of a secret distance. */
uint32_t ct_rotate_left(uint32_t x, uint32_t distance) {
    return x << (distance & 31) | x >> (0u - distance & 31);
}

/* x rotated right by the low five bits of a secret distance. */
uint32_t ct_rotate_right(uint32_t x, uint32_t distance) {
    return x >> (distance & 31) | x << (0u - distance & 31);
}

/* Bit `position`, from 0 to 31, of x. */
uint32_t ct_bit(uint32_t x, uint32_t position) {
    return x >> (position & 31) & 1;
}

/* The number of ones. */
uint32_t ct_popcount(uint32_t x) {
    x -= x >> 1 & 0x55555555u;
    x = (x & 0x33333333u) + (x >> 2 & 0x33333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0fu;
    return x * 0x01010101u >> 24;
}

/* 1 where the number of ones is odd. */
uint32_t ct_parity(uint32_t x) {
    return ct_popcount(x) & 1;
}

/* The number of zeros above the highest one; 32 of 0. */
uint32_t ct_leading_zeros(uint32_t x) {
    for (int distance = 1; distance < 32; distance *= 2) x |= x >> distance;
    return 32 - ct_popcount(x);
}

/* output = a exclusive or b. */
void ct_xor(const uint8_t *a, const uint8_t *b, uint8_t *output, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) output[i] = a[i] ^ b[i];
}

/* table[index] of n bytes, all of them read. */
uint32_t ct_lookup_byte(const uint8_t *table, uint32_t index, uint32_t n) {
    uint32_t found = 0;
    for (uint32_t i = 0; i < n; i++) found |= mask(ct_equal(i, index)) & table[i];
    return found;
}

/* table[index] of n words, all of them read. */
uint32_t ct_lookup_word(const uint32_t *table, uint32_t index, uint32_t n) {
    uint32_t found = 0;
    for (uint32_t i = 0; i < n; i++) found |= mask(ct_equal(i, index)) & table[i];
    return found;
}

/* table[index] = value in n bytes, all of them written. */
void ct_store_byte(uint8_t *table, uint32_t index, uint32_t value, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) table[i] = (uint8_t)ct_select(ct_equal(i, index), value, table[i]);
}

/* 1 where n bytes are equal. */
uint32_t ct_equal_bytes(const uint8_t *a, const uint8_t *b, uint32_t n) {
    uint32_t differ = 0;
    for (uint32_t i = 0; i < n; i++) differ |= (uint32_t)(a[i] ^ b[i]);
    return ct_is_zero(differ);
}

/* -1, 0 or 1 as a comes before b, is equal, or comes after it: the order of memcmp. */
uint32_t ct_compare_bytes(const uint8_t *a, const uint8_t *b, uint32_t n) {
    uint32_t order = 0;
    for (uint32_t i = n; i > 0; i--) {
        uint32_t difference = (uint32_t)a[i - 1] - b[i - 1];
        order = ct_select(ct_is_nonzero(difference), ct_sign(difference), order);
    }
    return order;
}

/* Exchange two words where the flag is 1. */
void ct_swap_words(uint32_t flag, uint32_t *a, uint32_t *b) {
    uint32_t differ = mask(flag) & (*a ^ *b);
    *a ^= differ;
    *b ^= differ;
}

/* Exchange n bytes where the flag is 1. */
void ct_swap_bytes(uint32_t flag, uint8_t *a, uint8_t *b, uint32_t n) {
    uint32_t all = mask(flag);
    for (uint32_t i = 0; i < n; i++) {
        uint8_t differ = (uint8_t)(all & (a[i] ^ b[i]));
        a[i] ^= differ;
        b[i] ^= differ;
    }
}

/* Copy n bytes where the flag is 1. */
void ct_copy_if(uint32_t flag, uint8_t *to, const uint8_t *from, uint32_t n) {
    uint32_t all = mask(flag);
    for (uint32_t i = 0; i < n; i++) to[i] ^= (uint8_t)(all & (to[i] ^ from[i]));
}

/* Set n bytes to 0 where the flag is 1. */
void ct_clear_if(uint32_t flag, uint8_t *bytes, uint32_t n) {
    uint32_t none = mask(1 ^ flag);
    for (uint32_t i = 0; i < n; i++) bytes[i] &= (uint8_t)none;
}

/* Where a byte first occurs among n, or n. */
uint32_t ct_find_byte(const uint8_t *bytes, uint32_t value, uint32_t n) {
    uint32_t where = n;
    for (uint32_t i = n; i > 0; i--) where = ct_select(ct_equal(bytes[i - 1], value), i - 1, where);
    return where;
}

/* yes if the flag is 1, no otherwise. */
uint32_t select_naive(uint32_t flag, uint32_t yes, uint32_t no) {
    return flag ? yes : no;
}

/* ct_select, the mask open to the compiler. */
uint32_t select_without_barrier(uint32_t flag, uint32_t yes, uint32_t no) {
    return no ^ ((0u - flag) & (yes ^ no));
}

/* The lesser of two unsigned words. */
uint32_t min_naive(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

/* The absolute value of a signed word. */
uint32_t absolute_naive(uint32_t x) {
    return (int32_t)x < 0 ? 0u - x : x;
}

/* table[index], by its address. */
uint32_t lookup_byte_naive(const uint8_t *table, uint32_t index, uint32_t n) {
    return index < n ? table[index] : 0;
}

/* ct_lookup_byte, the mask open to the compiler. */
uint32_t lookup_byte_without_barrier(const uint8_t *table, uint32_t index, uint32_t n) {
    uint32_t found = 0;
    for (uint32_t i = 0; i < n; i++) found |= (0u - (i == index)) & table[i];
    return found;
}

/* 1 where n bytes are equal, up to the first that are not. */
uint32_t equal_bytes_naive(const uint8_t *a, const uint8_t *b, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (a[i] != b[i]) return 0;
    return 1;
}

/* Copy n bytes if the flag is 1. */
void copy_if_naive(uint32_t flag, uint8_t *to, const uint8_t *from, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (flag) to[i] = from[i];
}

/* ct_copy_if, the mask open to the compiler. */
void copy_if_without_barrier(uint32_t flag, uint8_t *to, const uint8_t *from, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) to[i] ^= (uint8_t)((0u - (flag != 0)) & (to[i] ^ from[i]));
}

/* The number of zeros above the highest one, by counting. */
uint32_t leading_zeros_naive(uint32_t x) {
    uint32_t count = 0;
    for (; count < 32 && !(x >> 31); x <<= 1) count++;
    return count;
}
