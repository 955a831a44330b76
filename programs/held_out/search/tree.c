/* exit: 0. POSIX tsearch: an AVL tree of 509 keys in an order that is not theirs, searched, walked, and half of it deleted. */
/* sources: search/tsearch.c search/tfind.c search/tdelete.c search/twalk.c */
#define HEAP_BYTES (1 << 14)
#include "missing.h"

#include <search.h>

enum { KEYS = 509, FACTOR = 150, DEEPEST = 13 }; /* a prime; 1.44 log2(KEYS + 2), which the depth of an AVL tree is below */

static int keys[KEYS], seen, last, wrong;

static int compare(const void *left, const void *right) {
    int a = *(const int *)left, b = *(const int *)right;
    return (a > b) - (a < b);
}

static void visit(const void *node, VISIT when, int depth) {
    int key = **(const int *const *)node;
    wrong |= depth >= DEEPEST;
    if (when != postorder && when != leaf) return;
    wrong |= key <= last;
    last = key;
    seen++;
}

static int walked(const void *root) {
    seen = 0, last = -1;
    twalk(root, visit);
    return seen;
}

int main(void) {
    void *root = 0;
    for (int i = 0; i < KEYS; i++) {
        keys[i] = i * FACTOR % KEYS; /* every residue once */
        const int *const *made = tsearch(&keys[i], &root, compare);
        if (!made || *made != &keys[i]) return 1;
    }
    if (walked(root) != KEYS || wrong) return 2;
    for (int key = 0; key < KEYS; key++)
        if (!tfind(&key, &root, compare) || *(int *)*(void **)tsearch(&key, &root, compare) != key) return 3;
    for (int key = 0; key < KEYS; key += 2)
        if (!tdelete(&key, &root, compare)) return 4;
    for (int key = 0; key < KEYS; key++)
        if (!tfind(&key, &root, compare) != !(key & 1)) return 5;
    return walked(root) == KEYS / 2 && !wrong ? 0 : 6;
}
