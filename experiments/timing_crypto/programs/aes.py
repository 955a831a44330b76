"""AES-128 by one of its four implementations, on a machine."""

from functools import cache

import numpy as np

from backends.core.calls import Call
from backends.interface import Backend
from experiments.timing_crypto.programs import AES, aes_functions, run, sized


@cache
def encrypt(implementation: str, flags: tuple[str, ...] = ("-O2",)) -> Call:
    """`aes128_encrypt(schedule, input, output)`, ready to be called, in a memory so small that thousands fit a cache."""
    return AES[implementation].prepare("aes128_encrypt", flags, stack_bytes=1 << 10)


@cache
def _prepared(implementation: str, function: str, blocks: int) -> Call:
    return sized(implementation, aes_functions(blocks)).prepare(function)


def schedule(machine: Backend, implementation: str, key: np.ndarray) -> np.ndarray:
    """`[176]` uint8, the round keys of a key `[16]` uint8."""
    call = _prepared(implementation, "aes128_expand", 1)
    return call.buffer(run(machine, call, call.batch({"key": key[None]})), "schedule")[0]


def ecb(machine: Backend, implementation: str, keys: np.ndarray, data: np.ndarray, decrypt: bool = False) -> np.ndarray:
    """Every row of data `[B, 16 k]` uint8 under its own key, keys `[B, 16]` uint8. Returns the same shape."""
    blocks = data.shape[1] // 16
    call = _prepared(implementation, f"aes128_ecb_{'decrypt' if decrypt else 'encrypt'}", blocks)
    values = {"key": keys, "input": data, "blocks": np.full(len(data), blocks, np.uint32)}
    return call.buffer(run(machine, call, call.batch(values)), "output")
