/* exit: 55. A stack machine that interprets a program summing 10 + 9 + … + 1. */
enum { PUSH, LOAD, STORE, ADD, SUB, JUMP_IF, STOP };
static const signed char code[] = {
    PUSH, 10, STORE, 0, PUSH, 0, STORE, 1,
    LOAD, 1, LOAD, 0, ADD, STORE, 1, LOAD, 0, PUSH, 1, SUB, STORE, 0, LOAD, 0, JUMP_IF, 8,
    LOAD, 1, STOP,
};

int main(void) {
    int stack[8], cells[2], sp = 0;
    for (int pc = 0;;) {
        switch (code[pc++]) {
            case PUSH: stack[sp++] = code[pc++]; break;
            case LOAD: stack[sp++] = cells[code[pc++]]; break;
            case STORE: cells[code[pc++]] = stack[--sp]; break;
            case ADD: sp--; stack[sp - 1] += stack[sp]; break;
            case SUB: sp--; stack[sp - 1] -= stack[sp]; break;
            case JUMP_IF: pc = stack[--sp] ? code[pc] : pc + 1; break;
            case STOP: return stack[--sp];
        }
    }
}
