/* Functions that look like leaks and are none: whatever they branch on or index with is public. */
#include <stdint.h>
#include <string.h>

static volatile uint32_t sink;
static volatile uint8_t scratch[256];

// xor_self: secret s; constant
void xor_self(uint32_t s) {
    if ((s ^ s) == 0)
        sink = 1;
}

// minus_self: secret s; constant
void minus_self(uint32_t s) {
    if (s - s)
        sink = 1;
}

// times_zero: secret s; constant
uint8_t times_zero(uint32_t s) {
    return scratch[s * 0 + 3];
}

// and_zero: secret s; constant
uint8_t and_zero(uint32_t s) {
    return scratch[s & 0];
}

// masked: secret key:16; public out:16; constant
void masked(const uint8_t *key, uint8_t *out) {
    for (int i = 0; i < 16; i++)
        out[i] = (key[i] & 0x0F) | (key[i] & 0xF0) << 1;
}

// branch_on_public: secret s; public p; constant
uint32_t branch_on_public(uint32_t s, uint32_t p) {
    if (p > 3)
        return s + 1;
    sink = 5;
    return s * 3;
}

// public_index: secret key:256; public i; constant
uint32_t public_index(const uint8_t *key, uint32_t i) {
    return key[i & 255] * 7u + 1;
}

// public_bound: secret key:64; public n; constant
uint32_t public_bound(const uint8_t *key, uint32_t n) {
    uint32_t sum = 0;
    for (uint32_t i = 0; i < n && i < 64; i++)
        sum = sum * 31 + key[i];
    return sum;
}

// select: secret flag, a, b; compiler
uint32_t select(uint32_t flag, uint32_t a, uint32_t b) {
    uint32_t mask = -(flag & 1); // may leak
    return (a & mask) | (b & ~mask); // may leak
}

// select_hidden: secret flag, a, b; constant
uint32_t select_hidden(uint32_t flag, uint32_t a, uint32_t b) {
    uint32_t mask = -(flag & 1);
    __asm__("" : "+r"(mask));
    return (a & mask) | (b & ~mask);
}

// shifts: secret s; constant
uint32_t shifts(uint32_t s) {
    return (s << 7 | s >> 25) ^ (uint32_t)((int32_t)s >> 31);
}

// shift_by_secret: secret s; public x; constant
uint32_t shift_by_secret(uint32_t s, uint32_t x) {
    return x << (s & 31) | x >> (-s & 31);
}

// shift_out: secret s; public p; constant
void shift_out(uint16_t s, uint16_t p) {
    uint32_t word = (uint32_t)p << 16 | s;
    if (word >> 16 > 3)
        sink = 1;
}

// full_scan: secret s; public box:256; constant
uint8_t full_scan(uint8_t s, const uint8_t *box) {
    uint32_t found = 0;
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t mask = ((i ^ s) - 1) >> 8;
        __asm__("" : "+r"(mask));
        found |= box[i] & mask;
    }
    return (uint8_t)found;
}

// xor_swap: secret a:16, b:16; constant
void xor_swap(uint8_t *a, uint8_t *b) {
    for (int i = 0; i < 16; i++) {
        a[i] ^= b[i];
        b[i] ^= a[i];
        a[i] ^= b[i];
    }
}

// masked_swap: secret flag, a:16, b:16; constant
void masked_swap(uint32_t flag, uint8_t *a, uint8_t *b) {
    uint32_t mask = -(flag & 1);
    __asm__("" : "+r"(mask));
    for (int i = 0; i < 16; i++) {
        uint8_t both = (a[i] ^ b[i]) & mask;
        a[i] ^= both;
        b[i] ^= both;
    }
}

// multiply: secret a, b; public out:8; constant
void multiply(uint32_t a, uint32_t b, uint32_t *out) {
    uint64_t product = (uint64_t)a * b;
    out[0] = (uint32_t)product;
    out[1] = (uint32_t)(product >> 32);
}

// add_64: secret a:8, b:8; constant
void add_64(uint64_t *a, const uint64_t *b) {
    *a += *b;
}

// copy_public_length: secret key:64; public n, out:64; constant
void copy_public_length(const uint8_t *key, uint32_t n, uint8_t *out) {
    memcpy(out, key, n & 63);
}

