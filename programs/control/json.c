/* exit: 0. A checker of JSON (RFC 8259) as a state machine with a stack: texts that are, texts that are not. */
#include <stdint.h>

static const char *at;

static void blank(void) {
    while (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r') at++;
}

static int digits(void) {
    if (*at < '0' || *at > '9') return 0;
    while (*at >= '0' && *at <= '9') at++;
    return 1;
}

static int number(void) {
    if (*at == '-') at++;
    if (*at == '0') at++;
    else if (!digits()) return 0;
    if (*at == '.' && (at++, !digits())) return 0;
    if (*at == 'e' || *at == 'E') {
        at++;
        if (*at == '+' || *at == '-') at++;
        return digits();
    }
    return 1;
}

static int string(void) {
    if (*at++ != '"') return 0;
    for (; *at && *at != '"'; at++)
        if (*at == '\\' && !*++at) return 0;
    return *at++ == '"';
}

static int word(const char *wanted) {
    while (*wanted)
        if (*at++ != *wanted++) return 0;
    return 1;
}

static int value(void) {
    blank();
    char open = *at;
    if (open == '"') return string();
    if (open == 't') return word("true");
    if (open == 'f') return word("false");
    if (open == 'n') return word("null");
    if (open != '{' && open != '[') return number();
    char close = open + 2;
    at++, blank();
    if (*at == close) return at++, 1;
    for (;; at++) {
        blank();
        if (open == '{') {
            if (!string()) return 0;
            blank();
            if (*at++ != ':') return 0;
        }
        if (!value()) return 0;
        blank();
        if (*at != ',') return *at++ == close;
    }
}

static int json(const char *text) {
    at = text;
    if (!value()) return 0;
    blank();
    return *at == 0;
}

int main(void) {
    static const char *const good[] = {
        "{\"a\": [1, 2.5, -3e+10, true], \"b\": {\"c\\\"\": null, \"d\": []}}", "  [[], {}, \"x\"] ", "0", "-0.1",
    };
    static const char *const bad[] = {"{\"a\": }", "[1, 2", "[1 2]", "01", "tru", "{\"a\" 1}", "\"open", "-"};
    for (int i = 0; i < 4; i++)
        if (!json(good[i])) return 1 + i;
    for (int i = 0; i < 8; i++)
        if (json(bad[i])) return 10 + i;
    return 0;
}
