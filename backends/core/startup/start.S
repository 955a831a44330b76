# What runs before main, or before another function that is to be called: sp is set by the machine, the arguments go to it
# as they are, its result is the exit code.
    .weak main
    .weak _start
    .section .text.start, "ax"
_start:
    call START_FUNCTION
#ifdef __riscv_32e
    li t0, 93
#else
    li a7, 93
#endif
    ecall