// move_and_fill: secret key:32; constant
void move_and_fill(const uint8_t *key) {
    uint8_t copy[64];
    memcpy(copy, key, 32);
    memmove(copy + 16, copy, 32);
    __asm__ volatile("" : : "r"(copy) : "memory");
    sink = copy[40];
    memset(copy, 0, 48);
    __asm__ volatile("" : : "r"(copy) : "memory");
    if (copy[40])
        sink = 1;
}

// overwritten: secret s; public p; constant
void overwritten(uint32_t s, uint32_t p) {
    volatile uint32_t cell = s;
    cell = p;
    if (cell & 1)
        sink = 1;
}

// half_overwritten: secret s; public p; constant
void half_overwritten(uint32_t s, uint16_t p) {
    volatile uint32_t cell = s;
    *(volatile uint16_t *)&cell = p;
    if (*(volatile uint16_t *)&cell & 1)
        sink = 1;
}

// cleared_buffer: secret key:16; constant
void cleared_buffer(const uint8_t *key) {
    volatile uint8_t copy[16];
    for (int i = 0; i < 16; i++)
        copy[i] = key[i];
    for (int i = 0; i < 16; i++)
        copy[i] = 0;
    if (copy[7])
        sink = 1;
}

// neighbours: secret s; public p; constant
void neighbours(uint8_t s, uint8_t p) {
    volatile uint8_t pair[4] = {s, p, s, p};
    uint32_t both = *(volatile uint32_t *)pair;
    sink = scratch[pair[1]];
    sink = scratch[both >> 8 & 0xFF];
}

// neighbouring_bits: secret s; public p; constant; alarm -O0 -O1 -O2 -O3 -Os
void neighbouring_bits(uint8_t s, uint8_t p) {
    volatile uint8_t pair[4] = {s, p, s, p};
    uint32_t both = *(volatile uint32_t *)pair;
    sink = scratch[both >> 8 & 0x3F]; // shifted left first by 18 bits, which puts bits of both into one byte
}

// equality_mask: secret key:16; public guess:16; constant
uint32_t equality_mask(const uint8_t *key, const uint8_t *guess) {
    uint32_t difference = 0;
    for (int i = 0; i < 16; i++)
        difference |= key[i] ^ guess[i];
    return (difference - 1) >> 31;
}

// less_mask: secret a; public b; constant
uint32_t less_mask(uint32_t a, uint32_t b) {
    return -(uint32_t)(a < b);
}

// is_zero: secret s; constant
uint32_t is_zero(uint32_t s) {
    return s == 0;
}

// bits_of_secret: secret s; public out:32; constant
void bits_of_secret(uint32_t s, uint8_t *out) {
    for (int i = 0; i < 32; i++)
        out[i] = s >> i & 1;
}

// public_text: secret s; public text:16; constant
uint32_t public_text(uint32_t s, const char *text) {
    return s + strlen(text);
}

// public_switch: secret s; public p; constant
uint32_t public_switch(uint32_t s, uint32_t p) {
    switch (p & 3) {
    case 0: return s;
    case 1: return s * 5;
    case 2: return s ^ 0xFF;
    default: return ~s;
    }
}

// secret_into_public_slot: secret s; public i; constant
uint32_t secret_into_public_slot(uint8_t s, uint32_t i) {
    scratch[i & 63] = s;
    return scratch[(i + 1) & 63] + scratch[i & 63];
}

// public_beside: secret key:8; public p; constant
struct both {
    uint8_t hidden[8];
    uint32_t open;
};
void public_beside(const uint8_t *key, uint32_t p) {
    volatile struct both both;
    for (int i = 0; i < 8; i++)
        both.hidden[i] = key[i];
    both.open = p;
    if (both.open == 2)
        sink = both.hidden[3];
}

// narrow: secret s; public p; constant
uint32_t narrow(uint8_t s, uint8_t p) {
    uint32_t word = (uint32_t)p << 8 | s;
    if ((word & 0xFF00) == 0x0300)
        sink = 1;
    return word;
}

// rounds: secret key:16; public block:16; constant
void rounds(const uint32_t *key, uint32_t *block) {
    for (int r = 0; r < 20; r++) {
        block[0] += key[r & 3];
        block[1] ^= block[0] << 9 | block[0] >> 23;
        block[2] += block[1];
        block[3] ^= block[2] << 18 | block[2] >> 14;
        uint32_t first = block[0];
        block[0] = block[1];
        block[1] = block[2];
        block[2] = block[3];
        block[3] = first;
    }
}
