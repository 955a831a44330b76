"""Fetching an instruction, reading registers and writing one, and the adjoints: the same in both relaxations."""

from backends.gpu_compute.compiling import inlined
from backends.gpu_compute.soft.lanes import where
from backends.gpu_compute.soft.layout import WRITTEN
from backends.gpu_compute.soft.names import OPERATIONS


@inlined
def share_out(pc, q):
    """How the running mass is shared between the slots, q `[L]`, all zero where there is none; returns the mass."""
    mass = pc[0]
    for i in range(1, len(q)):
        mass += pc[i]
    divisor = where(mass > 0.0, mass, 1.0)
    for i in range(len(q)):
        q[i] = pc[i] / divisor
    return mass


@inlined
def fetch(program, pc, q, f):
    """The blend of the instructions of all slots: operations by mass, the rest by share."""
    slots = len(q)
    for c in range(OPERATIONS):
        f.all[c] = blended(program.columns[c], pc, slots)
    for c in range(OPERATIONS, len(f.all)):
        f.all[c] = blended(program.columns[c], q, slots)


@inlined
def blended(row, weights, count):
    """The sum of numbers of a row times weights `[count]`."""
    total = row[0] * weights[0]
    for i in range(1, count):
        total += row[i] * weights[i]
    return total


@inlined
def blended_back(row, weights, d_total, d_row, d_weights):
    """Adds to the slopes of a row, and to the cotangents of the weights."""
    for i in range(len(d_row)):
        d_row[i] += weights[i] * d_total
        d_weights[i] += row[i] * d_total


@inlined
def fetch_back(program, state, q, mass, d):
    """Adds to the slopes of what slots select, and to d.q and d.pc, given the cotangents of what was fetched."""
    slots = len(q)
    for c in range(OPERATIONS):
        blended_back(program.columns[c], state.pc, d.f.all[c], d.slopes.columns[c], d.state.pc)
    for c in range(OPERATIONS, len(d.f.all)):
        blended_back(program.columns[c], q, d.f.all[c], d.slopes.columns[c], d.q)
    mean, divisor = 0.0 * q[0], where(mass > 0.0, mass, 1.0)
    for i in range(slots):
        mean += d.q[i] * q[i]
    for i in range(slots):
        d.state.pc[i] += where(mass > 0.0, (d.q[i] - mean) / divisor, 0.0)


@inlined
def fetch_slot(program, slot, mass, f):
    """The instruction of the one slot that runs."""
    for c in range(OPERATIONS):
        f.all[c] = program.columns[c, slot] * mass
    for c in range(OPERATIONS, len(f.all)):
        f.all[c] = program.columns[c, slot] + 0.0 * mass


@inlined
def fetch_slot_back(program, slot, mass, d):
    d_mass = 0.0 * mass
    for c in range(OPERATIONS):
        d.slopes.columns[c, slot] += mass * d.f.all[c]
        d_mass += program.columns[c, slot] * d.f.all[c]
    for c in range(OPERATIONS, len(d.f.all)):
        d.slopes.columns[c, slot] += d.f.all[c]
    d.state.pc[slot] += d_mass


@inlined
def read(registers, f):
    """Words a and b."""
    for k in range(len(f.a)):
        a, b = f.rs1[0] * registers[0, k], f.rs2[0] * registers[0, k]
        for r in range(1, len(registers)):
            a += f.rs1[r] * registers[r, k]
            b += f.rs2[r] * registers[r, k]
        f.a[k], f.b[k] = a, b


@inlined
def read_back(registers, f, d_f, d_registers):
    for r in range(len(registers)):
        d_rs1, d_rs2 = d_f.rs1[r], d_f.rs2[r]
        for k in range(len(f.a)):
            d_rs1 += d_f.a[k] * registers[r, k]
            d_rs2 += d_f.b[k] * registers[r, k]
            d_registers[r, k] += f.rs1[r] * d_f.a[k] + f.rs2[r] * d_f.b[k]
        d_f.rs1[r], d_f.rs2[r] = d_rs1, d_rs2


@inlined
def write(registers, f, e, after):
    """Registers after the write; x0 is never written."""
    for k in range(len(e.word)):
        after[0, k] = registers[0, k]
    for r in range(1, len(registers)):
        kept = 1.0 - e.masses[WRITTEN] * f.rd[r]
        for k in range(len(e.word)):
            after[r, k] = kept * registers[r, k] + f.rd[r] * e.word[k]


@inlined
def write_back(registers, f, e, d):
    """d.state.registers becomes the cotangent of the registers before; adds those of the word, the mass and rd."""
    written = e.masses[WRITTEN]
    for r in range(1, len(registers)):
        kept, rd = 1.0 - written * f.rd[r], f.rd[r]
        d_kept, d_rd = 0.0 * rd, d.f.rd[r]
        for k in range(len(e.word)):
            d_after = d.state.registers[r, k]
            d_kept += d_after * registers[r, k]
            d_rd += d_after * e.word[k]
            d.e.word[k] += rd * d_after
            d.state.registers[r, k] = kept * d_after
        d.f.rd[r] = d_rd - written * d_kept
        d.e.masses[WRITTEN] -= rd * d_kept
