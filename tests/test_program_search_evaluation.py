"""The evaluator of codes against the executable specification, code by code and example by example."""

import numpy as np
import pytest

from backends.core import catalog, isa
from backends.interface import Batch, MachineConfig, Patch, Program, Status
from experiments.program_search import assembly
from experiments.program_search.evaluation import Evaluator
from experiments.program_search.problem import Examples, Location, memory, register
from experiments.program_search.space import BRANCHES, OP, RD, RS1, Space, random_codes

REFERENCE = catalog.create("reference")
BASE, LENGTH, STEPS, COUNT = 0x4000_0000, 6, 24, 12
WINDOW = BASE + 4 * (LENGTH + 1)
ALU = tuple(op.name for op in isa.OPERATIONS if op.kind in ("alu", "alu_imm", "upper") and op.name != "auipc")
SPACES = {
    "arithmetic": Space(ALU, (0, 5, 10, 11), LENGTH),
    "branches": Space(("addi", "add", "sub", "jal", *BRANCHES), (0, 10, 11), LENGTH, (-2, -1, 0, 1)),
    # nothing that lowers an address: below the window the specification has the code in memory, the evaluator nothing
    "memory": Space(
        ("lb", "lh", "lw", "lbu", "lhu", "sb", "sh", "sw", "addi", "add", "bne"), (0, 10, 11, 12), LENGTH, (0, 1, 2, 3, 4, 8)
    ),
}


def examples_of(sources: tuple[Location, ...], targets: tuple[Location, ...], rng: np.random.Generator) -> Examples:
    inputs = rng.integers(0, 1 << 32, (COUNT, len(sources)), dtype=np.uint32)
    inputs[: COUNT // 2] >>= 28
    for column, source in enumerate(sources):
        if source == register("a2"):
            inputs[:, column] = WINDOW
    wanted = rng.integers(0, 1 << 32, (COUNT, len(targets)), dtype=np.uint32)
    return Examples(sources, targets, inputs, wanted, STEPS)


def specified(code: np.ndarray, examples: Examples) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outputs, whether a run ended, and instructions executed, by `reference`, with the window right behind the code."""
    image = np.append(assembly.words(code), np.uint32(isa.encode("ebreak"))).astype("<u4").view(np.uint8)
    base, size = examples.window()
    base, size = (base, size) if size > 4 else (WINDOW, 4)
    config = MachineConfig(memory_base=BASE, memory_bytes=WINDOW - BASE + size)
    batch = Batch(examples.registers(), patches=(Patch(base, examples.memory()),))
    done = REFERENCE.run(Program(image, BASE, BASE), batch, config, STEPS + 1)
    ended = done.status == Status.HALTED
    executed = done.retired.astype(int) - ended + (done.status == Status.TRAPPED)
    return examples.read(done.registers, done.memory, BASE), ended, executed


def drawn(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Random codes; most accesses go through the pointer."""
    codes = random_codes(SPACES[kind], rng, 150)
    op, rd, rs1 = (codes[..., field] for field in (OP, RD, RS1))
    access = np.isin(op, [row.number for row in isa.OPERATIONS if row.kind in ("load", "store")])
    rs1[access & (rng.random(op.shape) < 0.95)] = isa.register_number("a2")
    rd[(rd == isa.register_number("a2")) & (rng.random(op.shape) < 0.7)] = isa.register_number("a1")
    return codes


@pytest.mark.parametrize("kind", SPACES)
def test_codes_run_as_the_specification_says(kind):
    rng = np.random.default_rng(0)
    cells = (memory(WINDOW), memory(WINDOW + 4), memory(WINDOW + 8)) if kind == "memory" else ()
    places = (register("a0"), register("a1"), register("a2"), *cells)
    examples = examples_of(places, places, rng)
    codes = drawn(kind, rng)
    found, ended = Evaluator(examples).outputs(codes)
    wanted = [specified(code, examples) for code in codes]
    assert np.mean(ended) > 0.1 and (kind == "arithmetic" or np.mean(ended) < 0.95)
    assert np.array_equal(ended, [w[1] for w in wanted])
    assert np.array_equal(found, [w[0] for w in wanted])
    scores = Evaluator(examples).score(codes)
    assert scores.executed == sum(w[2].sum() for w in wanted)
    off = np.bitwise_count(found ^ examples.outputs).sum(axis=2)
    assert np.array_equal(scores.distance, np.where(ended, off, 32 * len(places)).sum(axis=1))
    assert np.array_equal(scores.right, (ended & (off == 0)).sum(axis=1))


def test_a_right_code_has_no_distance_and_one_wrong_bit_has_one():
    inputs = np.arange(20, dtype=np.uint32)[:, None]
    outputs = inputs + np.uint32(1)
    outputs[3] ^= 4
    scores = Evaluator(Examples((register("a0"),), (register("a0"),), inputs, outputs, 4)).score(
        np.stack([assembly.assemble([("addi", "a0", "a0", 1)]), assembly.assemble([("jal", "zero", -4)])])
    )
    assert scores.right.tolist() == [19, 0] and scores.distance.tolist() == [1, 20 * 32]


def test_stores_of_one_run_are_not_seen_by_the_next():
    cell = memory(0x103)
    examples = Examples((cell,), (cell,), np.full((6, 1), 7, np.uint32), np.full((6, 1), 8, np.uint32), 8)
    code = assembly.assemble([("lw", "a0", 0x103, "zero"), ("addi", "a0", "a0", 1), ("sw", "a0", 0x103, "zero")])
    scores = Evaluator(examples).score(np.stack([code] * 5))
    assert (scores.right == 6).all()
