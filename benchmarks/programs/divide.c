/* exit: 0. Greatest common divisors: remainders, whose number depends on data; a0 is the number of rounds. */
int main(unsigned rounds) {
    unsigned sum = 0;
    for (unsigned r = 1; r <= rounds; r++) {
        unsigned x = r * 2654435761u, y = r * 40503u + 1;
        while (y) {
            unsigned rest = x % y;
            x = y;
            y = rest;
        }
        sum += x;
    }
    return sum == 0;
}
