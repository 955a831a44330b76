/* exit: 0. C's snprintf of words and texts, by the rules of C99, 7.19.6.1; and what it says where there is no room. */
/* sources: stdio/snprintf.c stdio/vsnprintf.c stdio/vfprintf.c stdio/fwrite.c stdio/__towrite.c math/__signbitl.c
   math/__fpclassifyl.c */
#include "check.h"

int main(void) {
    for (int round = 0; round < 8; round++) {
        CHECK(1, "-2147483648 4294967295", "%d %u", -2147483647 - 1, -1);
        CHECK(2, "[   42] [42   ] [00042] [+42]", "[%5d] [%-5d] [%05d] [%+d]", 42, 42, 42, 42);
        CHECK(3, "0xdeadbeef DEADBEEF 0377", "%#x %X %#o", 0xDEADBEEF, 0xDEADBEEF, 255);
        CHECK(4, "9223372036854775807 1777777777777777777777", "%lld %llo", 9223372036854775807LL, -1LL);
        CHECK(5, "[abc] [  abc] [ab   ] [%]", "[%s] [%5s] [%-5.2s] [%%]", "abc", "abc", "abc");
        CHECK(6, "[007] [     ] [  -007]", "[%.3d] [%5.0d] [%6.3d]", 7, 0, -7);
        CHECK(7, "x y  z", "%c %-3c%*c", 'x', 'y', 1, 'z');
    }
    char room[4];
    if (snprintf(room, sizeof room, "%d", 123456) != 6 || strcmp(room, "123")) return 8;
    return 0;
}
