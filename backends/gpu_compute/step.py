"""The discrete machine's step, written once for CPU cores and for CUDA.

`advance` is plain Python over scalars and arrays, compiled by `launch.py`. It is one long function on purpose: LLVM turns the
chain of comparisons into one jump table. Arithmetic is on unsigned words; stores into the uint32 register array wrap it.
"""

import numpy as np

from backends.core.isa import ILLEGAL, NUMBER
from backends.core.state import AT_ECALL, AT_FENCE, AT_TOHOST, HALTED, RUNNING, TRAPPED
from backends.gpu_compute.arguments import shadow_of
from backends.gpu_compute.arithmetic import EXTENSION, extended, quotient, remainder
from backends.gpu_compute.atomics import AMOMAXU, LR, atomic
from backends.gpu_compute.compiling import imm_of, op_of, rd_of, rs1_of, rs2_of
from backends.gpu_compute.observed import accessed, counted, entered, follow, jumped, ran, wait
from backends.interface import Cause

AT_UNDECODED = 15  # the next instruction is not in the decoded window; the host decides
_CAUSES = (Cause.ILLEGAL_INSTRUCTION, Cause.MISALIGNED_FETCH, Cause.ACCESS_OUTSIDE_MEMORY)
_ILLEGAL_INSTRUCTION, _MISALIGNED_FETCH, _OUTSIDE = map(int, _CAUSES)

# Module constants, because Numba freezes those into the code; the order is the table's.
(LUI, AUIPC, JAL, JALR, BEQ, BNE, BLT, BGE, BLTU, BGEU, LB, LH, LW, LBU, LHU, SB, SH, SW) = range(18)
(ADDI, SLTI, SLTIU, XORI, ORI, ANDI, SLLI, SRLI, SRAI) = range(18, 27)
(ADD, SUB, SLL, SLT, SLTU, XOR, SRL, SRA, OR, AND, MUL, MULH, MULHSU, MULHU, DIV, DIVU, REM, REMU) = range(27, 45)
(ECALL, EBREAK, FENCE, FENCE_I, RDCYCLE, RDTIME, RDINSTRET, RDCYCLEH, RDTIMEH, RDINSTRETH) = range(45, 55)
assert all(globals()[name.upper().replace(".", "_")] == n for name, n in NUMBER.items())


