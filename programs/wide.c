/* exit: 0. 64-bit arithmetic, which the compiler's runtime library does on 32-bit registers. */
int main(void) {
    volatile unsigned long long a = 1000000007ull * 998244353ull, b = 998244353ull;
    volatile long long c = -1234567890123ll;
    if (a / b != 1000000007ull || a % 1000000007ull) return 1;
    if (c / 1000 != -1234567890ll || c % 1000 != -123) return 2;
    if (c >> 8 != -4822530821ll || (a << 3) >> 3 == 0) return 3;
    return 0;
}
