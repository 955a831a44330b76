# Runs `solution` on every row of a table, says how many come out right, and exits with 0 where all do.
# The generated part has the table, the solution, and how a row is set up and compared. A solution uses none of ra, sp,
# gp and tp: gp is the row at hand, tp counts those that are right. Built for RV32E, where t0 holds a call's number.
#include "solution.S"

    .text
    .globl main
main:
    addi sp, sp, -32
    sw ra, 28(sp)
    la gp, rows
    li tp, 0
next_row:
    set_inputs
    call solution
    compare_outputs
    addi tp, tp, 1
wrong:
    addi gp, gp, ROW_BYTES
    la ra, rows_end
    bne gp, ra, next_row

    mv a0, tp               # how many, in decimal digits from the last to the first
    addi a1, sp, 12
    li a2, 10
digit:
    remu a3, a0, a2
    divu a0, a0, a2
    addi a3, a3, '0'
    addi a1, a1, -1
    sb a3, 0(a1)
    bnez a0, digit
    addi a2, sp, 12
    sub a2, a2, a1
    call write
    la a1, message
    li a2, MESSAGE_BYTES
    call write
    li a0, ROWS
    sub a0, a0, tp
    snez a0, a0
    lw ra, 28(sp)
    addi sp, sp, 32
    ret
write:
    li a0, 1
    li t0, 64
    ecall
    ret
