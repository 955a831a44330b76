/* exit: 0. The inverse of Hilbert matrices by elimination, against its whole numbers (Choi 1983), in double and in float: the
   compiler's runtime library does the arithmetic. */
enum { MOST = 6 };

static double binomial(int n, int k) {
    double found = 1;
    for (int i = 1; i <= k; i++) found = found * (n - k + i) / i;
    return found;
}

/* (-1)^(i + j) (i + j + 1) C(n + i, n - j - 1) C(n + j, n - i - 1) C(i + j, i)^2 */
static double whole(int n, int i, int j) {
    double square = binomial(i + j, i) * binomial(i + j, i);
    double found = (i + j + 1) * binomial(n + i, n - j - 1) * binomial(n + j, n - i - 1) * square;
    return (i + j) & 1 ? -found : found;
}

#define INVERT(name, number)                                                                            \
    static int name(int n, double relative) {                                                           \
        number rows[MOST][2 * MOST];                                                                    \
        for (int i = 0; i < n; i++)                                                                     \
            for (int j = 0; j < 2 * n; j++) rows[i][j] = j < n ? (number)1 / (i + j + 1) : i == j - n;  \
        for (int k = 0; k < n; k++)                                                                     \
            for (int i = 0; i < n; i++) {                                                               \
                number factor = i == k ? rows[k][k] - 1 : rows[i][k], pivot = rows[k][k];               \
                for (int j = 0; j < 2 * n; j++) rows[i][j] -= factor * (rows[k][j] / pivot);            \
            }                                                                                           \
        for (int i = 0; i < n; i++)                                                                     \
            for (int j = 0; j < n; j++) {                                                               \
                double wanted = whole(n, i, j), wrong = (rows[i][n + j] - wanted) / wanted;             \
                if (wrong > relative || wrong < -relative) return 0;                                    \
            }                                                                                           \
        return 1;                                                                                       \
    }

INVERT(inverts, double)
INVERT(inverts_roughly, float)

int main(void) {
    for (int n = 1; n <= MOST; n++)
        if (!inverts(n, 1e-7)) return n;
    for (int n = 1; n <= 3; n++)
        if (!inverts_roughly(n, 1e-3)) return 10 + n;
    return 0;
}
