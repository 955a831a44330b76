/* exit: 0. A password hashed by a thousand rounds of MD5 (crypt's $1$, Kamp 1994). */
#include "check.h"

#include "crypt/crypt_md5.c"

static const char *const known[][3] = {
    /* password, setting, hash */
    {"password", "$1$saltsalt$", "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/"},
};

int main(void) {
    for (int k = 0; k < (int)(sizeof known / sizeof *known); k++)
        if (!hashed(md5crypt, known[k][0], known[k][1], known[k][2])) return 1 + k;
    return 0;
}
