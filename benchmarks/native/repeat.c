/* exit: 0. The program in the file PROGRAM, as often as a0 says. */
#define main once
#include PROGRAM
#undef main

int main(unsigned rounds) {
    unsigned sum = 0;
    for (unsigned k = 0; k < rounds; k++) {
        sum += once();
        __asm__ volatile("" ::: "memory");
    }
    return sum == 0xFFFFFFFF;
}
