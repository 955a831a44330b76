// A pipeline of five processes: numbers | squares | odd ones | sums | the last line, with fork, pipe and wait. exit: 0.
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STAGES = 5, COUNT = 20 };

static int take(int *value) { return read(STDIN_FILENO, value, sizeof *value) == sizeof *value; }

static void give(int value) {
    if (write(STDOUT_FILENO, &value, sizeof value) != sizeof value)
        _exit(1);
}

static void numbers(void) {
    for (int i = 1; i <= COUNT; i++)
        give(i);
}

static void squares(void) {
    for (int value; take(&value);)
        give(value * value);
}

static void odd(void) {
    for (int value; take(&value);)
        if (value % 2)
            give(value);
}

static void sums(void) {
    int sum = 0;
    for (int value; take(&value);)
        give(sum += value);
}

static void last(void) {
    int value, found = 0;
    while (take(&value))
        found = value;
    printf("%d\n", found);
    fflush(stdout);
}

int main(void) {
    void (*const stages[STAGES])(void) = {numbers, squares, odd, sums, last};
    int before = -1;
    for (int i = 0; i < STAGES; i++) {
        int ends[2] = {-1, STDOUT_FILENO};
        if (i < STAGES - 1 && pipe(ends))
            return 1;
        pid_t child = fork();
        if (child < 0)
            return 1;
        if (!child) {
            if (before >= 0)
                dup2(before, STDIN_FILENO);
            if (i < STAGES - 1) {
                dup2(ends[1], STDOUT_FILENO);
                close(ends[0]);
            }
            stages[i]();
            _exit(i);
        }
        if (before >= 0)
            close(before);
        if (i < STAGES - 1)
            close(ends[1]);
        before = ends[0];
    }
    int codes = 0;
    for (int status, pid; (pid = wait(&status)) > 0;)
        codes += WEXITSTATUS(status);
    return codes != 0 + 1 + 2 + 3 + 4;
}
