/* exit: 0. AES-128 by tables (FIPS 197, appendix B), one known block and 16 more there and back. */
#include "../crypto/aes_ttable.c"
#include "aes_check.h"
