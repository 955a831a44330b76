/* exit: 0. A password hashed by a thousand rounds of SHA-256, an example of its specification (crypt's $5$, Drepper 2007). */
#include "check.h"

#include "crypt/crypt_sha256.c"

static const char *const known[][3] = {
    /* password, setting, hash */
    {"the minimum number is still observed", "$5$rounds=1000$roundstoolow$", "$5$rounds=1000$roundstoolow$yfvwcWrQ8l/K0DAWyuPMDNHpIVlTQebY9l/gL972bIC"},
};

int main(void) {
    for (int k = 0; k < (int)(sizeof known / sizeof *known); k++)
        if (!hashed(sha256crypt, known[k][0], known[k][1], known[k][2])) return 1 + k;
    return 0;
}
