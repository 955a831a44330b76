/* exit: 0. Heapsort of 200 pseudo-random words; checks order and that the sum is kept. */
#include <stdint.h>

enum { N = 200 };
static uint32_t values[N];

static void sink(unsigned at, unsigned end) {
    uint32_t value = values[at];
    for (unsigned child; (child = 2 * at + 1) < end; at = child) {
        if (child + 1 < end && values[child] < values[child + 1]) child++;
        if (values[child] <= value) break;
        values[at] = values[child];
    }
    values[at] = value;
}

int main(void) {
    uint32_t state = 1, before = 0, after = 0;
    for (int i = 0; i < N; i++) {
        state = state * 1664525 + 1013904223;
        before += values[i] = state;
    }
    for (unsigned i = N / 2; i-- > 0;) sink(i, N);
    for (unsigned end = N - 1; end > 0; end--) {
        uint32_t swap = values[0];
        values[0] = values[end];
        values[end] = swap;
        sink(0, end);
    }
    for (int i = 0; i < N; i++) {
        after += values[i];
        if (i && values[i - 1] > values[i]) return 1;
    }
    return before == after ? 0 : 2;
}
