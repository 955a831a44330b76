"""The stages of `benchmarks.gpu` that measure: each yields rows of the tables of the experiment `benchmarks`."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from backends.conformance.cases import words_program
from backends.conformance.soft import random_program
from backends.core import catalog
from backends.core.isa import NUMBER, OPERATIONS, encode
from backends.core.observation import Watch, shadow
from backends.core.soft import SoftRun
from backends.core.state import load
from backends.interface import Batch, DifferentiableBackend, MachineConfig, Patch, SoftExecution, State, UserError
from benchmarks import measure

if TYPE_CHECKING:
    from benchmarks.gpu import Row, Run

EXPERIMENT = "benchmarks"
SLOTS, STEPS, MEMORY_BYTES = 8, 8, 32
LEAST_STEPS = 64
PROGRAMS = ("loop", "mixed", "sort", "cipher", "divide")
ALL = "all five"
"""A batch in which neighbours run different ones."""


def hardware(run: "Run") -> Iterator["Row"]:
    """Name, driver and clocks of the accelerator; operations a second of all its lanes; how full the compiled step keeps it."""
    if shutil.which("nvidia-smi"):
        asked = "name,driver_version,clocks.sm,clocks.mem,memory.total,compute_cap"
        command = ["nvidia-smi", f"--query-gpu={asked}", "--format=csv,noheader"]
        said = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout.splitlines()[0]
        for fact, value in zip(asked.split(","), said.split(", "), strict=True):
            yield EXPERIMENT, "hardware", {"fact": fact, "value": value}
    else:
        yield EXPERIMENT, "hardware", {"fact": "name", "value": f"no nvidia-smi; device {run.device}"}
    if run.device == "cuda":
        yield from _lanes(run)


def _lanes(run: "Run") -> Iterator["Row"]:
    from numba import config, cuda

    from backends.gpu_compute import launch
    from benchmarks import lanes

    threads, block = (4, 4) if run.tiny else (1 << 21, launch.THREADS_PER_BLOCK)
    out, chains = cuda.device_array(threads, np.uint32), cuda.jit(lanes.chains)

    def work() -> None:
        chains[threads // block, block](out, np.uint32(1))
        cuda.synchronize()

    found = run.rate(threads * lanes.OPERATIONS, work)
    yield EXPERIMENT, "hardware", {"fact": "lane operations a second", "value": f"{found['value']:.6g}"}
    run.there("loop").work("gpu_compute", 1, 1)()  # so that the step is compiled
    if config.ENABLE_CUDASIM:
        return  # which has no registers to count
    used = launch.kernel(False, False).get_regs_per_thread()  # of each version that has run
    for registers in used.values() if isinstance(used, dict) else [used]:
        full = lanes.occupancy(registers, launch.THREADS_PER_BLOCK, launch.SHARED_BYTES)
        yield EXPERIMENT, "hardware", {"fact": "registers of a thread of the step", "value": str(full.registers)}
        yield EXPERIMENT, "hardware", {"fact": "threads that a multiprocessor holds", "value": f"{full.threads} of {full.most}"}


def compiled(run: "Run") -> Iterator["Row"]:
    """`gpu_compute` on a GPU: its kernel alone, with the instances there already; and whole runs of as many instructions, in
    which they are brought there and back."""
    for power in [4] if run.tiny else [0, 10, 20, 17, 14, 5]:
        batch = 1 << power
        for name in ("loop",) if run.tiny else (*PROGRAMS, ALL) if batch < 1 << 20 else ("loop", ALL):
            found = _kernel(run, name, batch)
            yield EXPERIMENT, "kernel", {"backend": "gpu_compute", "batch": batch, "program": name} | found
            if name != ALL:
                steps = found["steps"]
                whole = run.rate(batch * steps, run.there(name).work("gpu_compute", batch, steps))
                row = {"backend": "gpu_compute", "batch": batch, "program": name, "steps": steps}
                yield EXPERIMENT, "throughput", row | _renamed(whole, "instructions_per_s")


def _kernel(run: "Run", name: str, batch: int) -> dict[str, Any]:
    from numba import cuda

    from backends.gpu_compute import launch
    from backends.gpu_compute.machine import Code

    state = _loaded(run, name, batch)
    limits, code = np.zeros(batch, np.uint64), Code(state)
    with launch.laid_out(state, shadow(state, Watch()), *code.rows(np.arange(batch)), np.arange(batch), limits) as all_:
        there, done = launch.Resident(*all_[:3]), 0

        def work(steps: int) -> None:
            nonlocal done
            done += steps
            there.advance(np.full(batch, done, np.int64))
            cuda.synchronize()

        work(LEAST_STEPS)  # so that it is compiled
        steps = LEAST_STEPS
        while not run.tiny and (spent := measure.elapsed(partial(work, steps))) < 0.1:
            steps = int(steps * min(16.0, max(1.5, 0.15 / spent)))
        found = run.rate(batch * steps, partial(work, steps))
        there.download()
    if not (state.retired == done).all():  # where something trapped, nothing was measured
        raise UserError(f"{name} stopped after {state.retired.min()} of {done} instructions")
    return {"steps": steps} | _renamed(found, "instructions_per_s")


def _loaded(run: "Run", name: str, batch: int) -> State:
    """The state in which instances of a program begin; of ALL, neighbours run different ones."""
    loads = [run.there(n) for n in (PROGRAMS if name == ALL else (name,))]
    largest = max(loads, key=lambda load: load.config.memory_bytes)
    whose = np.arange(batch) % len(loads)
    return load(tuple(one.program for one in loads), replace(largest.batch(batch), programs=whose), largest.config)


def throughput(run: "Run", machine: str) -> Iterator["Row"]:
    """Instructions a second of whole runs, from the state's loading to its end, against the number of instances."""
    for power in [0] if run.tiny else [0, 10, 14]:
        for name in ("loop",) if run.tiny else ("loop", "mixed"):
            there, batch = run.there(name), 1 << power
            steps = measure.steps_for(machine, there, batch, 0.01 if run.tiny else 0.2)
            found = run.rate(batch * steps, there.work(machine, batch, steps))
            row = {"backend": machine, "batch": batch, "program": name, "steps": steps}
            yield EXPERIMENT, "throughput", row | _renamed(found, "instructions_per_s")


