# exit: 18. Number of ones in 0xDEADF00D, clearing the lowest one at a time.
    .globl main
    .text
main:
    li a1, 0xDEADF00D
    li a0, 0
next:
    beqz a1, done
    addi a2, a1, -1
    and a1, a1, a2
    addi a0, a0, 1
    j next
done:
    ret
