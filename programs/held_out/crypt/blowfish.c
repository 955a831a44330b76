/* exit: 0. A password hashed by bcrypt (Provos and Mazieres 1999), cost 4; the file tests itself as well. */
#include "check.h"

#include "crypt/crypt_blowfish.c"

static const char *const known[][3] = {
    /* password, setting, hash */
    {"U*U", "$2a$04$CCCCCCCCCCCCCCCCCCCCC.", "$2a$04$CCCCCCCCCCCCCCCCCCCCC.K7Qr0se1MxuggH4aP4YgB.U2Em1pGSK"},
};

int main(void) {
    for (int k = 0; k < (int)(sizeof known / sizeof *known); k++)
        if (!hashed(__crypt_blowfish, known[k][0], known[k][1], known[k][2])) return 1 + k;
    return 0;
}