def soft_steps(run: "Run", machine: str) -> Iterator["Row"]:
    """Training steps of a soft machine against the number of examples, until memory is full."""
    backend = catalog.create(machine, run.device)
    assert isinstance(backend, DifferentiableBackend)
    for power in [2] if run.tiny else [5, 11, 16, 18]:
        for relaxation in backend.capabilities().relaxations:
            dtype = "float64" if relaxation == "value" else "float32"
            work = _training(backend, relaxation, dtype, run.device, 1 << power)
            try:
                found = run.rate((1 << power) * STEPS, work)
            except RuntimeError as error:
                if not any(words in str(error) for words in ("RESOURCE_EXHAUSTED", "out of memory")):
                    raise
                print(f"{machine} ({relaxation}) has no room for {1 << power} examples", file=sys.stderr)
                return
            row = {
                "backend": machine, "relaxation": relaxation, "dtype": dtype, "operations": "all", "examples": 1 << power,
                "slots": SLOTS, "steps": STEPS, "restarts": 1,
            }  # fmt: skip
            yield EXPERIMENT, "soft_step", row | _renamed(found, "program_example_steps_per_s")


def _training(backend: DifferentiableBackend, relaxation: str, dtype: str, device: str, examples: int):
    """One step forward and backward, on random logits and operands."""
    rng = np.random.default_rng(0)
    program = random_program(rng, SLOTS, None)
    config = MachineConfig(memory_bytes=MEMORY_BYTES, dtype=dtype, relaxation=relaxation, device=device)
    memory = Patch(0, np.zeros((examples, MEMORY_BYTES), np.uint8))
    batch = Batch(rng.integers(0, 1 << 32, (examples, 16), dtype=np.uint32), patches=(memory,))
    word, byte = ((32,), (8,)) if relaxation == "bits" else ((), ())
    shapes = (examples, 16, *word), (examples, MEMORY_BYTES, *byte), (examples, SLOTS + 2)
    cotangent = SoftExecution(*(rng.normal(size=shape) for shape in shapes))
    asked = SoftRun(program, batch, config, 1.0, STEPS)
    return lambda: backend.soft_gradient(asked, cotangent)


def evaluations(run: "Run") -> Iterator["Row"]:
    """Short programs without branches, each on 32 examples, as one batch of `gpu_compute`."""
    examples = 32
    for programs in [4] if run.tiny else [1024, 16384]:
        found = run.rate(programs * examples, _searching(run, programs, examples))
        row = {"backend": "gpu_compute", "programs": programs, "examples": examples}
        yield EXPERIMENT, "evaluations", row | _renamed(found, "runs_per_s")


def _searching(run: "Run", programs: int, examples: int) -> Callable[[], object]:
    rng = np.random.default_rng(0)
    matches = np.array([OPERATIONS[NUMBER[n]].match for n in ("add", "sub", "xor", "and", "or", "sltu")], np.uint32)
    rd, rs1, rs2 = rng.integers(5, 16, (3, programs, 8), dtype=np.uint32)
    words = matches[rng.integers(0, len(matches), (programs, 8))] | rd << 7 | rs1 << 15 | rs2 << 20
    codes = [words_program([*row, encode("ebreak")]) for row in words]
    registers = rng.integers(0, 1 << 32, (programs * examples, 16), dtype=np.uint32)
    batch = Batch(registers, programs=np.repeat(np.arange(programs), examples))
    machine, config = catalog.create("gpu_compute", run.device), MachineConfig(memory_bytes=64, device=run.device)
    return lambda: machine.run(codes, batch, config, 10)


def addition(run: "Run") -> Iterator["Row"]:
    """Pairs of words through the trained adder."""
    from backends.torch_neural import TorchNeural
    from backends.torch_neural.units import evaluation

    machine = catalog.create("torch_neural", run.device)
    assert isinstance(machine, TorchNeural)
    units, rng = machine.units(run.device), np.random.default_rng(0)
    for power in [2] if run.tiny else [0, 10, 14, 18]:
        pairs = rng.integers(0, 1 << 32, (2, 1 << power), dtype=np.uint32)
        with evaluation():
            found = run.rate(1 << power, partial(units.operate, "add", *pairs))
        yield EXPERIMENT, "addition", {"backend": "torch_neural", "batch": 1 << power} | _renamed(found, "additions_per_s")


def coprocessor(run: "Run") -> Iterator["Row"]:
    """The pointer ALU in the largest model of the experiment, with one seed: trained from its base, and asked."""
    from experiments.coprocessor import evidence
    from experiments.coprocessor.run import SCALES, SIZES

    scale = SCALES["smoke" if run.tiny else "quick"]
    rows = evidence.arm("pointer", SIZES["small" if run.tiny else "large"], 0, scale.schedule, scale.asked, run.device)
    for name in ("runs", "accuracy"):
        for row in evidence.unfolded(name, rows).to_dict("records"):
            yield "coprocessor", name, row


def _renamed(found: dict[str, float], column: str) -> dict[str, Any]:
    """The median under the name that the table has for it."""
    return {column: found["value"], "low": found["low"], "high": found["high"]}
