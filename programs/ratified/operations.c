/* Every ratified operation that RV32EM computes in a few instructions without a branch, written as C has it: what instruction
   discovery must find again. Each is checked against a computation bit by bit. */

typedef unsigned word;

#define TIMES 16

static inline word sh1add(word a, word b) { return (a << 1) + b; }
static inline word sh2add(word a, word b) { return (a << 2) + b; }
static inline word sh3add(word a, word b) { return (a << 3) + b; }
static inline word andn(word a, word b) { return a & ~b; }
static inline word orn(word a, word b) { return a | ~b; }
static inline word xnor(word a, word b) { return ~(a ^ b); }
static inline word rol(word a, word b) { return a << (b & 31) | a >> (-b & 31); }
static inline word ror(word a, word b) { return a >> (b & 31) | a << (-b & 31); }
static inline word sext_b(word a, word b) { return (word)(int)(signed char)a; }
static inline word sext_h(word a, word b) { return (word)(int)(short)a; }
static inline word zext_h(word a, word b) { return (unsigned short)a; }
static inline word rev8(word a, word b) { return __builtin_bswap32(a); }
static inline word brev8(word a, word b) {
    a = (a & 0x55555555) << 1 | (a >> 1 & 0x55555555);
    a = (a & 0x33333333) << 2 | (a >> 2 & 0x33333333);
    return (a & 0x0F0F0F0F) << 4 | (a >> 4 & 0x0F0F0F0F);
}
static inline word pack(word a, word b) { return (a & 0xFFFF) | b << 16; }
static inline word packh(word a, word b) { return (a & 0xFF) | (b & 0xFF) << 8; }
static inline word bclr(word a, word b) { return a & ~(1u << (b & 31)); }
static inline word bset(word a, word b) { return a | 1u << (b & 31); }
static inline word binv(word a, word b) { return a ^ 1u << (b & 31); }
static inline word bext(word a, word b) { return a >> (b & 31) & 1; }

static inline word turned(word a, int by) { return a >> by | a << (32 - by); }
static inline word sig0(word a, word b) { return turned(a, 7) ^ turned(a, 18) ^ a >> 3; }
static inline word sig1(word a, word b) { return turned(a, 17) ^ turned(a, 19) ^ a >> 10; }
static inline word sum0(word a, word b) { return turned(a, 2) ^ turned(a, 13) ^ turned(a, 22); }
static inline word sum1(word a, word b) { return turned(a, 6) ^ turned(a, 11) ^ turned(a, 25); }

static int bit(word a, int n) { return n < 0 || n > 31 ? 0 : a >> n & 1; }

/* The bit n of what an operation gives. */
static int expected(int operation, word a, word b, int n) {
    int by = b & 31;
    switch (operation) {
    case 3: return bit(a, n) && !bit(b, n);
    case 4: return bit(a, n) || !bit(b, n);
    case 5: return bit(a, n) == bit(b, n);
    case 6: return bit(a, (n - by) & 31);
    case 7: return bit(a, (n + by) & 31);
    case 8: return bit(a, n < 7 ? n : 7);
    case 9: return bit(a, n < 15 ? n : 15);
    case 10: return n < 16 && bit(a, n);
    case 11: return bit(a, 24 - (n & 24) + (n & 7));
    case 12: return bit(a, (n & 24) + 7 - (n & 7));
    case 13: return n < 16 ? bit(a, n) : bit(b, n - 16);
    case 14: return n < 8 ? bit(a, n) : n < 16 && bit(b, n - 8);
    case 15: return n != by && bit(a, n);
    case 16: return n == by || bit(a, n);
    case 17: return bit(a, n) != (n == by);
    case 18: return n == 0 && bit(a, by);
    case 19: return bit(a, (n + 7) & 31) ^ bit(a, (n + 18) & 31) ^ bit(a, n + 3);
    case 20: return bit(a, (n + 17) & 31) ^ bit(a, (n + 19) & 31) ^ bit(a, n + 10);
    case 21: return bit(a, (n + 2) & 31) ^ bit(a, (n + 13) & 31) ^ bit(a, (n + 22) & 31);
    case 22: return bit(a, (n + 6) & 31) ^ bit(a, (n + 11) & 31) ^ bit(a, (n + 25) & 31);
    }
    return 0;
}

/* Sums by carries, bit after bit. */
static word sum(word a, word b) {
    word result = 0;
    int carry = 0;
    for (int n = 0; n < 32; n++) {
        int x = bit(a, n), y = bit(b, n);
        result |= (word)(x ^ y ^ carry) << n;
        carry = (x & y) | (x & carry) | (y & carry);
    }
    return result;
}

#define COUNT 23

static volatile word first, second;
static word results[COUNT];

/* Each of operands of its own, so that no two share what they compute. */
__attribute__((noinline)) static void compute(void) {
    word *next = results;
#define DO(operation) { word a = first, b = second; *next++ = operation(a, b); }
    DO(sh1add) DO(sh2add) DO(sh3add) DO(andn) DO(orn) DO(xnor) DO(rol) DO(ror)
    DO(sext_b) DO(sext_h) DO(zext_h) DO(rev8) DO(brev8) DO(pack) DO(packh) DO(bclr)
    DO(bset) DO(binv) DO(bext) DO(sig0) DO(sig1) DO(sum0) DO(sum1)
}

int main(void) {
    first = 0x12345678, second = 0x9E3779B9;
    for (int k = 0; k < TIMES; k++) {
        word a = first, b = second;
        compute();
        for (int operation = 0; operation < COUNT; operation++) {
            word right = operation < 3 ? sum(a << (operation + 1), b) : 0;
            for (int n = 0; operation >= 3 && n < 32; n++) right |= (word)expected(operation, a, b, n) << n;
            if (results[operation] != right) return operation + 1;
        }
        first = a * 1664525 + 1013904223;
        second = b * 22695477 + 1;
    }
    return 0;
}
