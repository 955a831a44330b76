/* exit: 111. Steps of the Collatz sequence of 27 until it reaches 1. */
int main(void) {
    volatile unsigned start = 27;
    unsigned n = start, steps = 0;
    while (n != 1) {
        n = n % 2 ? 3 * n + 1 : n / 2;
        steps++;
    }
    return steps;
}
