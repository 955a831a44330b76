/* exit: 17. Index of a key among 32 sorted words (i * i + 3), found in both directions of failure too. */
static int table[32];

static int search(int key) {
    int low = 0, high = 31;
    while (low <= high) {
        int middle = (low + high) / 2;
        if (table[middle] == key) return middle;
        if (table[middle] < key) low = middle + 1;
        else high = middle - 1;
    }
    return -1;
}

int main(void) {
    for (int i = 0; i < 32; i++) table[i] = i * i + 3;
    if (search(2) != -1 || search(1000000) != -1 || search(5) != -1) return 255;
    return search(17 * 17 + 3);
}
