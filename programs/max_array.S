# exit: 91. Greatest of eight signed words.
    .globl main
    .text
main:
    la a1, values
    li a2, 8
    lw a0, 0(a1)
next:
    lw a3, 0(a1)
    bge a0, a3, smaller
    mv a0, a3
smaller:
    addi a1, a1, 4
    addi a2, a2, -1
    bnez a2, next
    ret
    .data
    .balign 4
values:
    .word 3, -7, 91, 0, 17, -2147483648, 90, 5
