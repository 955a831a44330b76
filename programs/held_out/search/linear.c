/* exit: 0. POSIX lsearch and lfind: records in an unsorted array; each of 97 once, however often it is entered. */
#define HEAP_BYTES 16
#include "missing.h"

#include "search/lsearch.c"

enum { RECORDS = 97, ENTERED = 400 };

struct record { short key, other; };

static struct record records[RECORDS];

static int compare(const void *left, const void *right) {
    return ((const struct record *)left)->key - ((const struct record *)right)->key;
}

int main(void) {
    size_t count = 0;
    for (int i = 0; i < ENTERED; i++) {
        struct record one = {i * i % RECORDS, i}, two = {RECORDS - 1 - i % RECORDS, i};
        struct record *first = lsearch(&one, records, &count, sizeof one, compare);
        struct record *second = lsearch(&two, records, &count, sizeof two, compare);
        if (first->key != one.key || second->key != two.key) return 1;
    }
    if (count != RECORDS) return 2;
    for (int key = 0; key < 2 * RECORDS; key++) {
        struct record *found = lfind(&(struct record){key, 0}, records, &count, sizeof *records, compare);
        if (key < RECORDS ? !found || found->key != key : found != 0) return 3;
    }
    return 0;
}
