/* exit: 144. The twelfth Fibonacci number, by iteration. */
int main(void) {
    volatile int n = 12;
    unsigned a = 0, b = 1;
    for (int i = 0; i < n; i++) {
        unsigned next = a + b;
        a = b;
        b = next;
    }
    return a;
}
