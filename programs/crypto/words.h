/* Words in memory and their rotations: little- and big-endian, at any address. */
#ifndef WORDS_H
#define WORDS_H

#include <stdint.h>

/* A word that may overlay bytes: for buffers that are known to lie at multiples of 4. */
typedef uint32_t __attribute__((may_alias)) aligned_word;

static inline uint32_t load32(const uint8_t *from) {
    return from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 | (uint32_t)from[3] << 24;
}

static inline void store32(uint8_t *to, uint32_t word) {
    to[0] = (uint8_t)word;
    to[1] = (uint8_t)(word >> 8);
    to[2] = (uint8_t)(word >> 16);
    to[3] = (uint8_t)(word >> 24);
}

static inline uint32_t load32_big(const uint8_t *from) {
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

static inline void store32_big(uint8_t *to, uint32_t word) {
    to[0] = (uint8_t)(word >> 24);
    to[1] = (uint8_t)(word >> 16);
    to[2] = (uint8_t)(word >> 8);
    to[3] = (uint8_t)word;
}

/* distance: from 1 to 31, a constant. */
static inline uint32_t rotate_left(uint32_t word, int distance) {
    return word << distance | word >> (32 - distance);
}

static inline uint32_t rotate_right(uint32_t word, int distance) {
    return word >> distance | word << (32 - distance);
}

#endif
