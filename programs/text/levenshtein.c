/* exit: 0. Edit distance (Levenshtein 1966): kitten to sitting 3, intention to execution 5; then two longer words. */
#include <stdint.h>

static uint32_t row[64];

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

static uint32_t distance(const char *a, const char *b) {
    uint32_t columns = 0;
    for (; b[columns]; columns++) row[columns] = columns;
    row[columns] = columns;
    for (uint32_t i = 0; a[i]; i++) {
        uint32_t corner = i;
        row[0] = i + 1;
        for (uint32_t j = 0; j < columns; j++) {
            uint32_t above = row[j + 1];
            row[j + 1] = least(least(above, row[j]) + 1, corner + (a[i] != b[j]));
            corner = above;
        }
    }
    return row[columns];
}

int main(void) {
    if (distance("kitten", "sitting") != 3 || distance("intention", "execution") != 5) return 1;
    return distance("differentiable computers run programs", "different machines compute derivatives") < 38 ? 0 : 2;
}
