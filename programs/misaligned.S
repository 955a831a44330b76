# exit: 0. Loads and stores of halves and words at every byte offset; the failing check's number otherwise.
    .globl main
    .text
main:
    la a1, bytes
    li a0, 1
    lw a2, 1(a1)
    li a3, 0x55443322
    bne a2, a3, done
    li a0, 2
    lhu a2, 3(a1)
    li a3, 0x5544
    bne a2, a3, done
    li a0, 3
    lh a2, 7(a1)
    li a3, 0xFFFF9988
    bne a2, a3, done
    li a0, 4
    li a2, 0xA1B2C3D4
    sw a2, 2(a1)
    lbu a3, 5(a1)
    li a4, 0xA1
    bne a3, a4, done
    li a0, 5
    sh a2, 7(a1)
    lw a3, 5(a1)
    li a4, 0xC3D477A1
    bne a3, a4, done
    li a0, 0
done:
    ret
    .data
    .balign 4
bytes:
    .byte 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xAA, 0xBB, 0xCC
