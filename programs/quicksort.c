/* exit: 0. Recursive quicksort of 48 pseudo-random words; checks order and that the sum is kept. */
#define N 48
static unsigned values[N];

static void sort(unsigned *low, unsigned *high) {
    if (low >= high) return;
    unsigned pivot = low[(high - low) / 2], *i = low, *j = high;
    while (i <= j) {
        while (*i < pivot) i++;
        while (*j > pivot) j--;
        if (i <= j) {
            unsigned swap = *i;
            *i++ = *j;
            *j-- = swap;
        }
    }
    sort(low, j);
    sort(i, high);
}

int main(void) {
    unsigned state = 1, before = 0, after = 0;
    for (int i = 0; i < N; i++) {
        state ^= state << 13, state ^= state >> 17, state ^= state << 5;
        before += values[i] = state;
    }
    sort(values, values + N - 1);
    for (int i = 0; i < N; i++) {
        after += values[i];
        if (i && values[i - 1] > values[i]) return 1;
    }
    return before == after ? 0 : 2;
}
