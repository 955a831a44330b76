/* Recursive factorial; 5! = 120 is the exit code. */
static int factorial(int n) {
    return n < 2 ? 1 : n * factorial(n - 1);
}

int main(void) {
    volatile int n = 5;
    return factorial(n);
}
