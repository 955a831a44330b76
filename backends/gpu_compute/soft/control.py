"""Branches, jumps, and the next program counter, in both relaxations; with the adjoints."""

from backends.gpu_compute.compiling import inlined
from backends.gpu_compute.soft import names
from backends.gpu_compute.soft.layout import ONWARD, TRAPPED, WRITTEN
from backends.gpu_compute.soft.names import BRANCHES, CONDITIONS, EBREAK, ECALL, JAL, JALR, SENSES
from backends.gpu_compute.soft.registers import blended, blended_back


@inlined
def branches(f, c):
    """Masses of the branches that are taken, and that are not."""
    taken = passed = 0.0 * f.op[0]
    for n in range(len(BRANCHES)):
        mass = f.op[BRANCHES[n]]
        holds = mass * c.conditions[CONDITIONS[n]]
        taken += holds if SENSES[n] else mass - holds
        passed += mass - holds if SENSES[n] else holds
    return taken, passed


@inlined
def branches_back(f, c, d_taken, d_passed, d_f, d_c):
    """Adds the cotangents of masses, and writes those of conditions."""
    for i in range(len(d_c.conditions)):
        d_c.conditions[i] = 0.0
    for n in range(len(BRANCHES)):
        condition, d_holds = c.conditions[CONDITIONS[n]], d_taken if SENSES[n] else d_passed
        d_fails = d_passed if SENSES[n] else d_taken
        d_c.conditions[CONDITIONS[n]] += f.op[BRANCHES[n]] * (d_holds - d_fails)
        d_f.op[BRANCHES[n]] += d_fails + condition * (d_holds - d_fails)


@inlined
def blend_targets(program, q, c):
    """Where jal and branches lead."""
    for j in range(len(c.jumped)):
        c.jumped[j] = blended(program.jumps[j], q, len(q)) if program.groups[names.TARGETS] else 0.0 * q[0]


@inlined
def blend_targets_back(program, q, d, d_c):
    """Adds to the slopes of the jumps, and to d.q."""
    if program.groups[names.TARGETS]:
        for j in range(len(d_c.jumped)):
            blended_back(program.jumps[j], q, d_c.jumped[j], d.slopes.jumps[j], d.q)


@inlined
def link(f, c, e):
    """Jumps that lead to a multiple of 4 write the address of the next slot."""
    linked = f.op[JAL] * c.jumped[len(c.jumped) - 1] + f.op[JALR] * c.computed[len(c.computed) - 1]
    e.masses[WRITTEN] += linked
    for k in range(len(e.word)):
        e.word[k] += linked * f.link[k]


@inlined
def go_on(f, e, q, c, pc, after):
    """The next program counter, `after`."""
    taken, passed = branches(f, c)
    onward, slots = e.masses[ONWARD] + passed, len(q)
    direct, indirect, found = f.op[JAL] + taken, f.op[JALR], 0.0 * taken
    for j in range(slots):
        jumped = direct * c.jumped[j] + indirect * c.computed[j]
        found += jumped
        after[j] = jumped + onward * q[j - 1] if j else jumped
    lost = direct + indirect - found + onward * q[slots - 1] + e.masses[TRAPPED]
    after[slots] = pc[slots] + f.op[ECALL] + f.op[EBREAK]
    after[slots + 1] = pc[slots + 1] + lost


@inlined
def control_back(program, f, e, q, c, d, d_c):
    """The adjoint of `link` and `go_on`; d.state.pc becomes the cotangent of the masses that stay halted or trapped."""
    taken, passed = branches(f, c)
    slots, d_pc = len(q), d.state.pc
    d_lost, d_halted = d_pc[slots + 1], d_pc[slots]
    onward, direct, indirect = e.masses[ONWARD] + passed, f.op[JAL] + taken, f.op[JALR]
    d_onward = d_lost * q[slots - 1]
    d.q[slots - 1] += d_lost * onward
    for i in range(slots - 1):
        d_onward += d_pc[i + 1] * q[i]
        d.q[i] += d_pc[i + 1] * onward
    d_direct = d_indirect = d_lost
    for j in range(slots):
        d_slot = d_pc[j] - d_lost
        d_direct += d_slot * c.jumped[j]
        d_indirect += d_slot * c.computed[j]
        d_c.jumped[j], d_c.computed[j] = d_slot * direct, d_slot * indirect
        d_pc[j] = 0.0
    d_linked = link_back(f, c, d)
    d_c.jumped[slots], d_c.computed[slots] = d_linked * f.op[JAL], d_linked * f.op[JALR]
    d.f.op[JAL] += d_direct + d_linked * c.jumped[slots]
    d.f.op[JALR] += d_indirect + d_linked * c.computed[slots]
    d.f.op[ECALL] += d_halted
    d.f.op[EBREAK] += d_halted
    d.e.masses[ONWARD] += d_onward
    d.e.masses[TRAPPED] += d_lost
    branches_back(f, c, d_direct, d_onward, d.f, d_c)


@inlined
def link_back(f, c, d):
    """Adds the cotangent of the linked address; returns that of the mass that is linked."""
    last = len(c.jumped) - 1
    linked, d_linked = f.op[JAL] * c.jumped[last] + f.op[JALR] * c.computed[last], d.e.masses[WRITTEN]
    for k in range(len(f.link)):
        d_linked += d.e.word[k] * f.link[k]
        d.f.link[k] += linked * d.e.word[k]
    return d_linked


@inlined
def next_slot(slot, e, pc, after):
    """The next program counter of a straight line."""
    slots = len(pc) - 2
    for j in range(slots + 2):
        after[j] = pc[j] if j >= slots else 0.0 * pc[j]
    after[slots + 1 if slot + 1 == slots else slot + 1] += e.masses[ONWARD]
    after[slots + 1] += e.masses[TRAPPED]


@inlined
def next_slot_back(slot, d):
    slots, d_pc = len(d.state.pc) - 2, d.state.pc
    d.e.masses[ONWARD] += d_pc[slots + 1 if slot + 1 == slots else slot + 1]
    d.e.masses[TRAPPED] += d_pc[slots + 1]
    for j in range(slots):
        d_pc[j] = 0.0
