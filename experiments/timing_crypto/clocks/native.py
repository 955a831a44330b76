"""The same programs on the host's processor, timed by its own counter: leaks (two classes of inputs) and variance (one input).

Both are measured, because they are not the same thing: a clock that varies may tell nothing of a secret, and one that does not
vary for any one input may tell everything.
"""

import ctypes
import platform
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from backends.core import toolchain
from backends.interface import UserError
from experiments.timing_crypto.clocks import dudect
from experiments.timing_crypto.clocks.dudect import Measurements
from experiments.timing_crypto.programs import IMPLEMENTATIONS, TIMED, Function, compare_functions
from experiments.timing_crypto.schema import TABLES

COMPARED_BYTES = 64
DEPENDS_ON = ("experiments/timing_crypto/clocks/harness.c",)
_HARNESS = Path(__file__).parent / "harness.c"
_WARM_UP = 1000


@dataclass(frozen=True)
class Native:
    """A function of the catalogue, built for the host, with its buffers in place.

    varied: the parameter that inputs are for. tables: address and bytes of what can be flushed, 0 of none.
    """

    library: ctypes.CDLL
    function: Function
    varied: str
    buffers: dict[str, np.ndarray]
    tables: tuple[int, int]

    def times(self, inputs: np.ndarray, flush: bool = False) -> tuple[np.ndarray, str]:
        """`[N]` uint64, of a call with each row of inputs `[N, size_bytes]` uint8, and the clock's name."""
        inputs = np.ascontiguousarray(inputs)
        clock = self.clock()
        address, size = self.tables if flush else (0, 0)
        given = {name: buffer.ctypes.data for name, buffer in self.buffers.items()}
        words = (ctypes.c_size_t * 6)(*(given.get(p.name, p.value or 0) for p in self.function.parameters))
        times = np.zeros(len(inputs), np.uint64)
        self.library.harness_measure(
            self.library[self.function.name], words, at(self.buffers[self.varied]), at(inputs),
            ctypes.c_size_t(inputs.shape[1]), ctypes.c_size_t(len(inputs)), ctypes.c_void_p(address), ctypes.c_size_t(size),
            int(clock != "monotonic"), at(times),
        )  # fmt: skip
        return times, clock

    def clock(self) -> str:
        """The counter of this processor, `monotonic` where it has none that works."""
        if not self.library.harness_counter_works():
            return "monotonic"
        return "cntvct" if platform.machine() in ("aarch64", "arm64") else "tsc"


def measure(implementation: str, n: int, seed: int, flush: bool = False) -> Measurements:
    """Time n calls, of a fixed input or of random ones, at random; everything else is the same in all of them.

    The fixed input of a comparison is the one that is equal. flush: the tables are in no cache when a call begins. Raises
    UserError where n < 2, or there are no tables to flush.
    """
    random = np.random.default_rng(seed)
    fixed = dudect.classes(n, random)
    native = prepare(implementation, random)
    if flush and not native.tables[1]:
        raise UserError(f"{implementation} has no tables that could be flushed: measure it without flush")
    one = native.buffers["b" if native.varied == "a" else native.varied].copy()
    inputs = random.integers(0, 256, (n, len(one)), np.uint8)
    inputs[fixed] = one
    native.times(inputs[:_WARM_UP], flush)
    times, clock = native.times(inputs, flush)
    return Measurements(times, fixed, clock)


def variance(implementation: str, inputs: int, calls: int, seed: int) -> pd.DataFrame:
    """The table `variance`: how repeated calls with one and the same input vary, a row for every random input. In the 99 % that
    are fastest no interrupt of the system dominates."""
    random = np.random.default_rng(seed)
    native, rows = prepare(implementation, random), []
    for number in range(inputs):
        one = random.integers(0, 256, (1, len(native.buffers[native.varied])), np.uint8)
        native.times(np.repeat(one, _WARM_UP, axis=0))
        times, clock = native.times(np.repeat(one, calls, axis=0))
        kept = np.sort(times)[: max(1, calls * 99 // 100)]
        median = float(np.median(times))
        rows.append((implementation, False, clock, number, calls, median, *_varies(times, median), *_varies(kept, median)))
    return TABLES["variance"].frame(rows)


def _varies(times: np.ndarray, median: float) -> tuple[float, float]:
    """Variation and spread; in units of a tick where a clock is too coarse to see the call."""
    return float(times.std()) / max(float(times.mean()), 1), float(np.ptp(times)) / max(median, 1)


def prepare(implementation: str, random: np.random.Generator) -> Native:
    """The implementation's function with random inputs in its buffers. Raises UserError where it cannot be built."""
    if implementation not in TIMED:
        raise UserError(f"no native measurement of '{implementation}': one of {', '.join(TIMED)}")
    name, varied = TIMED[implementation]
    described = IMPLEMENTATIONS[implementation]
    functions = compare_functions(COMPARED_BYTES) if implementation.startswith("compare") else described.functions
    library = build(described.path)
    buffers = {p.name: _aligned(p.draw(1, random)[0]) for p in functions[name].parameters if p.size_bytes}
    if "schedule" in buffers:
        library.aes128_expand(random.bytes(16), at(buffers["schedule"]))
    tables = ctypes.addressof(ctypes.c_char.in_dll(library, "aes_tables")) if described.tables_bytes else 0
    return Native(library, functions[name], varied, buffers, (tables, described.tables_bytes))


@cache
def build(path: Path) -> ctypes.CDLL:
    """A C file and the harness as a library of the host. Raises UserError with the compiler's message."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "native.so"
        done = toolchain.clang(("-shared", "-fPIC", "-fno-sanitize=all", "-O2"), [path, _HARNESS], library)
        if done.returncode:
            raise UserError(f"{path.name} does not compile for this host: {done.stderr.strip()}")
        return ctypes.CDLL(str(library))


def _aligned(value: np.ndarray) -> np.ndarray:
    """A copy `[n]` uint8 at a multiple of 64."""
    space = np.zeros(len(value) + 64, np.uint8)
    start = -space.ctypes.data % 64
    space[start : start + len(value)] = value
    return space[start : start + len(value)]


def at(array: np.ndarray) -> ctypes.c_void_p:
    """Where an array lies, as an argument of a library's function."""
    return ctypes.c_void_p(array.ctypes.data)
