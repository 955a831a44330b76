"""What the step does beside computing when it is timed or observed: the cache, the trace's hashes, the taint.

Scalars and rows of arrays, no objects: Numba compiles these functions into the step of a machine that asks for them and
leaves them out of all others. `core/timing.py` and `reference/observer.py` say what they must give.
"""

import numpy as np
from numba import njit

from backends.core import isa, taint
from backends.core.isa.packing import SCRATCH
from backends.core.observation import CALL_DEPTH, CALLERS, LINK_REGISTERS, MULTIPLIER
from backends.gpu_compute.compiling import imm_of, inlined, op_of, rd_of, rs1_of, rs2_of

_, _labels, _propagate, _loaded = map(inlined, (taint.full, taint.labels, taint.propagate, taint.loaded))


_ACCESSES = [op for op in isa.OPERATIONS if op.width]
_FIRST, _COUNT = np.uint64(_ACCESSES[0].number), np.uint64(len(_ACCESSES))
assert all(op.number == _FIRST + n for n, op in enumerate(_ACCESSES)), "one comparison tells an access"
_FIRST_ATOMIC, _ATOMICS = np.uint64(isa.ATOMICS[0].number), np.uint64(len(isa.ATOMICS))
_WIDTHS = np.array([op.width for op in isa.OPERATIONS], np.uint32)
_RULES = np.array(taint.RULES, np.int64)

_OTHER, _LOAD, _STORE, _BRANCH, _JUMP = range(5)
_KINDS = np.array(
    [{"load": _LOAD, "store": _STORE, "branch": _BRANCH, "jump": _JUMP}.get(op.kind, _OTHER) for op in isa.OPERATIONS], np.uint8
)
_SIGNED = np.array([op.signed for op in isa.OPERATIONS])
_TWO = np.array([op.kind == "alu" for op in isa.OPERATIONS])
_JALR, _ILLEGAL = isa.NUMBER["jalr"], np.uint64(isa.ILLEGAL)
_LONGEST, _MULTIPLIER = np.uint64(64), np.uint64(MULTIPLIER)


def _hashes_of(start: int, first: int, stride: int) -> np.ndarray:
    """Hashes `[_LONGEST + 1]` uint64 of the first n addresses first, first + stride, …, that begin with `start`."""
    found = [start]
    for j in range(int(_LONGEST)):
        found.append((found[-1] * MULTIPLIER + first + stride * j) % (1 << 64))
    return np.array(found, np.uint64)


_POWERS, _SUMS, _RAMPS = _hashes_of(1, 0, 0), _hashes_of(0, 1, 0), _hashes_of(0, 0, 4)


@inlined
def wait(lines, caches, op, address, base, size):
    """Cycles that the instruction waits for its cache; lines: `[sets, ways]` uint32."""
    atomic = op - _FIRST_ATOMIC < _ATOMICS
    if op - _FIRST >= _COUNT and not atomic:
        return 0
    width = np.uint32(4) if atomic else _WIDTHS[op]
    if np.uint32(address - base) > size - width or (atomic and address & np.uint32(3)):
        return 0  # it traps
    first = address >> caches.line_shift
    last = np.uint32(address + width - np.uint32(1)) >> caches.line_shift
    cycles = caches.hit_cycles if _touch(lines, first) else caches.miss_cycles
    if first != last:
        cycles += caches.hit_cycles if _touch(lines, last) else caches.miss_cycles
    return cycles


@inlined
def _touch(lines, line):
    """Bring `line` to the front of its set; all before its place move back by one. Whether it was there."""
    held = lines[line & np.uint32(len(lines) - 1)]
    moved = held[0]
    if moved == line:
        return True
    held[0] = line
    for way in range(1, len(held)):
        moved, held[way] = held[way], moved
        if moved == line:
            return True
    return False


@njit(_nrt=False)
def ran(pcs, first, end, base):
    """The hash of pcs after the instructions in the slots from `first` to before `end`, one after another: a polynomial,
    so that many addresses are added at once."""
    count = end - first
    if count > _LONGEST:
        middle = (first + end) >> np.uint64(1)
        return ran(ran(pcs, first, middle, base), middle, end, base)
    address = np.uint64(np.uint32(base + np.uint32(first << np.uint64(2))))
    return pcs * _POWERS[count] + address * _SUMS[count] + _RAMPS[count]


