/* exit: 0. A filter of 16 taps in Q15 with saturation: a constant comes out as itself, loud input is clipped. */
#include <stdint.h>

enum { TAPS = 16, SAMPLES = 200 };
static int16_t samples[SAMPLES + TAPS], out[SAMPLES];
static const int16_t taps[TAPS] = {
    -120, 340, -610, 1100, -1900, 3300, 5200, 9074, 9074, 5200, 3300, -1900, 1100, -610, 340, -120,
};

static int16_t saturated(int32_t x) { return x > 32767 ? 32767 : x < -32768 ? -32768 : x; }

static void filter(void) {
    for (int i = 0; i < SAMPLES; i++) {
        int32_t sum = 1 << 14;
        for (int k = 0; k < TAPS; k++) sum += samples[i + k] * taps[k];
        out[i] = saturated(sum >> 15);
    }
}

int main(void) {
    int32_t total = 0;
    for (int k = 0; k < TAPS; k++) total += taps[k];
    if (total != 32768) return 1;
    for (int i = 0; i < SAMPLES + TAPS; i++) samples[i] = 1234;
    filter();
    for (int i = 0; i < SAMPLES; i++)
        if (out[i] != 1234) return 2;
    for (int i = 0; i < SAMPLES + TAPS; i++) samples[i] = i & 8 ? 32767 : -32768;
    filter();
    int clipped = 0;
    for (int i = 0; i < SAMPLES; i++) clipped += out[i] == 32767 || out[i] == -32768;
    return clipped ? 0 : 3;
}
