/* exit: 0. Insertion sort of 48 words: loads, stores and branches that depend on data; a0 is the number of rounds. */
static unsigned words[48];

int main(unsigned rounds) {
    unsigned state = 1, sum = 0;
    for (unsigned r = 0; r < rounds; r++) {
        for (int i = 0; i < 48; i++) words[i] = state = state << 5 ^ state >> 3 ^ i;
        for (int i = 1; i < 48; i++) {
            unsigned moved = words[i];
            int j = i;
            for (; j > 0 && words[j - 1] > moved; j--) words[j] = words[j - 1];
            words[j] = moved;
        }
        sum += words[r & 31];
    }
    return sum == 0;
}
