/* AES-128 bitsliced: plane k is a 32-bit word with bit k of every byte of the state, and the S-box is a Boolean circuit on the
 * eight planes. No tables; no address and no branch depends on key or message: constant-time. Source: FIPS-197; the circuit
 * inverts in GF((2^4)^2), as V. Rijmen, Efficient Implementation of the Rijndael S-box, proposes.
 *
 * Bit 8 r + c of a plane belongs to row r and column c of the state; the four upper bits of each byte are not used. */
#include "aes_columns.h"

typedef struct {
    uint32_t x[8];
} planes;

typedef struct {
    uint32_t x[4];
} nibbles;

/* Exchange the bits `mask` of b with those `distance` above them in a. */
static inline void exchange(uint32_t *a, uint32_t *b, uint32_t mask, int distance) {
    uint32_t differ = (*a >> distance ^ *b) & mask;
    *b ^= differ;
    *a ^= differ << distance;
}

/* Word j, bit 8 r + k becomes word k, bit 8 r + j: from columns to planes, and back. */
static inline planes transpose(planes p) {
    for (int j = 0; j < 4; j++) exchange(&p.x[j], &p.x[j + 4], 0x0f0f0f0fu, 4);
    for (int j = 0; j < 4; j++) exchange(&p.x[j + (j & 2)], &p.x[j + (j & 2) + 2], 0x33333333u, 2);
    for (int j = 0; j < 8; j += 2) exchange(&p.x[j], &p.x[j + 1], 0x55555555u, 1);
    return p;
}

static inline nibbles add(nibbles a, nibbles b) {
    return (nibbles){{a.x[0] ^ b.x[0], a.x[1] ^ b.x[1], a.x[2] ^ b.x[2], a.x[3] ^ b.x[3]}};
}

/* In GF(2^4) modulo z^4 + z + 1. */
static inline nibbles multiply(nibbles a, nibbles b) {
    uint32_t b03 = b.x[0] ^ b.x[3], b12 = b.x[1] ^ b.x[2], b23 = b.x[2] ^ b.x[3];
    return (nibbles){{
        (a.x[0] & b.x[0]) ^ (a.x[1] & b.x[3]) ^ (a.x[2] & b.x[2]) ^ (a.x[3] & b.x[1]),
        (a.x[0] & b.x[1]) ^ (a.x[1] & b03) ^ (a.x[2] & b23) ^ (a.x[3] & b12),
        (a.x[0] & b.x[2]) ^ (a.x[1] & b.x[1]) ^ (a.x[2] & b03) ^ (a.x[3] & b23),
        (a.x[0] & b.x[3]) ^ (a.x[1] & b.x[2]) ^ (a.x[2] & b.x[1]) ^ (a.x[3] & b03),
    }};
}

/* z^3 times the square. */
static inline nibbles scaled_square(nibbles a) {
    uint32_t a23 = a.x[2] ^ a.x[3];
    return (nibbles){{a.x[2], a.x[1] ^ a23, a.x[1], a.x[0] ^ a23}};
}

/* The inverse in GF(2^4), 0 of 0: the algebraic normal form of each bit. */
static inline nibbles invert_nibbles(nibbles a) {
    uint32_t p = a.x[0], q = a.x[1], r = a.x[2], s = a.x[3];
    uint32_t pq = p & q, pr = p & r, ps = p & s, qr = q & r, qs = q & s, qrs = qr & s, linear = q ^ r ^ s;
    return (nibbles){{
        p ^ linear ^ pr ^ qr ^ (p & qr) ^ qrs,
        s ^ pq ^ pr ^ qr ^ qs ^ (p & qs),
        r ^ s ^ pq ^ pr ^ ps ^ (pr & s),
        linear ^ ps ^ qs ^ (r & s) ^ qrs,
    }};
}

/* The inverse of h y + l in GF(2^4)[y] modulo y^2 + y + z^3; l in planes 0 to 3, h in planes 4 to 7. */
static inline planes invert(planes p) {
    nibbles l = {{p.x[0], p.x[1], p.x[2], p.x[3]}}, h = {{p.x[4], p.x[5], p.x[6], p.x[7]}};
    nibbles sum = add(l, h), norm = invert_nibbles(add(multiply(l, sum), scaled_square(h)));
    l = multiply(sum, norm);
    h = multiply(h, norm);
    return (planes){{l.x[0], l.x[1], l.x[2], l.x[3], h.x[0], h.x[1], h.x[2], h.x[3]}};
}

/* The isomorphism takes x of the field of AES to 2 y, in which it has the same minimal polynomial; the affine map of the
 * S-box, its constant 0x63 included, is part of the linear maps that follow. */
static inline planes substitute_planes(planes p) {
    const uint32_t *x = p.x;
    uint32_t x23 = x[2] ^ x[3], x46 = x[4] ^ x[6], x57 = x[5] ^ x[7], x2357 = x23 ^ x57;
    p = invert((planes){{x[0] ^ x57, x[2], x46 ^ x2357, x[3] ^ x[4], x[5] ^ x46, x[1] ^ x[7] ^ x46, x2357, x57}});
    uint32_t x05 = x[0] ^ x[5], x12 = x[1] ^ x[2], x67 = x[6] ^ x[7], x035 = x[3] ^ x05, x0345 = x[4] ^ x035;
    return (planes){{~(x[0] ^ x[2] ^ x[6]), ~(x12 ^ x0345), x[6] ^ x035, x[2] ^ x05, x[1] ^ x0345,
                     ~(x[3] ^ x[5] ^ x12 ^ x67), ~(x[4] ^ x67), x12}};
}

