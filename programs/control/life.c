/* exit: 0. Conway's life on a torus of 32 × 32 cells, a word a row: a glider is where it was after 128 steps. */
#include <stdint.h>

static uint32_t rows[32], next[32];

static uint32_t left(uint32_t x) { return x << 1 | x >> 31; }
static uint32_t right(uint32_t x) { return x >> 1 | x << 31; }

static void step(void) {
    for (int i = 0; i < 32; i++) {
        uint32_t a = rows[(i + 31) & 31], b = rows[i], c = rows[(i + 1) & 31];
        uint32_t all[8] = {left(a), a, right(a), left(b), right(b), left(c), c, right(c)}, one = 0, two = 0, four = 0;
        for (int k = 0; k < 8; k++) {
            uint32_t carry = one & all[k];
            one ^= all[k];
            four |= two & carry;
            two ^= carry;
        }
        next[i] = two & ~four & (one | b);
    }
    for (int i = 0; i < 32; i++) rows[i] = next[i];
}

int main(void) {
    rows[1] = 2, rows[2] = 4, rows[3] = 7;
    for (int n = 0; n < 128; n++) step();
    if (rows[1] != 2 || rows[2] != 4 || rows[3] != 7) return 1;
    for (int i = 0; i < 32; i++)
        if ((i < 1 || i > 3) && rows[i]) return 2;
    return 0;
}
