/* exit: 0. A mix: sieve, matrix product, string and table work, division; a0 is the number of rounds. */
static unsigned char composite[512];
static unsigned table[64], a[5][5], b[5][5], c[5][5];

static unsigned primes(void) {
    unsigned count = 0;
    for (int i = 0; i < 512; i++) composite[i] = 0;
    for (int i = 2; i < 512; i++) {
        if (composite[i]) continue;
        count++;
        for (int j = i + i; j < 512; j += i) composite[j] = 1;
    }
    return count;
}

static unsigned product(unsigned seed) {
    unsigned sum = 0;
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++) a[i][j] = seed + i * j, b[i][j] = seed ^ (i << j), c[i][j] = 0;
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++)
            for (int k = 0; k < 5; k++) c[i][j] += a[i][k] * b[k][j];
    for (int i = 0; i < 5; i++) sum += c[i][i];
    return sum;
}

static unsigned hash(const char *text) {
    unsigned h = 2166136261u;
    while (*text) h = (h ^ (unsigned char)*text++) * 16777619u;
    return h;
}

static unsigned gcd(unsigned x, unsigned y) {
    while (y) {
        unsigned r = x % y;
        x = y;
        y = r;
    }
    return x;
}

int main(unsigned rounds) {
    unsigned sum = 0;
    for (unsigned r = 0; r < rounds; r++) {
        sum += primes() + product(r) + hash("a differentiable computer");
        for (int i = 0; i < 64; i++) table[i] = sum ^ i * 2654435761u;
        for (int i = 1; i < 64; i++) sum += table[i] < table[i - 1] ? gcd(table[i] >> 16, 1 + (table[i - 1] >> 20)) : i;
    }
    return sum == 0;
}
