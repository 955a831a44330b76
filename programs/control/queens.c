/* exit: 0. Eight queens by backtracking over bits: 92 ways; six: 4. */
#include <stdint.h>

static uint32_t ways(uint32_t size, uint32_t columns, uint32_t falling, uint32_t rising) {
    uint32_t all = (1u << size) - 1, found = 0;
    if (columns == all) return 1;
    for (uint32_t open = all & ~(columns | falling | rising); open; open &= open - 1) {
        uint32_t queen = open & -open;
        found += ways(size, columns | queen, (falling | queen) << 1, (rising | queen) >> 1);
    }
    return found;
}

int main(void) { return ways(6, 0, 0, 0) == 4 && ways(8, 0, 0, 0) == 92 ? 0 : 1; }
