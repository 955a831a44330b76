// What a C program may expect of Linux; it prints the line of each expectation that does not hold, and their number is its code.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int failed;
#define CHECK(holds) ((holds) ? (void)0 : (void)(failed++, printf("line %d: errno %d\n", __LINE__, errno)))
#define FAILS(call, number) CHECK((errno = 0, (call)) == -1 && errno == (number))

static volatile sig_atomic_t seen, depth;
static void handler(int signal) { seen = signal; }
static void nested(int signal) {
    if (!depth++)
        raise(signal); // waits: it is masked here
    seen++;
}

static void files(void) {
    char text[64], path[64];
    struct stat found;
    CHECK(mkdir("/tmp/d", 0750) == 0);
    FAILS(mkdir("/tmp/d", 0750), EEXIST);
    FAILS(mkdir("/none/d", 0750), ENOENT);
    int file = open("/tmp/d/a", O_RDWR | O_CREAT | O_EXCL, 0666);
    CHECK(file >= 3 && write(file, "0123456789", 10) == 10);
    FAILS(open("/tmp/d/a", O_RDWR | O_CREAT | O_EXCL, 0666), EEXIST);
    CHECK(lseek(file, -3, SEEK_END) == 7 && read(file, text, sizeof text) == 3 && !memcmp(text, "789", 3));
    CHECK(read(file, text, sizeof text) == 0);
    FAILS(lseek(file, -1, SEEK_SET), EINVAL);
    CHECK(pread(file, text, 2, 4) == 2 && !memcmp(text, "45", 2) && pwrite(file, "x", 1, 12) == 1);
    CHECK(fstat(file, &found) == 0 && found.st_size == 13 && S_ISREG(found.st_mode) && (found.st_mode & 0777) == 0644);
    CHECK(ftruncate(file, 5) == 0 && fstat(file, &found) == 0 && found.st_size == 5);
    int other = dup(file);
    CHECK(other > file && lseek(other, 0, SEEK_CUR) == lseek(file, 0, SEEK_CUR) && dup2(file, 20) == 20 && close(20) == 0);
    FAILS(close(20), EBADF);
    CHECK((fcntl(file, F_GETFL) & O_ACCMODE) == O_RDWR && fcntl(file, F_SETFD, FD_CLOEXEC) == 0 && fcntl(file, F_GETFD) == FD_CLOEXEC);
    CHECK(close(file) == 0 && close(other) == 0);
    file = open("/tmp/d/a", O_WRONLY | O_APPEND);
    CHECK(write(file, "end", 3) == 3 && fstat(file, &found) == 0 && found.st_size == 8);
    FAILS(read(file, text, 1), EBADF);
    CHECK(close(file) == 0);
    CHECK(link("/tmp/d/a", "/tmp/d/b") == 0 && stat("/tmp/d/b", &found) == 0 && found.st_nlink == 2);
    CHECK(symlink("b", "/tmp/d/c") == 0 && lstat("/tmp/d/c", &found) == 0 && S_ISLNK(found.st_mode));
    CHECK(readlink("/tmp/d/c", text, sizeof text) == 1 && text[0] == 'b' && stat("/tmp/d/c", &found) == 0 && found.st_size == 8);
    CHECK(symlink("/tmp/loop", "/tmp/loop") == 0);
    FAILS(open("/tmp/loop", O_RDONLY), ELOOP);
    FAILS(open("/tmp/d/a/x", O_RDONLY), ENOTDIR);
    FAILS(open("/tmp/d", O_WRONLY), EISDIR);
    CHECK(rename("/tmp/d/b", "/tmp/d/e") == 0);
    FAILS(stat("/tmp/d/c", &found), ENOENT); // its target has gone
    FAILS(rename("/tmp", "/tmp/d/f"), EINVAL);
    FAILS(rmdir("/tmp/d"), ENOTEMPTY);
    CHECK(chdir("/tmp/d") == 0 && getcwd(path, sizeof path) == path && !strcmp(path, "/tmp/d"));
    CHECK(chdir("..") == 0 && getcwd(path, sizeof path) == path && !strcmp(path, "/tmp"));
    FAILS(chdir("/etc/passwd"), ENOTDIR);
    int names = 0;
    DIR *directory = opendir("/tmp/d");
    for (struct dirent *entry; (entry = readdir(directory));)
        names += strchr("ace.", entry->d_name[0]) != 0;
    CHECK(closedir(directory) == 0 && names == 5); // a, c, e and two of dots
    CHECK(unlink("/tmp/d/a") == 0 && unlink("/tmp/d/c") == 0 && unlink("/tmp/d/e") == 0 && rmdir("/tmp/d") == 0);
    FAILS(unlink("/tmp/d/a"), ENOENT);
    CHECK(chmod("/etc/passwd", 0600) == 0 && stat("/etc/passwd", &found) == 0 && (found.st_mode & 0777) == 0600);
    CHECK(access("/etc/passwd", R_OK) == 0);
    FAILS(access("/etc/passwd", X_OK), EACCES);
    struct timespec times[2] = {{1767225600, 5}, {1767225601, 7}};
    CHECK(utimensat(AT_FDCWD, "/etc/passwd", times, 0) == 0 && stat("/etc/passwd", &found) == 0);
    CHECK(found.st_mtim.tv_sec == 1767225601 && found.st_mtim.tv_nsec == 7 && found.st_atim.tv_nsec == 5);
    file = open("/dev/zero", O_RDONLY);
    memset(text, 1, sizeof text);
    CHECK(read(file, text, 9) == 9 && !text[8] && text[9] == 1 && close(file) == 0);
    file = open("/dev/null", O_RDWR);
    CHECK(read(file, text, 9) == 0 && write(file, text, 9) == 9 && close(file) == 0);
}

