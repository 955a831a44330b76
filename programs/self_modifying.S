# exit: 42. Writes `li a0, 42` over `li a0, 13` and makes it visible with fence.i; before that, the old one runs.
    .globl main
    .section .text.rwx, "awx"
main:
    mv a4, ra
    la a1, patch
    la a2, new
    lw a2, 0(a2)
    jal ra, patch
    li a3, 13
    bne a0, a3, wrong
    sw a2, 0(a1)
    jal ra, patch
    bne a0, a3, wrong
    fence.i
    jal ra, patch
    mv ra, a4
    ret
wrong:
    li a0, 1
    mv ra, a4
    ret
patch:
    li a0, 13
    ret
new:
    li a0, 42
