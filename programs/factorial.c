/* exit: 120. Recursive factorial of 5. */
static int factorial(int n) {
    return n < 2 ? 1 : n * factorial(n - 1);
}

int main(void) {
    volatile int n = 5;
    return factorial(n);
}
