/* exit: 0. (A B) x = A (B x) for 6 x 6 matrices of words modulo 2^32; exits with 1 where a component differs. */
#define N 6
static unsigned a[N][N], b[N][N], product[N][N], x[N], left[N], inner[N], right[N];

static void apply(unsigned m[N][N], const unsigned *from, unsigned *to) {
    for (int i = 0; i < N; i++) {
        to[i] = 0;
        for (int j = 0; j < N; j++) to[i] += m[i][j] * from[j];
    }
}

int main(void) {
    unsigned state = 12345;
    for (int i = 0; i < N; i++) {
        x[i] = state = state * 1664525u + 1013904223u;
        for (int j = 0; j < N; j++) {
            a[i][j] = state = state * 1664525u + 1013904223u;
            b[i][j] = state = state * 1664525u + 1013904223u;
        }
    }
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            for (int k = 0; k < N; k++) product[i][j] += a[i][k] * b[k][j];
    apply(product, x, left);
    apply(b, x, inner);
    apply(a, inner, right);
    for (int i = 0; i < N; i++)
        if (left[i] != right[i]) return 1;
    return 0;
}