static inline planes substitute_planes_inverse(planes p) {
    p.x[0] = ~p.x[0], p.x[1] = ~p.x[1], p.x[5] = ~p.x[5], p.x[6] = ~p.x[6];
    const uint32_t *x = p.x;
    uint32_t x12 = x[1] ^ x[2], x14 = x[1] ^ x[4], x56 = x[5] ^ x[6], x056 = x[0] ^ x56;
    uint32_t x0456 = x[4] ^ x056, x127 = x[7] ^ x12;
    p = invert((planes){{x[1] ^ x56, x[7] ^ x14, x14, x[3] ^ x056 ^ x12, x0456 ^ x127, x[3] ^ x[4] ^ x56, x0456,
                         x[6] ^ x127}});
    uint32_t x17 = x[1] ^ x[7], x137 = x[3] ^ x17, x246 = x[2] ^ x[4] ^ x[6];
    return (planes){{x[0] ^ x[7], x[4] ^ x[5] ^ x[7], x[1], x[6] ^ x17, x[6] ^ x137, x246, x[2] ^ x137, x[7] ^ x246}};
}

static uint32_t substitute_word(uint32_t word) {
    return transpose(substitute_planes(transpose((planes){{word}}))).x[0];
}

/* Column c of row r comes from column c + r; the columns are repeated first, so that none is shifted out. */
static inline uint32_t shift_rows(uint32_t x) {
    x &= 0x0f0f0f0fu;
    x |= x << 4;
    return (x & 0xf) | (x >> 1 & 0xf00) | (x >> 2 & 0xf0000) | (x >> 3 & 0xf000000);
}

static inline uint32_t unshift_rows(uint32_t x) {
    x &= 0x0f0f0f0fu;
    x |= x << 4;
    return (x & 0xf) | (x >> 3 & 0xf00) | (x >> 2 & 0xf0000) | (x >> 1 & 0xf000000);
}

/* Byte times x: plane k to plane k + 1, plane 7 to those of the polynomial x^4 + x^3 + x + 1. */
static inline planes times_x_planes(planes p) {
    const uint32_t *x = p.x;
    return (planes){{x[7], x[0] ^ x[7], x[1], x[2] ^ x[7], x[3] ^ x[7], x[4], x[5], x[6]}};
}

/* As mix_column, with the next row a byte further in every plane. */
static inline planes mix_planes(planes p) {
    planes sum, doubled;
    for (int k = 0; k < 8; k++) sum.x[k] = p.x[k] ^ rotate_right(p.x[k], 8);
    doubled = times_x_planes(sum);
    for (int k = 0; k < 8; k++) p.x[k] = doubled.x[k] ^ rotate_right(p.x[k], 8) ^ rotate_right(sum.x[k], 16);
    return p;
}

static inline planes unmix_planes(planes p) {
    planes sum;
    for (int k = 0; k < 8; k++) sum.x[k] = p.x[k] ^ rotate_right(p.x[k], 16);
    sum = times_x_planes(times_x_planes(sum));
    for (int k = 0; k < 8; k++) p.x[k] ^= sum.x[k];
    return mix_planes(p);
}

static inline planes add_round_key(planes p, const aligned_word *key) {
    planes k = transpose((planes){{key[0], key[1], key[2], key[3]}});
    for (int i = 0; i < 8; i++) p.x[i] ^= k.x[i];
    return p;
}

static inline planes load_block(const uint8_t *input) {
    return transpose((planes){{load32(input), load32(input + 4), load32(input + 8), load32(input + 12)}});
}

static inline void store_block(uint8_t *output, planes p) {
    p = transpose(p);
    for (int c = 0; c < 4; c++) store32(output + 4 * c, p.x[c]);
}

void aes128_encrypt(const uint8_t *schedule, const uint8_t *input, uint8_t *output) {
    const aligned_word *key = (const aligned_word *)schedule;
    planes p = add_round_key(load_block(input), key);
    for (int round = 1; round <= AES_ROUNDS; round++) {
        p = substitute_planes(p);
        for (int k = 0; k < 8; k++) p.x[k] = shift_rows(p.x[k]);
        if (round < AES_ROUNDS) p = mix_planes(p);
        p = add_round_key(p, key + 4 * round);
    }
    store_block(output, p);
}

void aes128_decrypt(const uint8_t *schedule, const uint8_t *input, uint8_t *output) {
    const aligned_word *key = (const aligned_word *)schedule;
    planes p = load_block(input);
    for (int round = AES_ROUNDS; round > 0; round--) {
        p = add_round_key(p, key + 4 * round);
        if (round < AES_ROUNDS) p = unmix_planes(p);
        for (int k = 0; k < 8; k++) p.x[k] = unshift_rows(p.x[k]);
        p = substitute_planes_inverse(p);
    }
    store_block(output, add_round_key(p, key));
}

#include "modes.h"
