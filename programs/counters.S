# exit: 3. Instructions between two reads of the retired-instruction counter; cycles and time agree under flat timing.
    .globl main
    .text
main:
    rdinstret a1
    nop
    nop
    rdinstret a2
    sub a0, a2, a1
    rdcycle a3
    rdtime a4
    sub a4, a4, a3
    addi a4, a4, -1
    bnez a4, wrong
    rdcycleh a3
    bnez a3, wrong
    ret
wrong:
    li a0, 255
    ret
