/* exit: 0. String functions on bytes at odd addresses; the failing check's number otherwise. */
static unsigned length(const char *s) {
    const char *p = s;
    while (*p) p++;
    return p - s;
}

static int compare(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return (unsigned char)*a - (unsigned char)*b;
}

static void reverse(char *s) {
    for (char *left = s, *right = s + length(s) - 1; left < right; left++, right--) {
        char swap = *left;
        *left = *right;
        *right = swap;
    }
}

static const char *find(const char *text, const char *word) {
    for (; *text; text++) {
        unsigned i = 0;
        while (word[i] && text[i] == word[i]) i++;
        if (!word[i]) return text;
    }
    return 0;
}

static char buffer[40] = "?stressed desserts";

int main(void) {
    char *s = buffer + 1;
    if (length(s) != 17) return 1;
    reverse(s);
    if (compare(s, "stressed desserts")) return 2;
    if (find(s, "des") != s + 9) return 3;
    if (find(s, "cake")) return 4;
    if (compare("abc", "abd") >= 0 || compare("\xff", "a") <= 0 || compare("ab", "abc") >= 0) return 5;
    return 0;
}
