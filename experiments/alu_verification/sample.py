"""Arithmetic of any machine on operand pairs, through its interface, against NumPy's fixed-width integers.

An instance of RV32IM holds ten pairs in x1–x10 and x11–x20 and leaves ten results in x21–x30, so that what is timed and
judged is the operation, not the loading.
"""

import time
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

from backends.conformance.cases import operands, words_program
from backends.core import isa
from backends.core.isa import encode
from backends.interface import Backend, Batch, MachineConfig

PAIRS = 10
_CHUNK = 1 << 16  # instances in one run


def _signed(x: np.ndarray) -> np.ndarray:
    return x.astype(np.uint32).view(np.int32).astype(np.int64)


def _quotient(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """int64 quotient toward zero, -1 by zero."""
    divisor = np.where(b == 0, 1, b)
    quotient = np.abs(a) // np.abs(divisor)
    return np.where(b == 0, -1, np.where((a < 0) != (b < 0), -quotient, quotient))


def _remainder(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    divisor = np.where(b == 0, 1, b)
    return np.where(b == 0, a, np.fmod(a, divisor))


def _wide(x: np.ndarray) -> np.ndarray:
    return x.astype(np.int64)


ORACLE: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "sll": lambda a, b: np.left_shift(a, b & 31),
    "slt": lambda a, b: _signed(a) < _signed(b),
    "sltu": lambda a, b: a < b,
    "xor": np.bitwise_xor,
    "srl": lambda a, b: np.right_shift(a, b & 31),
    "sra": lambda a, b: np.right_shift(a.view(np.int32), (b & 31).view(np.int32)),
    "or": np.bitwise_or,
    "and": np.bitwise_and,
    "mul": np.multiply,
    "mulh": lambda a, b: _signed(a) * _signed(b) >> 32,
    "mulhsu": lambda a, b: _signed(a) * _wide(b) >> 32,
    "mulhu": lambda a, b: a.astype(np.uint64) * b.astype(np.uint64) >> np.uint64(32),
    "div": lambda a, b: _quotient(_signed(a), _signed(b)),
    "divu": lambda a, b: _quotient(_wide(a), _wide(b)),
    "rem": lambda a, b: _remainder(_signed(a), _signed(b)),
    "remu": lambda a, b: _remainder(_wide(a), _wide(b)),
}
"""Every arithmetic operation on words `[n]` uint32, in NumPy; the result is taken modulo 2^32."""


def results(backend: Backend, operation: str, a: np.ndarray, b: np.ndarray, device: str = "cpu") -> np.ndarray:
    """What a machine makes of pairs a, b `[n, PAIRS]` uint32; `[n, PAIRS]` uint32."""
    words = [encode(operation, 21 + k, 1 + k, 11 + k) for k in range(PAIRS)]
    registers = np.zeros((len(a), 32), np.uint32)
    registers[:, 1:11], registers[:, 11:21] = a, b
    config = MachineConfig(isa="rv32im", memory_bytes=64, device=device)
    return backend.run(words_program([*words, encode("ebreak")]), Batch(registers), config, PAIRS).registers[:, 21:31]


def exhaustive_8bit() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """All pairs of 8-bit operands, sign-extended (so that small negative words are among them)."""
    byte = np.arange(-128, 128, dtype=np.int64).astype(np.uint32)
    pairs = np.stack(np.meshgrid(byte, byte, indexing="ij"), axis=-1).reshape(-1, 2)
    padding = -len(pairs) % PAIRS
    a, b = np.concatenate((pairs, pairs[:padding])).T.reshape(2, -1, PAIRS)
    yield a, b


def random_pairs(count: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """At least `count` pairs of boundary and random 32-bit operands, in pieces."""
    rng = np.random.default_rng(seed)
    for first in range(0, count, _CHUNK * PAIRS):
        size = min(_CHUNK, -(-(count - first) // PAIRS))
        yield operands(rng, (size, PAIRS)), operands(rng, (size, PAIRS))


def check(name: str, backend: Backend, bits: int, pairs: int, seed: int, advance: Callable[[], None]) -> pd.DataFrame:
    """`operations` rows of one machine: backend, operation, bits, evidence, cases, mismatches, time_s.

    bits: 8 (all pairs, "enumerated") or 32 (`pairs` of them per operation, "sampled").
    """
    rows = []
    for number, operation in enumerate(isa.ARITHMETIC):
        start, cases, mismatches = time.perf_counter(), 0, 0
        for a, b in exhaustive_8bit() if bits == 8 else random_pairs(pairs, seed * len(isa.ARITHMETIC) + number):
            wanted = ORACLE[operation](a, b).astype(np.uint64 if operation == "mulhu" else np.int64).astype(np.uint32)
            mismatches += int((results(backend, operation, a, b) != wanted).sum())
            cases += a.size
        evidence = "enumerated" if bits == 8 else "sampled"
        rows.append(
            (
                name,
                operation,
                bits,
                evidence,
                min(cases, 1 << 16) if bits == 8 else cases,
                mismatches,
                time.perf_counter() - start,
            )
        )
        advance()
    columns = ["backend", "operation", "bits", "evidence", "cases", "mismatches", "time_s"]
    return pd.DataFrame(rows, columns=columns)
