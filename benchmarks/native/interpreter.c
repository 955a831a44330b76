/* The baseline of gpu_compute: a switch interpreter over the same packed instructions, as one writes it in C.
 *
 * bits 0-7 operation, 8-13 destination, 14-18 and 19-23 sources, 32-63 immediate; a branch's immediate is the slot of its
 * target (see backends/gpu_compute/packing.py). Operation numbers are those of the instruction table.
 * Returns 0 out of steps, 1 at anything but plain execution (ecall, ebreak, trap); *cycles and *slot say where. */
#include <stdint.h>
#include <string.h>

#define JUMP(target_) do { uint32_t t_ = (target_); if (t_ >= slots) goto stop; pc = t_; } while (0)
#define LOAD(type, limit) do { \
        uint32_t at_ = a + imm - base; type v_; \
        if (at_ > size - (limit)) goto stop; \
        memcpy(&v_, memory + at_, sizeof v_); x[rd] = (uint32_t)(int32_t)v_; \
    } while (0)
#define STORE(type, limit) do { \
        uint32_t at_ = a + imm - base; type v_ = (type)b; \
        if (at_ > size - (limit)) goto stop; \
        memcpy(memory + at_, &v_, sizeof v_); \
    } while (0)

int interpret(const uint64_t *code, uint32_t slots, uint32_t *x, uint8_t *memory, uint32_t size, uint32_t base,
              uint32_t *slot, uint64_t *cycles, uint64_t max_steps) {
    uint32_t pc = *slot;
    uint64_t n = *cycles;
    while (n < max_steps) {
        uint64_t word = code[pc++];
        uint32_t rd = word >> 8 & 63, a = x[word >> 14 & 31], b = x[word >> 19 & 31], imm = word >> 32;
        int32_t sa = (int32_t)a, sb = (int32_t)b;
        switch (word & 0xFF) {
            case 0: x[rd] = imm; break;
            case 2: { uint32_t link = base + 4 * pc; JUMP(imm); x[rd] = link; break; }
            case 3: {
                uint32_t link = base + 4 * pc, to = ((a + imm) & ~1u) - base;
                JUMP(to >> 2 | to << 30);
                x[rd] = link;
                break;
            }
            case 4: if (a == b) JUMP(imm); break;
            case 5: if (a != b) JUMP(imm); break;
            case 6: if (sa < sb) JUMP(imm); break;
            case 7: if (sa >= sb) JUMP(imm); break;
            case 8: if (a < b) JUMP(imm); break;
            case 9: if (a >= b) JUMP(imm); break;
            case 10: LOAD(int8_t, 1); break;
            case 11: LOAD(int16_t, 2); break;
            case 12: LOAD(uint32_t, 4); break;
            case 13: LOAD(uint8_t, 1); break;
            case 14: LOAD(uint16_t, 2); break;
            case 15: STORE(uint8_t, 1); break;
            case 16: STORE(uint16_t, 2); break;
            case 17: STORE(uint32_t, 4); break;
            case 18: x[rd] = a + imm; break;
            case 19: x[rd] = sa < (int32_t)imm; break;
            case 20: x[rd] = a < imm; break;
            case 21: x[rd] = a ^ imm; break;
            case 22: x[rd] = a | imm; break;
            case 23: x[rd] = a & imm; break;
            case 24: x[rd] = a << imm; break;
            case 25: x[rd] = a >> imm; break;
            case 26: x[rd] = (uint32_t)(sa >> imm); break;
            case 27: x[rd] = a + b; break;
            case 28: x[rd] = a - b; break;
            case 29: x[rd] = a << (b & 31); break;
            case 30: x[rd] = sa < sb; break;
            case 31: x[rd] = a < b; break;
            case 32: x[rd] = a ^ b; break;
            case 33: x[rd] = a >> (b & 31); break;
            case 34: x[rd] = (uint32_t)(sa >> (b & 31)); break;
            case 35: x[rd] = a | b; break;
            case 36: x[rd] = a & b; break;
            case 37: x[rd] = a * b; break;
            case 38: x[rd] = (uint32_t)((int64_t)sa * sb >> 32); break;
            case 39: x[rd] = (uint32_t)((int64_t)sa * (uint64_t)b >> 32); break;
            case 40: x[rd] = (uint32_t)((uint64_t)a * b >> 32); break;
            case 41: x[rd] = b ? (uint32_t)((int64_t)sa / sb) : ~0u; break;
            case 42: x[rd] = b ? a / b : ~0u; break;
            case 43: x[rd] = b ? (uint32_t)((int64_t)sa % sb) : a; break;
            case 44: x[rd] = b ? a % b : a; break;
            case 47: break;
            default: goto stop;
        }
        n++;
        continue;
    stop:
        *slot = pc - 1;
        *cycles = n;
        return 1;
    }
    *slot = pc;
    *cycles = n;
    return 0;
}
