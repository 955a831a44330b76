/* exit: 21. Greatest common divisor of 1071 and 462 (Euclid), by remainder and by subtraction. */
static unsigned by_remainder(unsigned a, unsigned b) {
    while (b) {
        unsigned r = a % b;
        a = b;
        b = r;
    }
    return a;
}

static unsigned by_subtraction(unsigned a, unsigned b) {
    while (a != b) {
        if (a > b) a -= b;
        else b -= a;
    }
    return a;
}

int main(void) {
    volatile unsigned a = 1071, b = 462;
    unsigned first = by_remainder(a, b), second = by_subtraction(a, b);
    return first == second ? first : 255;
}
