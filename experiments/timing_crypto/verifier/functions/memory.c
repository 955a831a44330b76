/* Secrets that travel through memory, and addresses that depend on them. */
#include <stdint.h>
#include <string.h>

static volatile uint32_t sink;
static const uint8_t table[256] = {9, 41, 3, 77, 200, 15, 66, 130, 1, 255, 18, 47, 99, 6, 31, 240};
static volatile uint8_t second[256];
static uint32_t global;
static uint8_t scratch[64];

// load_index: secret s; leaks
uint8_t load_index(uint8_t s) {
    return table[s]; // LEAK
}

// store_index: secret s; public out:16; leaks
void store_index(uint8_t s, uint8_t *out) {
    out[s & 15] = 1; // LEAK
}

// word_index: secret key:16; public words:64; leaks
uint32_t word_index(const uint8_t *key, const uint32_t *words) {
    return words[key[5] & 15] + 3; // LEAK
}

// table_of_tables: secret s; leaks
uint8_t table_of_tables(uint8_t s) {
    uint8_t once = table[s & 15]; // LEAK
    return second[once];          // LEAK
}

// pointer_arithmetic: secret s; public base:64; leaks
uint8_t pointer_arithmetic(uint32_t s, const uint8_t *base) {
    const uint8_t *p = base + (s & 31);
    return *p; // LEAK
}

// raw_index: secret s; public base:64; leaks
int raw_index(uint32_t s, const int *base) {
    return base[s]; // LEAK
}

// through_memory: secret s; leaks
void through_memory(uint32_t s) {
    volatile uint32_t cell = s;
    sink = 2;
    if (cell > 1000) // LEAK
        sink = 1;
}

// through_global: secret s; leaks
static __attribute__((noinline)) void look(void) {
    if (global & 8) // LEAK
        sink = 1;
}
void through_global(uint32_t s) {
    global = s;
    look();
}

struct state {
    uint8_t open[3], hidden;
    uint32_t count;
};

// through_struct: secret s; public open; leaks
void through_struct(uint8_t s, uint8_t open) {
    volatile struct state state = {{open, open, open}, s, 1};
    if (state.open[1] > 3)
        sink = 3;
    if (state.hidden > 3) // LEAK
        sink = 1;
}

// of_struct: secret state:8; leaks
void of_struct(const struct state *state) {
    if (state->count > 5) // LEAK
        sink = 1;
}

// through_pointer: secret key:4; leaks
static __attribute__((noinline)) uint32_t read_through(const uint32_t *const *cell) {
    return **cell;
}
void through_pointer(const uint32_t *key) {
    const uint32_t *volatile cell = key;
    if (read_through((const uint32_t *const *)&cell) & 2) // LEAK
        sink = 1;
}

// through_stack_array: secret key:16; public i; leaks
void through_stack_array(const uint8_t *key, uint32_t i) {
    volatile uint8_t copy[16];
    for (int k = 0; k < 16; k++)
        copy[k] = key[k];
    if (copy[i & 15] == 7) // LEAK
        sink = 1;
}

// through_spills: secret s; public p:64; leaks
void through_spills(uint32_t s, const uint32_t *p) {
    uint32_t a = p[0] + s, b = p[1] ^ s, c = p[2] - s, d = p[3] * s, e = p[4] | s, f = p[5] & s, g = p[6] + ~s, h = p[7] ^ s << 3;
    uint32_t i = p[8] + s, j = p[9] ^ s, k = p[10] - s, l = p[11] * s, m = p[12] | s, n = p[13] & s, o = p[14], q = p[15] ^ s;
    sink = a + b * c + d * e + f * g + h * i + j * k + l * m + n * q;
    sink = a ^ b ^ c ^ d ^ e ^ f ^ g ^ h ^ i ^ j ^ k ^ l ^ m ^ n ^ q;
    if (o & 1)
        sink = a;
    if ((a ^ b) & (c ^ d ^ e) & (f ^ g) & 1) // LEAK
        sink = b;
}

// through_memcpy: secret key:32; leaks
void through_memcpy(const uint8_t *key) {
    memcpy(scratch, key, 32);
    if (scratch[31] & 1) // LEAK
        sink = 1;
}

// through_memmove: secret key:16; leaks
void through_memmove(const uint8_t *key) {
    memcpy(scratch, key, 16);
    memmove(scratch + 3, scratch, 16);
    if (scratch[18] & 1) // LEAK
        sink = 1;
}

// through_memset: secret s; leaks
void through_memset(uint8_t s) {
    memset(scratch, s, 64);
    if (scratch[63] & 1) // LEAK
        sink = 1;
}

// copy_length: secret s; public from:64, to:64; leaks
void copy_length(uint32_t s, const uint8_t *from, uint8_t *to) {
    memcpy(to, from, s & 31); // LEAK
}

// fill_length: secret s; public to:64; leaks
void fill_length(uint32_t s, uint8_t *to) {
    memset(to, 1, s & 31); // LEAK
}

// library_compare: secret key:16; public guess:16; leaks
int library_compare(const uint8_t *key, const uint8_t *guess) {
    return memcmp(key, guess, 16) + 1; // LEAK
}

// library_compare_last: secret key:16; public guess:16; leaks
int library_compare_last(const uint8_t *key, const uint8_t *guess) {
    return memcmp(key, guess, 16); // LEAK
}

// text_length: secret text:16; leaks
unsigned text_length(const char *text) {
    return strlen(text) + sink; // LEAK
}

// stack_size: secret s; leaks
void stack_size(uint32_t s) {
    volatile uint8_t room[(s & 15) + 1];
    room[0] = 1; // LEAK
}

// unaligned: secret key:16; leaks
void unaligned(const uint8_t *key) {
    uint32_t word;
    memcpy(&word, key + 3, 4);
    if (word >> 31) // LEAK
        sink = 1;
}

// upper_byte: secret s; leaks
void upper_byte(uint32_t s) {
    volatile uint32_t cell = s;
    if (((volatile uint8_t *)&cell)[3] & 1) // LEAK
        sink = 1;
}

// overread: secret key:4; public out:4; leaks
void overread(const uint32_t *key, uint32_t *out) {
    uint16_t halves[2] = {(uint16_t)*key, (uint16_t)(*key >> 16)};
    *out = halves[0];
    if (halves[1] & 0x8000) // LEAK
        sink = 1;
}

// executed: secret code:16; leaks
void executed(const uint8_t *code) {
    ((void (*)(void))code)(); // may leak
}

// write_length: secret s; public text:16; leaks
int write_length(uint32_t s, const char *text) {
#ifdef __riscv_32e
    register uint32_t number __asm__("t0") = 64;
#else
    register uint32_t number __asm__("a7") = 64;
#endif
    register uint32_t file __asm__("a0") = 1;
    register const char *from __asm__("a1") = text;
    register uint32_t count __asm__("a2") = s & 7;
    __asm__ volatile("ecall" : "+r"(file) : "r"(number), "r"(from), "r"(count) : "memory"); // LEAK
    return (int)file;
}
