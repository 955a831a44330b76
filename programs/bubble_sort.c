/* exit: 0. Bubble sort of 16 signed words; exits with 1 where two neighbours are out of order. */
#define N 16
static int values[N] = {5, -3, 99, 0, -77, 42, 7, 7, 2147483647, -1, 12, 8, -2147483647, 3, 64, 1};

int main(void) {
    for (int end = N - 1; end > 0; end--)
        for (int i = 0; i < end; i++)
            if (values[i] > values[i + 1]) {
                int swap = values[i];
                values[i] = values[i + 1];
                values[i + 1] = swap;
            }
    for (int i = 1; i < N; i++)
        if (values[i - 1] > values[i]) return 1;
    return 0;
}