@inlined
def jumped(traces, profiles, k, pcs, first, end, target, base):
    """(pcs, first) after a jump of instance k to the slot `target`; unchanged where nobody looks."""
    counted(profiles, k, first, end)
    entered(profiles, k, target)
    if profiles is not None:
        first = np.uint64(target)
    if traces is not None:
        pcs, first = ran(pcs, first, end, base), np.uint64(target)
    return pcs, first


@inlined
def counted(profiles, k, first, end):
    """The slots from `first` to before `end` were executed, one after another, if anybody counts."""
    if profiles is not None:
        profiles.counts[k, first] += 1
        profiles.counts[k, end] -= 1


@inlined
def entered(profiles, k, target):
    """A jump led to the slot `target`, which may lie outside memory, if anybody counts."""
    if profiles is not None and np.uint64(target) < np.uint64(profiles.entered.shape[1]):
        profiles.entered[k, target] += 1


@inlined
def accessed(traces, accesses, a, imm):
    """The hash of accesses after one at a + imm; unchanged without traces."""
    if traces is None:
        return accesses
    return accesses * _MULTIPLIER + np.uint64(np.uint32(a + imm))


@inlined
def follow(shadow, instruction, slot, a, b, base, size):
    """Taint through the instruction at `slot`, on operands a and b; shadow: of the instance."""
    op = op_of(instruction)
    if op >= _ILLEGAL:
        return
    registers = shadow.registers
    rd, rs1, rs2, imm, kind = (rd_of(instruction), rs1_of(instruction), rs2_of(instruction), imm_of(instruction), _KINDS[op])
    ta, tb = np.int64(registers[rs1]), np.int64(registers[rs2])
    if not shadow.executed[slot]:
        shadow.executed[slot] = True
    if kind in (_LOAD, _STORE):
        if ta:
            _leak(shadow, slot, ta)
        offset = np.uint32(np.uint32(a + imm) - base)
        registers[rd] = 0
        if offset <= size - _WIDTHS[op]:
            registers[rd] = _access(shadow.memory, offset, op, kind, ta, tb)
        return
    if kind == _JUMP:
        if ta and op == _JALR:
            _leak(shadow, slot, ta)
        _call(shadow, op, rd, rs1, np.uint32(base + np.uint32((slot + np.uint64(1)) << np.uint64(2))))
    elif ta | tb:
        rule = _RULES[op]
        if (kind == _BRANCH and rs1 != rs2) or rule == taint.VARIABLE:
            _leak(shadow, slot, ta | tb)
        if kind != _BRANCH:
            second, taint_of_it = (b, tb) if _TWO[op] else (imm, np.int64(0))
            registers[rd] = _propagate(rule, ta, taint_of_it, np.int64(a), np.int64(second), _TWO[op] and rs1 == rs2)
            return
        return
    registers[rd] = 0


@inlined
def _access(memory, offset, op, kind, ta, tb):
    """Taint of what a load or store within memory puts into rd; a store's goes to memory."""
    width = _WIDTHS[op]
    if kind == _STORE:
        stored = tb | _labels(ta) * 0x01010101
        for k in range(width):
            memory[offset + np.uint32(k)] = stored >> 8 * k
        return 0
    there = np.int64(0)
    for k in range(width):
        there |= np.int64(memory[offset + np.uint32(k)]) << 8 * k
    return _loaded(there, np.int64(width), _SIGNED[op], ta)


@inlined
def _leak(shadow, slot, depends):
    """Note a violation, and at a slot's first the calls that led to it."""
    depth = shadow.depth[0]
    if not shadow.leaks[slot]:
        for k in range(min(CALLERS, CALL_DEPTH, depth)):
            shadow.callers[slot, k] = shadow.calls[(depth - 1 - k) % CALL_DEPTH]
    shadow.leaks[slot] |= np.uint8(_labels(depends))


@inlined
def _call(shadow, op, rd, rs1, link):
    """Calls and returns, by the link registers of the calling convention."""
    if rd in LINK_REGISTERS:
        shadow.calls[shadow.depth[0] % CALL_DEPTH] = link
        shadow.depth[0] += 1
    elif op == _JALR and rd == SCRATCH and rs1 in LINK_REGISTERS and shadow.depth[0]:
        shadow.depth[0] -= 1
