"""The stages of `benchmarks.gpu` that measure: each yields rows of the tables of the experiment `benchmarks`."""

import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from backends.conformance.cases import words_program
from backends.conformance.soft import random_program
from backends.core import catalog
from backends.core.isa import encode
from backends.core.soft import SoftRun
from backends.interface import Batch, DifferentiableBackend, MachineConfig, Patch, SoftExecution
from benchmarks import measure

if TYPE_CHECKING:
    from benchmarks.gpu import Row, Run

EXPERIMENT = "benchmarks"
SLOTS, STEPS, MEMORY_BYTES = 8, 8, 32
THREADS_PER_BLOCK = 128


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
    from numba import cuda

    from backends.gpu_compute import launch
    from benchmarks import lanes

    threads = 1 << 8 if run.tiny else 1 << 21
    out, kernel = cuda.device_array(threads, np.uint32), cuda.jit(lanes.chains)

    def work() -> None:
        kernel[threads // THREADS_PER_BLOCK, THREADS_PER_BLOCK](out, np.uint32(1))
        cuda.synchronize()

    found = run.rate(threads * lanes.OPERATIONS, work)
    yield EXPERIMENT, "hardware", {"fact": "lane operations a second", "value": f"{found['value']:.6g}"}
    load = run.kit.loads["loop"]
    replace(load, config=replace(load.config, device="cuda")).work("gpu_compute", 1, 1)()  # so that the step is compiled
    found_registers = launch.kernel(False).get_regs_per_thread()  # of each version that has run
    for used in found_registers.values() if isinstance(found_registers, dict) else [found_registers]:
        full = lanes.occupancy(used, THREADS_PER_BLOCK)
        yield EXPERIMENT, "hardware", {"fact": "registers of a thread of the step", "value": str(full.registers)}
        yield EXPERIMENT, "hardware", {"fact": "threads that a multiprocessor holds", "value": f"{full.threads} of {full.most}"}


def throughput(run: "Run", machine: str, programs: Sequence[str], largest: int) -> Iterator["Row"]:
    """Instructions a second against the number of instances, up to 2^largest; one, and 1,024, come first."""
    powers = [0, 2] if run.tiny else [0, 10, largest, *(p for p in range(2, largest, 2) if p != 10)]
    for power in powers:
        for name in programs[: 1 if run.tiny else None]:
            load = run.kit.loads[name]
            there, batch = replace(load, config=replace(load.config, device=run.device)), 1 << power
            steps = measure.steps_for(machine, there, batch, 0.01 if run.tiny else 0.2)
            found = run.rate(batch * steps, there.work(machine, batch, steps))
            row = {"backend": machine, "batch": batch, "program": name, "steps": steps}
            yield EXPERIMENT, "throughput", row | _renamed(found, "instructions_per_s")


def soft_steps(run: "Run") -> Iterator["Row"]:
    """Training steps of both soft machines against the number of examples, until memory is full."""
    for machine in ("jax_tensor", "torch_neural"):
        backend = catalog.create(machine, run.device)
        assert isinstance(backend, DifferentiableBackend)
        for relaxation in backend.capabilities().relaxations:
            for power in [2] if run.tiny else [5, 9, 13, 16]:
                dtype = "float64" if relaxation == "value" else "float32"
                work = _training(backend, relaxation, dtype, run.device, 1 << power)
                found = run.rate((1 << power) * STEPS, work)
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
    names = rng.choice(["add", "sub", "xor", "and", "or", "sltu"], (programs, 8)).tolist()
    fields = rng.integers(5, 16, (programs, 8, 3)).tolist()
    codes = [
        words_program([*(encode(name, *f) for name, f in zip(*code, strict=True)), encode("ebreak")])
        for code in zip(names, fields, strict=True)
    ]
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


def _renamed(found: dict[str, float], column: str) -> dict[str, Any]:
    """The median under the name that the table has for it."""
    return {column: found["value"], "low": found["low"], "high": found["high"]}
