/* exit: 0. A tight loop of plain arithmetic; a0 is the number of rounds. */
int main(unsigned rounds) {
    unsigned a = 1, b = 2;
    for (unsigned i = 0; i < rounds; i++) {
        a += b ^ i;
        b = b << 1 | a >> 31;
        __asm__ volatile("");
    }
    return a == 0 && b == 0;
}
