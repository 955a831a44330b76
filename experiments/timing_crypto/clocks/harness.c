/* Times calls of one function on the host, each from the same addresses: its input is copied into place, what is to be cold is
 * flushed, and only the call lies between two readings of the clock. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#if defined(__x86_64__)
#include <immintrin.h>
#include <x86intrin.h>
#endif

/* The function takes at most six words. Those that it does not take are passed in registers that it does not read, in the
 * calling conventions of AMD64 and AArch64. */
typedef int (*function)(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t);

enum { LINE_BYTES = 64, EVICTION_BYTES = 8 << 20, TRIALS = 1000 };

static uint64_t monotonic(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The processor's counter, after all that comes before it and before all that comes after. */
static inline uint64_t counter(void) {
#if defined(__x86_64__)
    _mm_lfence();
    uint64_t now = __rdtsc();
    _mm_lfence();
    return now;
#elif defined(__aarch64__)
    uint64_t now;
    __asm__ volatile("isb; mrs %0, cntvct_el0; isb" : "=r"(now) : : "memory");
    return now;
#else
    return 0;
#endif
}

/* Whether the counter moves, and never back. */
int harness_counter_works(void) {
    uint64_t first = counter(), last = first;
    for (int i = 0; i < TRIALS; i++) {
        uint64_t now = counter();
        if (now < last) return 0;
        last = now;
    }
    return last > first;
}

static void flush(const uint8_t *bytes, size_t size) {
#if defined(__x86_64__)
    for (size_t i = 0; i < size; i += LINE_BYTES) _mm_clflush(bytes + i);
    if (size) {
        _mm_clflush(bytes + size - 1);
        _mm_mfence();
    }
#else
    static volatile uint8_t walked[EVICTION_BYTES];
    (void)bytes;
    for (size_t i = 0; size && i < EVICTION_BYTES; i += LINE_BYTES) walked[i]++;
#endif
}

/* times `[n]`, of calls with the arguments given, after row k of inputs `[n, input_bytes]` was copied to `input`. flushed: what
 * is not in the caches when a call begins, of 0 bytes nothing. with_counter: 0 for nanoseconds of the monotonic clock. */
void harness_measure(function called, const uintptr_t arguments[6], uint8_t *input, const uint8_t *inputs,
                     size_t input_bytes, size_t n, const uint8_t *flushed, size_t flushed_bytes, int with_counter,
                     uint64_t *times) {
    const uintptr_t *a = arguments;
    for (size_t k = 0; k < n; k++) {
        memcpy(input, inputs + k * input_bytes, input_bytes);
        flush(flushed, flushed_bytes);
        uint64_t start = with_counter ? counter() : monotonic();
        called(a[0], a[1], a[2], a[3], a[4], a[5]);
        times[k] = (with_counter ? counter() : monotonic()) - start;
    }
}
