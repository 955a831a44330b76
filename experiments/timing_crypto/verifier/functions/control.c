/* Control flow that depends on a secret. What the comments before and in the functions mean: annotated.py. */
#include <stdint.h>

static volatile uint32_t sink;

// branch: secret s; leaks
void branch(uint32_t s) {
    if (s & 1) // LEAK
        sink = 1;
}

// branch_on_equality: secret s; public guess; leaks
void branch_on_equality(uint32_t s, uint32_t guess) {
    if (s == guess) // LEAK
        sink = 1;
}

// loop_bound: secret s; leaks
void loop_bound(uint8_t s) {
    for (int i = 0; i < (s & 15); i++) // LEAK
        sink = 1;
}

// loop_with_break: secret key:16; leaks
int loop_with_break(const uint8_t *key) {
    int i;
    for (i = 0; i < 16; i++) {
        sink = 1;
        if (key[i] > 200) // LEAK
            break;
    }
    return i;
}

// early_return: secret key:16; public guess:16; leaks
int early_return(const uint8_t *key, const uint8_t *guess) {
    for (int i = 0; i < 16; i++) {
        sink = 1;
        if (key[i] != guess[i]) // LEAK
            return 0;
    }
    return 1;
}

// short_circuit_and: secret a, b; leaks
int short_circuit_and(uint32_t a, uint32_t b) {
    return (a & 1) && // LEAK
           (sink = b);
}

// short_circuit_or: secret a; public b; leaks
int short_circuit_or(uint32_t a, uint32_t b) {
    return (a & 1) || // LEAK
           (sink = b);
}

// ternary: secret s; public a, b; compiler
uint32_t ternary(uint32_t s, uint32_t a, uint32_t b) {
    return (s & 1) ? a : b; // may leak
}

// ternary_of_effects: secret s; leaks
uint32_t ternary_of_effects(uint32_t s) {
    return (s & 1) ? sink : 5; // LEAK
}

// minimum: secret a; public b; compiler
uint32_t minimum(uint32_t a, uint32_t b) {
    return a < b ? a : b; // may leak
}

// cases: secret s; public x; leaks
uint32_t cases(uint32_t s, uint32_t x) {
    switch (s & 7) { // LEAK
    case 0: sink = x; return x + 3;
    case 1: sink = x * 5; return x - 1;
    case 2: sink += x; return x ^ 9;
    case 3: sink -= x; return x | 3;
    case 4: sink ^= x; return x * 3;
    case 5: sink &= x; return x + 77;
    case 6: sink = ~x; return x + 1;
    default: return 0;
    }
}

// function_pointer: secret s; public x; leaks
static __attribute__((noinline)) uint32_t add_one(uint32_t x) {
    return x + (sink = 1);
}
static __attribute__((noinline)) uint32_t add_two(uint32_t x) {
    return x + (sink = 2) * sink;
}
typedef uint32_t (*Function)(uint32_t);
static Function volatile functions[2] = {add_one, add_two};

uint32_t function_pointer(uint32_t s, uint32_t x) {
    Function chosen = functions[s & 1]; // LEAK
    return chosen(x);                   // LEAK
}

// recursion: secret s; leaks
static __attribute__((noinline)) uint32_t descend(uint32_t n) {
    sink = n;
    if (n == 0) // LEAK
        return 0;
    return 1 + descend(n - 1) * sink;
}

uint32_t recursion(uint32_t s) {
    return descend(s & 7);
}

// sign: secret s; leaks
void sign(int8_t s) {
    if (s < 0) // LEAK
        sink = 1;
}

// half_word: secret s; leaks
void half_word(int16_t s) {
    if (s > 1000) // LEAK
        sink = 1;
}

// truth: secret s; leaks
void truth(_Bool s) {
    if (s) // LEAK
        sink = 1;
}

// bit_test: secret exponent; public base; leaks
uint32_t bit_test(uint32_t exponent, uint32_t base) {
    uint32_t result = 1;
    for (int i = 31; i >= 0; i--) {
        result *= result;
        if (exponent >> i & 1) // LEAK
            sink = result *= base;
    }
    return result;
}

// count_bits: secret s; leaks
uint32_t count_bits(uint32_t s) {
    uint32_t count = 0;
    for (; s != 0; s &= s - 1) // LEAK
        sink = ++count;
    return count;
}

// inlined: secret s; leaks
static inline void inner(uint32_t x) {
    if (x > 40) // LEAK
        sink = x;
}

void inlined(uint8_t s) {
    inner(s + 1u);
}

// behind_public: secret s; public mode; leaks
void behind_public(uint32_t s, uint32_t mode) {
    if (mode == 11) {
        sink = 2;
        if (s & 4) // LEAK
            sink = 1;
    }
}

// after_many_rounds: secret key:32; public rounds; leaks
void after_many_rounds(const uint8_t *key, uint32_t rounds) {
    uint8_t mixed = 0;
    for (uint32_t i = 0; i < rounds; i++)
        mixed ^= key[i % 32];
    if (mixed == 0x5A) // LEAK
        sink = 1;
}

// last_bit_of_many: secret key:64; leaks
int last_bit_of_many(const uint8_t *key) {
    uint32_t sum = 0;
    for (int i = 0; i < 64; i++)
        sum += key[i];
    if (sum % 2) // LEAK
        return sink;
    return 3;
}

// goto_loop: secret key:8; leaks
int goto_loop(const uint8_t *key) {
    int i = 0;
again:
    sink = i;
    if (key[i & 7] & 0x80) { // LEAK
        if (++i < 8)
            goto again;
    }
    return i;
}

// two_secrets: secret key:4, nonce; leaks
void two_secrets(const uint8_t *key, uint32_t nonce) {
    if (key[0] > (nonce & 0xFF)) // LEAK
        sink = 1;
}
