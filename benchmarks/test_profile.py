"""Where the time of an instruction goes: each machine by kind of instruction, and what `jax_tensor` must do in a step."""

from functools import partial

import jax
import numpy as np
import pytest

from backends.conformance.cases import words_program
from backends.core import catalog
from backends.core.isa import encode
from backends.core.isa.instruction_set import Isa
from backends.interface import Batch, MachineConfig
from backends.jax_tensor.datapath import Hart, Machine, step
from backends.jax_tensor.instructions import functions
from benchmarks import measure

SECONDS = {"smoke": 0.02, "quick": 0.05, "full": 1.0}
COPIES, BASE = 31, 0x1000
INSTRUCTIONS = {
    "add": encode("add", 10, 11, 12),
    "mul": encode("mul", 10, 11, 12),
    "div": encode("div", 10, 11, 12),
    "sll": encode("sll", 10, 11, 12),
    "lw": encode("lw", 10, 2, imm=128),
    "sw": encode("sw", 0, 2, 11, 128),
    "beq, not taken": encode("beq", 0, 11, 12, 8),
    "jal": encode("jal", 1, imm=4),
}


@pytest.mark.parametrize("name", INSTRUCTIONS)
@pytest.mark.parametrize("backend", catalog.names())
def test_profile(backend, name, scale, rate):
    """A loop of 31 copies and a jump back, one instance."""
    program = words_program([INSTRUCTIONS[name]] * COPIES + [encode("jal", imm=-4 * COPIES)], BASE)
    config = MachineConfig(memory_base=BASE, memory_bytes=512)
    registers = np.zeros((1, 16), np.uint32)
    registers[:, 2], registers[:, 11], registers[:, 12] = BASE + 128, 0x12345678, 0x321
    load = measure.Load(program, config, Batch(registers))
    steps = measure.steps_for(backend, load, 1, SECONDS[scale])
    work = load.work(backend, 1, steps)
    rate("profile", "instructions_per_s", steps, work, backend=backend, instruction=name)


def test_floor(benchmark):
    """Operations and bytes of one step of the tensor computer, counted in its jaxpr along the longest branches."""
    word, words = jax.ShapeDtypeStruct((), np.uint32), lambda *shape: jax.ShapeDtypeStruct(shape, np.uint32)
    flag = jax.ShapeDtypeStruct((), bool)
    machine = Machine(words(64, 2), words(256), word, word, word, flag, words(2, 2), word)
    hart = Hart(words(16), words(256), word, word, word, word, word)
    one_step = partial(step, functions(Isa("rv32im", 32)))
    operations, moved = benchmark.pedantic(lambda: count(jax.make_jaxpr(one_step)(machine, hart).jaxpr), rounds=1)
    benchmark.extra_info["floor"] = [{"backend": "jax_tensor", "operations_per_step": operations, "bytes_per_step": moved}]


def count(jaxpr) -> tuple[int, int]:
    """(primitive operations, bytes read from and written to arrays) of a jaxpr; of a branch, the most."""
    operations = moved = 0
    for equation in jaxpr.eqns:
        inner = [count(getattr(p, "jaxpr", p)) for p in _inside(equation)]
        if inner:
            operations, moved = operations + max(i[0] for i in inner), moved + max(i[1] for i in inner)
            continue
        operations += 1
        if equation.primitive.name in ("dynamic_slice", "gather"):
            moved += equation.outvars[0].aval.size * equation.outvars[0].aval.dtype.itemsize
        elif equation.primitive.name in ("dynamic_update_slice", "scatter"):
            moved += equation.invars[1].aval.size * equation.invars[1].aval.dtype.itemsize
    return operations, moved


def _inside(equation) -> list:
    if equation.primitive.name == "cond":
        return list(equation.params["branches"])
    return [equation.params[k] for k in ("jaxpr", "call_jaxpr") if k in equation.params]
