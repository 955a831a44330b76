/* exit: 0. Passwords hashed by DES: traditional of 8 letters, and extended (BSDi). */
#include "check.h"

#include "crypt/crypt_des.c"

static const char *const known[][3] = {
    /* password, setting, hash */
    {"U*U*U*U", "CC", "CC7OAxBQafhL2"},
    {"U*U*U*", "CC", "CCsFHmTJXTF/w"},
    {"password", "ab", "abJnggxhB/yWI"},
    {"U*U*U*U*", "_J9..CCCC", "_J9..CCCCXBrJUJV154M"},
};

int main(void) {
    for (int k = 0; k < (int)(sizeof known / sizeof *known); k++)
        if (!hashed(__crypt_des, known[k][0], known[k][1], known[k][2])) return 1 + k;
    return 0;
}
