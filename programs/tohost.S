# exit: 0. Ends by a store of 1 to the symbol tohost, as the official test suite does.
    .globl _start
    .text
_start:
    li a0, 1
    la a1, tohost
    sw a0, 0(a1)
forever:
    j forever
    .section .tohost, "aw"
    .globl tohost
    .balign 64
tohost:
    .word 0, 0
