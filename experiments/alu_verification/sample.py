"""Machines on enumerated and sampled operands, against an oracle in NumPy's fixed-width integers.

A program that the machine itself runs walks over pairs of operands in memory and leaves the results beside them, so that a
case costs a machine five instructions and nothing else.
"""

import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import pandas as pd

from backends.core import isa
from backends.interface import Backend, Batch, MachineConfig, Patch, Program, Status

_UNROLLED = 16  # pairs per turn of the loop
_CODE_BYTES = 512
_INSTANCES = 1024  # at most
_CHUNK = 4_000_000  # pairs in memory at a time
_BOUNDARY = np.array(
    [
        0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 30, 31, 32, 33, 63, 64, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000,
        0x55555555, 0xAAAAAAAA, 0x7FFFFFFE, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFF0000, 0xFFFFFF80, 0xFFFFFFE0,
        0xFFFFFFFE, 0xFFFFFFFF,
    ],
    np.uint32,
)  # fmt: skip


def _signed(x: np.ndarray) -> np.ndarray:
    return x.view(np.int32).astype(np.int64)


def _toward_zero(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Quotient and remainder of int64 arrays, as the manual has them for b = 0."""
    divisor = np.where(b == 0, 1, b)
    quotient = (np.abs(a) // np.abs(divisor)) * np.sign(a) * np.sign(divisor)
    return np.where(b == 0, -1, quotient), np.where(b == 0, a, a - quotient * divisor)


Words: TypeAlias = np.ndarray
Pairs: TypeAlias = tuple[np.ndarray, np.ndarray]
_U64 = np.uint64
ORACLE: dict[str, Callable[[Words, Words], np.ndarray]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "sll": lambda a, b: a << (b & np.uint32(31)),
    "slt": lambda a, b: _signed(a) < _signed(b),
    "sltu": lambda a, b: a < b,
    "xor": lambda a, b: a ^ b,
    "srl": lambda a, b: a >> (b & np.uint32(31)),
    "sra": lambda a, b: a.view(np.int32) >> (b & np.uint32(31)).view(np.int32),
    "or": lambda a, b: a | b,
    "and": lambda a, b: a & b,
    "mul": lambda a, b: a * b,
    "mulh": lambda a, b: _signed(a) * _signed(b) >> 32,
    "mulhsu": lambda a, b: _signed(a) * b.astype(np.int64) >> 32,
    "mulhu": lambda a, b: a.astype(_U64) * b.astype(_U64) >> _U64(32),
    "div": lambda a, b: _toward_zero(_signed(a), _signed(b))[0],
    "divu": lambda a, b: _toward_zero(a.astype(np.int64), b.astype(np.int64))[0],
    "rem": lambda a, b: _toward_zero(_signed(a), _signed(b))[1],
    "remu": lambda a, b: _toward_zero(a.astype(np.int64), b.astype(np.int64))[1],
}
"""The 18 operations on words `[n]` uint32; results of any integer type, to be taken modulo 2^32."""

# Of the 8-bit enumeration, where not both operands are signed: it takes -128 to 127 of signed ones, 0 to 255 of others.
_BYTES = {**dict.fromkeys(("sltu", "mulhu", "divu", "remu"), (np.uint8, np.uint8)), "mulhsu": (np.int8, np.uint8)}


def expected(operation: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Results `[n]` uint32 of the oracle for operands `[n]` uint32."""
    return ORACLE[operation](a, b).astype(np.int64).astype(np.uint32)


def program(operation: str) -> Program:
    """t0 to t1: records of (a, b, result); every record is filled in."""
    t0, t1, a0, a1 = 5, 6, 10, 11
    words = []
    for i in range(_UNROLLED):
        loads = isa.encode("lw", a0, t0, imm=12 * i), isa.encode("lw", a1, t0, imm=12 * i + 4)
        words += [*loads, isa.encode(operation, a0, a0, a1), isa.encode("sw", rs1=t0, rs2=a0, imm=12 * i + 8)]
    words.append(isa.encode("addi", t0, t0, imm=12 * _UNROLLED))
    words += [isa.encode("bltu", rs1=t0, rs2=t1, imm=-4 * len(words)), isa.encode("ebreak")]
    return Program(np.array(words, "<u4").view(np.uint8), 0, 0, name=f"{operation} over pairs")


def results(backend: Backend, operation: str, a: np.ndarray, b: np.ndarray, device: str = "cpu") -> np.ndarray:
    """What the machine computes for operands `[n]` uint32, `[n]` uint32."""
    instances = min(_INSTANCES, -(-len(a) // _UNROLLED))
    turns = -(-len(a) // (instances * _UNROLLED))
    records = np.zeros((instances, turns * _UNROLLED, 3), np.uint32)
    for column, operand in enumerate((a, b)):
        records[:, :, column] = np.resize(operand, records.shape[:2])
    data = records.reshape(instances, -1).view(np.uint8)
    registers = np.zeros((instances, 16), np.uint32)
    registers[:, 5], registers[:, 6] = _CODE_BYTES, _CODE_BYTES + data.shape[1]
    config = MachineConfig(memory_bytes=_CODE_BYTES + data.shape[1], device=device)
    steps = turns * (4 * _UNROLLED + 2) + 1
    ended = backend.run(program(operation), Batch(registers, patches=(Patch(_CODE_BYTES, data),)), config, steps)
    if (ended.status != Status.HALTED).any():
        return ~expected(operation, a, b)  # every case of a run that did not end is wrong
    return ended.memory[:, _CODE_BYTES:].copy().view(np.uint32).reshape(instances, -1, 3)[:, :, 2].ravel()[: len(a)]


def exhaustive_8bit(
    name: str, backend: Backend, operations: Sequence[str] = isa.ARITHMETIC, device: str = "cpu"
) -> pd.DataFrame:
    """All 65,536 pairs of 8-bit operands, sign- or zero-extended to words as the operation reads them."""
    low, high = (np.arange(1 << 16) >> shift & 0xFF for shift in (0, 8))
    rows = []
    for operation in operations:
        type_a, type_b = _BYTES.get(operation, (np.int8, np.int8))
        pairs = low.astype(type_a).astype(np.uint32), high.astype(type_b).astype(np.uint32)
        rows.append(_row(name, backend, operation, pairs, 8, "enumerated", device))
    return pd.DataFrame(rows)


def random_pairs(name: str, backend: Backend, count: int, seed: int, device: str = "cpu") -> pd.DataFrame:
    """`count` pairs of words: all pairs of boundary values first, then random ones."""
    rows = []
    for number, first in enumerate(range(0, count, _CHUNK)):
        pairs = _pairs(np.random.default_rng((seed, number)), min(_CHUNK, count - first))
        rows += [_row(name, backend, operation, pairs, 32, "sampled", device) for operation in isa.ARITHMETIC]
    keys = ["backend", "operation", "bits", "evidence"]
    return pd.DataFrame(rows).groupby(keys, sort=False, as_index=False)[["cases", "mismatches", "time_s"]].sum()


def _pairs(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """`count` pairs; in a quarter of the random ones the second operand is small, so that quotients and shifts vary."""
    fixed = [x.ravel() for x in np.meshgrid(_BOUNDARY, _BOUNDARY)]
    a, b = rng.integers(0, 1 << 32, (2, count), dtype=np.uint32)
    small = rng.random(count) < 0.25
    b[small] >>= rng.integers(0, 32, small.sum(), dtype=np.uint32)
    for operand, boundary in zip((a, b), fixed, strict=True):
        operand[: len(boundary)] = boundary[:count]
    return a, b


def _row(name: str, backend: Backend, operation: str, pairs: Pairs, bits: int, evidence: str, device: str) -> dict[str, object]:
    start = time.perf_counter()
    wrong = results(backend, operation, *pairs, device) != expected(operation, *pairs)
    return {
        "backend": name, "operation": operation, "bits": bits, "evidence": evidence, "cases": len(wrong),
        "mismatches": int(wrong.sum()), "time_s": time.perf_counter() - start,
    }  # fmt: skip
