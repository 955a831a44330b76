/* Two ways to compare n bytes: both return 1 where they are equal and 0 where not. One returns at the first difference and so
 * tells in its time how long the common prefix is; the other reads everything: constant-time. */
#include <stdint.h>

int compare_early(const uint8_t *a, const uint8_t *b, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        if (a[i] != b[i]) return 0;
    return 1;
}

int compare_constant(const uint8_t *a, const uint8_t *b, uint32_t n) {
    uint32_t differ = 0;
    for (uint32_t i = 0; i < n; i++) differ |= (uint32_t)(a[i] ^ b[i]);
    return (int)((differ - 1) >> 31);
}
