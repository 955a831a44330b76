/* exit: 0. The corner cases of signed and unsigned division that the ISA fixes, in inline assembly. */
#define OPERATE(op, a, b) ({ unsigned r_; asm volatile(#op " %0, %1, %2" : "=r"(r_) : "r"(a), "r"(b)); r_; })

int main(void) {
    unsigned low = 0x80000000u, ones = 0xFFFFFFFFu;
    if (OPERATE(div, 7, 0) != ones || OPERATE(divu, 7, 0) != ones) return 1;
    if (OPERATE(rem, 7, 0) != 7 || OPERATE(remu, low, 0) != low) return 2;
    if (OPERATE(div, low, ones) != low || OPERATE(rem, low, ones) != 0) return 3;
    if (OPERATE(div, -7, 2) != (unsigned)-3 || OPERATE(rem, -7, 2) != (unsigned)-1) return 4;
    if (OPERATE(rem, 7, -2) != 1 || OPERATE(divu, ones, 16) != 0x0FFFFFFFu) return 5;
    if (OPERATE(mulh, low, low) != 0x40000000u || OPERATE(mulhsu, ones, ones) != ones) return 6;
    if (OPERATE(mulhu, ones, ones) != 0xFFFFFFFEu) return 7;
    return 0;
}
