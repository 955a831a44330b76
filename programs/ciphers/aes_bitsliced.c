/* exit: 0. AES-128 bitsliced (FIPS 197, appendix B), one known block and 16 more there and back. */
#include "../crypto/aes_bitsliced.c"
#include "aes_check.h"
