"""Short programs on few examples: the evaluator of synthesis against `gpu_compute`'s run of ordinary programs."""

import numpy as np
import pytest

from backends.core import catalog, isa
from backends.interface import Batch, MachineConfig, Program
from experiments.program_search import assembly
from experiments.program_search.evaluation import Evaluator
from experiments.program_search.problem import Examples, register
from experiments.program_search.space import STRAIGHT, Space, random_codes

LENGTH, EXAMPLES = 8, 32
CODES = {"evaluator": {"smoke": 4000, "quick": 40_000, "full": 400_000}, "run": {"smoke": 200, "quick": 500, "full": 1000}}
A0, A1 = register("a0"), register("a1")


def _problem(count: int) -> tuple[np.ndarray, Examples]:
    """Different random codes without branches, and examples in random words."""
    rng = np.random.default_rng(0)
    inputs = rng.integers(0, 1 << 32, (EXAMPLES, 2), np.uint32)
    examples = Examples((A0, A1), (A0,), inputs, inputs[:, :1], LENGTH)
    return random_codes(Space(STRAIGHT, (0, 5, 6, 10, 11), LENGTH), rng, count), examples


def _run(codes: np.ndarray, examples: Examples):
    """The same as one batch of the interface: a program of each code, an instance of each code and example."""
    stop = np.uint32(isa.encode("ebreak"))
    programs = [Program(np.append(assembly.words(code), stop).view(np.uint8), 0, 0) for code in codes]
    index = np.repeat(np.arange(len(codes)), len(examples))
    batch = Batch(np.tile(examples.registers(), (len(codes), 1)), programs=index)
    machine, config = catalog.create("gpu_compute"), MachineConfig(memory_bytes=4 * (LENGTH + 1))
    return lambda: machine.run(programs, batch, config, LENGTH + 1)


@pytest.mark.parametrize("how", CODES)
def test_runs(how, scale, rate):
    codes, examples = _problem(CODES[how][scale])
    evaluator = Evaluator(examples)
    work = _run(codes, examples) if how == "run" else lambda: evaluator.score(codes)
    columns = {"how": how, "codes": len(codes), "examples": EXAMPLES, "length": LENGTH}
    rate("discrete", "runs_per_s", len(codes) * EXAMPLES, work, **columns)
