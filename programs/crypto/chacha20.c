/* ChaCha20: additions, exclusive ors and rotations by constants only. No address and no branch depends on key, nonce or
 * message: constant-time. Source: RFC 8439, 2.1 to 2.4. */
#include "words.h"

enum { WORDS = 16, BLOCK = 64, DOUBLE_ROUNDS = 10 };

/* "expand 32-byte k" */
static const uint32_t constants[4] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

static inline void quarter_round(uint32_t *s, int a, int b, int c, int d) {
    s[a] += s[b], s[d] = rotate_left(s[d] ^ s[a], 16);
    s[c] += s[d], s[b] = rotate_left(s[b] ^ s[c], 12);
    s[a] += s[b], s[d] = rotate_left(s[d] ^ s[a], 8);
    s[c] += s[d], s[b] = rotate_left(s[b] ^ s[c], 7);
}

static void key_stream(const uint32_t state[WORDS], uint8_t stream[BLOCK]) {
    uint32_t s[WORDS];
    for (int i = 0; i < WORDS; i++) s[i] = state[i];
    for (int round = 0; round < DOUBLE_ROUNDS; round++) {
        for (int i = 0; i < 4; i++) quarter_round(s, i, i + 4, i + 8, i + 12);
        for (int i = 0; i < 4; i++) quarter_round(s, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
    }
    for (int i = 0; i < WORDS; i++) store32(stream + 4 * i, s[i] + state[i]);
}

/* key: 32 bytes; nonce: 12; counter: of the first block; output: input of `length` bytes with the key stream added. */
void chacha20(const uint8_t *key, const uint8_t *nonce, uint32_t counter, const uint8_t *input, uint8_t *output,
              uint32_t length) {
    uint32_t state[WORDS];
    uint8_t stream[BLOCK];
    for (int i = 0; i < 4; i++) state[i] = constants[i];
    for (int i = 0; i < 8; i++) state[4 + i] = load32(key + 4 * i);
    for (int i = 0; i < 3; i++) state[13 + i] = load32(nonce + 4 * i);
    for (uint32_t done = 0; done < length; done += BLOCK, counter++) {
        state[12] = counter;
        key_stream(state, stream);
        for (uint32_t i = 0; i < BLOCK && i < length - done; i++) output[done + i] = input[done + i] ^ stream[i];
    }
}
