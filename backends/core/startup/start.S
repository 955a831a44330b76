# What runs before main: sp is set by the machine, a0 and a1 go to main as they are, main's result is the exit code.
    .weak main
    .weak _start
    .section .text.start, "ax"
_start:
    call main
#ifdef __riscv_32e
    li t0, 93
#else
    li a7, 93
#endif
    ecall
