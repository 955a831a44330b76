/* exit: 0. A tokenizer: words, numbers and marks of a text, counted, numbers summed, words made upper case. */
#include <stdint.h>

static char text[] =
    "The 59 vectors agree; 32 registers, 4096 bytes of code. x = 17 * (y1 + 0x2A) - 7, and so on: 1000000 times."
    " Every part is a tensor operation or a trained network, so gradients flow through 3 machines.";

static int letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static int digit(char c) { return c >= '0' && c <= '9'; }

int main(void) {
    uint32_t words = 0, numbers = 0, marks = 0, sum = 0;
    for (char *at = text; *at;) {
        if (letter(*at)) {
            words++;
            for (; letter(*at) || digit(*at); at++)
                if (*at >= 'a' && *at <= 'z') *at -= 'a' - 'A';
        } else if (digit(*at)) {
            uint32_t value = 0;
            numbers++;
            for (; digit(*at); at++) value = value * 10 + (*at - '0');
            sum += value;
        } else {
            marks += *at++ != ' ';
        }
    }
    return words == 29 && numbers == 8 && marks == 14 && sum == 1004214 ? 0 : (int)(words ^ numbers << 8 ^ marks << 16);
}
