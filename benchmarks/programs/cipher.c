/* exit: 0. The quarter rounds of ChaCha: additions, rotations and exclusive ors, without a branch; a0 is the number of rounds. */
static unsigned turn(unsigned x, int by) { return x << by | x >> (32 - by); }

int main(unsigned rounds) {
    unsigned a = 0x61707865, b = 0x3320646e, c = 0x79622d32, d = 0x6b206574;
    for (unsigned r = 0; r < rounds; r++) {
        a += b, d = turn(d ^ a, 16);
        c += d, b = turn(b ^ c, 12);
        a += b, d = turn(d ^ a, 8);
        c += d, b = turn(b ^ c, 7);
    }
    return (a | b | c | d) == 0;
}