static void memory(void) {
    char *area = mmap(0, 10000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(area != MAP_FAILED && !((unsigned)area & 4095) && !area[9999]);
    memset(area, 7, 10000);
    area = mremap(area, 10000, 100000, MREMAP_MAYMOVE);
    CHECK(area != MAP_FAILED && area[9999] == 7 && !area[99999] && munmap(area, 100000) == 0);
    FAILS((int)mmap(0, 1u << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), ENOMEM);
    FAILS((int)mmap(0, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL);
    int file = open("/etc/group", O_RDONLY);
    area = mmap(0, 4096, PROT_READ, MAP_PRIVATE, file, 0);
    CHECK(area != MAP_FAILED && !memcmp(area, "root", 4) && munmap(area, 4096) == 0 && close(file) == 0);
    long end = syscall(SYS_brk, 0);
    CHECK(syscall(SYS_brk, end + 5000) == end + 5000 && !((char *)end)[4999] && syscall(SYS_brk, 8) == end + 5000);
    FAILS(read(0, (void *)8, 4), EFAULT);
    FAILS(write(1, (void *)8, 4), EFAULT);
    CHECK(malloc(1 << 20) != 0);
}

static void pipes(void) {
    int ends[2], status;
    char text[8];
    CHECK(pipe(ends) == 0);
    struct pollfd asked[2] = {{ends[0], POLLIN, 0}, {ends[1], POLLOUT, 0}};
    CHECK(poll(asked, 2, 0) == 1 && !asked[0].revents && asked[1].revents == POLLOUT);
    CHECK(write(ends[1], "ab", 2) == 2 && poll(asked, 1, -1) == 1 && asked[0].revents == POLLIN);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    CHECK(select(ends[0] + 1, &set, 0, 0, 0) == 1 && FD_ISSET(ends[0], &set));
    CHECK(read(ends[0], text, 8) == 2 && close(ends[1]) == 0 && read(ends[0], text, 8) == 0 && close(ends[0]) == 0);
    CHECK(pipe2(ends, O_NONBLOCK) == 0);
    FAILS(read(ends[0], text, 1), EAGAIN);
    CHECK(close(ends[0]) == 0 && signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    FAILS(write(ends[1], "a", 1), EPIPE);
    CHECK(signal(SIGPIPE, SIG_DFL) == SIG_IGN);
    pid_t child = fork();
    if (!child) {
        write(ends[1], "a", 1);
        _exit(0);
    }
    CHECK(wait(&status) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE && close(ends[1]) == 0);
    static char much[200000];
    long total = 0;
    CHECK(pipe(ends) == 0);
    child = fork();
    if (!child) {
        for (long left = sizeof much, n; left > 0; left -= n)
            n = write(ends[1], much, left);
        _exit(0);
    }
    close(ends[1]);
    for (long n; (n = read(ends[0], much, 5000)) > 0;)
        total += n;
    CHECK(total == sizeof much && wait(0) == child && close(ends[0]) == 0);
}

static void processes(void) {
    int status;
    FAILS(wait(&status), ECHILD);
    pid_t child = fork();
    if (!child)
        _exit(getppid() == 1 ? 300 & 255 : 1);
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 44);
    child = fork();
    if (!child)
        for (;;)
            pause();
    CHECK(waitpid(child, &status, WNOHANG) == 0 && kill(child, SIGTERM) == 0);
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    FAILS(kill(child, 0), ESRCH);
    int signals[][2] = {{0, SIGSEGV}, {1, SIGILL}, {2, SIGTRAP}, {3, SIGBUS}, {4, SIGABRT}};
    for (int i = 0; i < 5; i++) {
        child = fork();
        if (!child) {
            if (i == 0)
                *(volatile int *)4 = 1;
            if (i == 1)
                __asm__ volatile(".word 0");
            if (i == 2)
                __asm__ volatile("ebreak");
            if (i == 3)
                __asm__ volatile("lr.w t0, (%0)" : : "r"((char *)signals + 1) : "t0");
            abort();
        }
        CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == signals[i][1]);
    }
    child = fork();
    if (!child) { // its child is an orphan
        if (!fork()) {
            usleep(1000);
            _exit(getppid() == 1 ? 5 : 6);
        }
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child && wait(&status) > 0 && WEXITSTATUS(status) == 5);
    CHECK(setpgid(0, 0) == 0 && getpgrp() == getpid() && getsid(0) == 1);
    pid_t held[32];
    int made = 0;
    while (made < 32 && (held[made] = fork()) > 0)
        made++;
    if (made < 32 && !held[made])
        for (;;)
            pause();
    CHECK(made == 14 && errno == EAGAIN);
    for (int i = 0; i < made; i++)
        CHECK(kill(held[i], SIGKILL) == 0 && waitpid(held[i], &status, 0) == held[i]);
}

static void waiting(void) {
    struct timespec before, after, second = {1, 0};
    CHECK(clock_gettime(CLOCK_MONOTONIC, &before) == 0 && nanosleep(&second, 0) == 0);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &after) == 0);
    double passed = after.tv_sec - before.tv_sec + (after.tv_nsec - before.tv_nsec) * 1e-9;
    CHECK(passed >= 1 && passed < 1.1 && time(0) >= 1767225600);
    signal(SIGALRM, handler);
    alarm(2);
    FAILS(pause(), EINTR);
    CHECK(seen == SIGALRM);
    struct itimerval often = {{0, 1000}, {0, 1000}};
    CHECK(setitimer(ITIMER_REAL, &often, 0) == 0);
    for (seen = 0; !seen;)
        ; // the clock goes on while it computes
    CHECK(setitimer(ITIMER_REAL, &(struct itimerval){0}, 0) == 0 && seen == SIGALRM);
    int ends[2];
    char text;
    pipe(ends);
    struct pollfd asked = {ends[0], POLLIN, 0};
    CHECK(poll(&asked, 1, 50) == 0);
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    CHECK(sigaction(SIGALRM, &action, 0) == 0);
    pid_t child = fork();
    if (!child) {
        sleep(3);
        write(ends[1], "z", 1);
        _exit(0);
    }
    alarm(1);
    seen = 0;
    CHECK(read(ends[0], &text, 1) == 1 && text == 'z' && seen == SIGALRM && wait(0) == child); // it was made again
    sigset_t mask, old, pending;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    signal(SIGUSR1, handler);
    seen = 0;
    CHECK(sigprocmask(SIG_BLOCK, &mask, &old) == 0 && raise(SIGUSR1) == 0 && !seen);
    CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1));
    FAILS(sigsuspend(&old), EINTR);
    CHECK(seen == SIGUSR1 && sigprocmask(SIG_SETMASK, 0, &mask) == 0 && sigismember(&mask, SIGUSR1));
    CHECK(sigprocmask(SIG_SETMASK, &old, 0) == 0);
    seen = 0;
    signal(SIGUSR2, nested);
    CHECK(raise(SIGUSR2) == 0 && seen == 2 && depth == 2);
}

int main(int count, char **words) {
    if (count == 3) // run by itself, with open files
        return strcmp(words[1], "a b") || strcmp(getenv("NAME"), "value") || fcntl(atoi(words[2]), F_GETFD) != -1;
    files();
    memory();
    pipes();
    processes();
    waiting();
    struct utsname name;
    CHECK(uname(&name) == 0 && !strcmp(name.sysname, "Linux") && !strcmp(name.machine, "riscv32"));
    int status, kept = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    pid_t child = fork();
    char number[8];
    sprintf(number, "%d", kept);
    if (!child) {
        execve("/bin/none", (char *[]){"none", 0}, 0);
        _exit(errno != ENOENT ? 2 : execve("/bin/calls", (char *[]){"calls", "a b", number, 0}, (char *[]){"NAME=value", 0}));
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    printf("%d failed\n", failed);
    return failed;
}