def advance(code, instance, k, caches, traces, shadows, profiles, extensions):
    """Run one instance until it stops, waits, or has retired `max_steps`.

    code: `[slots + 1]` uint64, packed instructions. instance: an `Instance`. k: which of all instances this one is in what
    follows: caches: `Caches`; traces: hashes of pcs and of accesses `[B]` uint64; shadows: `Shadows`; profiles: `Profiles`;
    extensions: `Extensions`. A step is compiled without what is None. Returns (status, pc, retired, stalls, cause, address).
    """
    x, memory, words, tohost, _, pc, retired, stalls, max_steps, base = instance
    slots, size, base = np.uint32(len(code) - 1), np.uint32(len(memory)), np.uint32(base)
    byte_limit, half_limit, word_limit = size, np.uint32(size - np.uint32(1)), np.uint32(size - np.uint32(3))
    start = np.uint32(np.uint32(pc) - base)
    if start & np.uint32(3) or start >> np.uint32(2) >= slots:
        return AT_UNDECODED, np.uint32(pc), retired, stalls, 0, np.uint32(0)
    i = np.uint64(start >> np.uint32(2))
    status, cause, address, target, far, width = RUNNING, 0, np.uint32(0), np.uint32(0), False, 0
    instruction, op, pcs, accesses, first = np.uint64(0), np.uint64(0), np.uint64(0), np.uint64(0), i
    if caches is not None:
        lines = caches.lines[k]
    if traces is not None:
        pcs, accesses = traces[0][k], traces[1][k]
    if shadows is not None:
        shadow = shadow_of(shadows, k)
    while retired < max_steps:
        instruction, i = code[i], i + np.uint64(1)
        op, rd, imm = op_of(instruction), rd_of(instruction), imm_of(instruction)
        a, b = x[rs1_of(instruction)], x[rs2_of(instruction)]
        if caches is not None:
            stalls += wait(lines, caches, op, np.uint32(a + imm), base, size)
        if shadows is not None:
            follow(shadow, instruction, i - np.uint64(1), a, b, base, size)
        if op == LUI:
            x[rd] = imm
        elif op == ADDI:
            x[rd] = a + imm
        elif op == JAL:
            if imm >= slots:
                far, target = True, imm
                break
            x[rd] = base + np.uint32(i << np.uint64(2))
            pcs, first = jumped(traces, profiles, k, pcs, first, i, imm, base)
            i = np.uint64(imm)
        elif op == JALR:
            offset = np.uint32((np.uint32(a + imm) & np.uint32(0xFFFFFFFE)) - base)
            target = np.uint32(offset >> np.uint32(2)) | np.uint32(offset << np.uint32(30))
            if target >= slots:
                far = True
                break
            x[rd] = base + np.uint32(i << np.uint64(2))
            pcs, first = jumped(traces, profiles, k, pcs, first, i, target, base)
            i = np.uint64(target)
        elif op == BEQ:
            if a == b:
                if imm >= slots:
                    far, target = True, imm
                    break
                pcs, first = jumped(traces, profiles, k, pcs, first, i, imm, base)
                i = np.uint64(imm)
        elif op == BNE:
            if a != b:
                if imm >= slots:
                    far, target = True, imm
                    break
                pcs, first = jumped(traces, profiles, k, pcs, first, i, imm, base)
                i = np.uint64(imm)
        elif op == BLT:
            if np.int32(a) < np.int32(b):
                if imm >= slots:
                    far, target = True, imm
                    break
                pcs, first = jumped(traces, profiles, k, pcs, first, i, imm, base)
                i = np.uint64(imm)
        elif op == BGE:
            if np.int32(a) >= np.int32(b):
                if imm >= slots:
                    far, target = True, imm
                    break
                pcs, first = jumped(traces, profiles, k, pcs, first, i, imm, base)
                i = np.uint64(imm)
        elif op == BLTU:
            if a < b:
                if imm >= slots:
                    far, target = True, imm
                    break
                pcs, first = jumped(traces, profiles, k, pcs, first, i, imm, base)
                i = np.uint64(imm)
        elif op == BGEU:
            if a >= b:
                if imm >= slots:
                    far, target = True, imm
                    break
                pcs, first = jumped(traces, profiles, k, pcs, first, i, imm, base)
                i = np.uint64(imm)
        elif op == LB:
            offset = np.uint32(np.uint32(a + imm) - base)
            if offset >= byte_limit:
                width = 1
                break
            accesses = accessed(traces, accesses, a, imm)
            x[rd] = np.int32(np.int8(memory[offset]))
        elif op == LH:
            offset = np.uint32(np.uint32(a + imm) - base)
            if offset >= half_limit:
                width = 2
                break
            accesses = accessed(traces, accesses, a, imm)
            x[rd] = np.int32(np.int16(np.uint32(memory[offset]) | np.uint32(memory[offset + np.uint32(1)]) << np.uint32(8)))
        elif op == LW:
            offset = np.uint32(np.uint32(a + imm) - base)
            if offset >= word_limit:
                width = 4
                break
            accesses = accessed(traces, accesses, a, imm)
            if offset & np.uint32(3):
                low = np.uint32(memory[offset]) | np.uint32(memory[offset + np.uint32(1)]) << np.uint32(8)
                low |= np.uint32(memory[offset + np.uint32(2)]) << np.uint32(16)
                x[rd] = low | np.uint32(memory[offset + np.uint32(3)]) << np.uint32(24)
            else:
                x[rd] = words[offset >> np.uint32(2)]
        elif op == LBU:
            offset = np.uint32(np.uint32(a + imm) - base)
            if offset >= byte_limit:
                width = 1
                break
            accesses = accessed(traces, accesses, a, imm)
            x[rd] = memory[offset]
        elif op == LHU:
            offset = np.uint32(np.uint32(a + imm) - base)
            if offset >= half_limit:
                width = 2
                break
            accesses = accessed(traces, accesses, a, imm)
            x[rd] = np.uint32(memory[offset]) | np.uint32(memory[offset + np.uint32(1)]) << np.uint32(8)
        elif op == SB:
            offset = np.uint32(np.uint32(a + imm) - base)
            if offset >= byte_limit:
                width = 1
                break
            accesses = accessed(traces, accesses, a, imm)
            memory[offset] = b
            if offset == tohost:
                retired, status = retired + 1, AT_TOHOST
                break
        elif op == SH:
            offset = np.uint32(np.uint32(a + imm) - base)
            if offset >= half_limit:
                width = 2
                break
            accesses = accessed(traces, accesses, a, imm)
            memory[offset] = b
            memory[offset + np.uint32(1)] = b >> np.uint32(8)
            if offset == tohost:
                retired, status = retired + 1, AT_TOHOST
                break
        elif op == SW:
            offset = np.uint32(np.uint32(a + imm) - base)
            if offset >= word_limit:
                width = 4
                break
            accesses = accessed(traces, accesses, a, imm)
            if offset & np.uint32(3):
                memory[offset] = b
                memory[offset + np.uint32(1)] = b >> np.uint32(8)
                memory[offset + np.uint32(2)] = b >> np.uint32(16)
                memory[offset + np.uint32(3)] = b >> np.uint32(24)
            else:
                words[offset >> np.uint32(2)] = b
            if offset == tohost:
                retired, status = retired + 1, AT_TOHOST
                break
        elif op == SLTI:
            x[rd] = np.int32(a) < np.int32(imm)
        elif op == SLTIU:
            x[rd] = a < imm
        elif op == XORI:
            x[rd] = a ^ imm
        elif op == ORI:
            x[rd] = a | imm
        elif op == ANDI:
            x[rd] = a & imm
        elif op == SLLI:
            x[rd] = a << imm
        elif op == SRLI:
            x[rd] = a >> imm
        elif op == SRAI:
            x[rd] = np.int32(a) >> imm
        elif op == ADD:
            x[rd] = a + b
        elif op == SUB:
            x[rd] = a - b
        elif op == SLL:
            x[rd] = a << (b & np.uint32(31))
        elif op == SLT:
            x[rd] = np.int32(a) < np.int32(b)
        elif op == SLTU:
            x[rd] = a < b
        elif op == XOR:
            x[rd] = a ^ b
        elif op == SRL:
            x[rd] = a >> (b & np.uint32(31))
        elif op == SRA:
            x[rd] = np.int32(a) >> (b & np.uint32(31))
        elif op == OR:
            x[rd] = a | b
        elif op == AND:
            x[rd] = a & b
        elif op == MUL:
            x[rd] = a * b
        elif op == MULH:
            x[rd] = np.int64(np.int32(a)) * np.int64(np.int32(b)) >> np.int64(32)
        elif op == MULHSU:
            x[rd] = np.int64(np.int32(a)) * np.int64(b) >> np.int64(32)
        elif op == MULHU:
            x[rd] = np.uint64(a) * np.uint64(b) >> np.uint64(32)
        elif op == DIV:
            x[rd] = quotient(a, b)
        elif op == DIVU:
            x[rd] = a // b if b != 0 else np.uint32(0xFFFFFFFF)
        elif op == REM:
            x[rd] = remainder(a, b)
        elif op == REMU:
            x[rd] = a % b if b != 0 else a
        elif op == EBREAK:
            retired, status = retired + 1, HALTED
            break
        elif op == ECALL:
            i, status = i - np.uint64(1), AT_ECALL
            break
        elif op == FENCE_I:
            i, status = i - np.uint64(1), AT_FENCE
            break
        elif op >= RDCYCLE and op <= RDINSTRETH:
            count = retired if op in (RDINSTRET, RDINSTRETH) else retired + stalls
            x[rd] = count if op <= RDINSTRET else count >> 32
        elif op >= LR and op <= AMOMAXU:
            cause, tolled = atomic(instance, rd, op, a, b)
            if cause:
                width = 4
                break
            accesses = accessed(traces, accesses, a, imm)
            if tolled:
                retired, status = retired + 1, AT_TOHOST
                break
        elif op == ILLEGAL:
            i, status, cause = i - np.uint64(1), TRAPPED, _ILLEGAL_INSTRUCTION
            address = base + np.uint32(i << np.uint64(2))
            break
        elif op != FENCE:
            if extensions is None or op < EXTENSION:
                i, status = i - np.uint64(1), AT_UNDECODED
                break
            x[rd] = extended(extensions, k, op, a, b, imm)
        retired += 1
    end = i + np.uint64(1) if status in (AT_ECALL, AT_FENCE) else i
    if traces is not None:
        traces[0][k], traces[1][k] = ran(pcs, first, end, base), accesses
    counted(profiles, k, first, end)
    pc = np.uint32(base + np.uint32(i << np.uint64(2)))
    if width:
        status, cause, pc = TRAPPED, cause if cause else _OUTSIDE, np.uint32(pc - np.uint32(4))
        address = np.uint32(x[rs1_of(instruction)] + imm_of(instruction))
    elif far:
        address = np.uint32(base + (np.uint32(target << np.uint32(2)) | np.uint32(target >> np.uint32(30))))
        if address & np.uint32(3):
            status, cause, pc = TRAPPED, _MISALIGNED_FETCH, np.uint32(pc - np.uint32(4))
        else:
            x[rd_of(instruction)] = pc
            status, pc, address, retired = AT_UNDECODED, address, np.uint32(0), retired + 1
            entered(profiles, k, target)
    return status, pc, retired, stalls, cause, address
