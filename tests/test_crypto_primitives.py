"""The comparisons and constant-time primitives of programs/crypto: what they give, at every level of optimisation."""

import struct

import numpy as np
import pytest

from backends.core import calls, catalog
from backends.core.calls import Argument
from experiments.timing_crypto.programs import FOLDER, IMPLEMENTATIONS, LEVELS, Function, run

GPU = catalog.create("gpu_compute")


def _signed(x):
    return x - (x >> 31 << 32)


def _find(bytes_, value, n):
    return bytes_.find(value) if value in bytes_ else n


ORACLES = {
    "compare_early": lambda a, b, n: a == b, "compare_constant": lambda a, b, n: a == b,
    "ct_is_zero": lambda x: x == 0, "ct_is_nonzero": lambda x: x != 0, "ct_equal": lambda a, b: a == b,
    "ct_less": lambda a, b: a < b, "ct_less_signed": lambda a, b: _signed(a) < _signed(b),
    "ct_select": lambda flag, yes, no: yes if flag else no, "ct_min": min, "ct_max": max,
    "ct_absolute": lambda x: abs(_signed(x)), "ct_sign": lambda x: (_signed(x) > 0) - (_signed(x) < 0),
    "ct_negate_if": lambda flag, x: -x if flag else x, "ct_in_range": lambda x, low, high: low <= x <= high,
    "ct_clamp": lambda x, low, high: min(max(x, low), high), "ct_add_saturating": lambda a, b: min(a + b, 0xFFFFFFFF),
    "ct_rotate_left": lambda x, d: (x << 32 | x) >> (-d % 32), "ct_rotate_right": lambda x, d: (x << 32 | x) >> d % 32,
    "ct_bit": lambda x, position: x >> position & 1, "ct_popcount": int.bit_count,
    "ct_parity": lambda x: x.bit_count() % 2, "ct_leading_zeros": lambda x: 32 - x.bit_length(),
    "ct_xor": lambda a, b, n: {"output": bytes(x ^ y for x, y in zip(a, b, strict=True))},
    "ct_lookup_byte": lambda table, index, n: table[index],
    "ct_lookup_word": lambda table, index, n: struct.unpack_from("<I", table, 4 * index)[0],
    "ct_store_byte": lambda table, index, value, n: {"table": table[:index] + bytes([value]) + table[index + 1 :]},
    "ct_equal_bytes": lambda a, b, n: a == b, "ct_compare_bytes": lambda a, b, n: (a > b) - (a < b),
    "ct_swap_words": lambda flag, a, b: {"a": b if flag else a, "b": a if flag else b},
    "ct_swap_bytes": lambda flag, a, b, n: {"a": b if flag else a, "b": a if flag else b},
    "ct_copy_if": lambda flag, to, source, n: {"to": source if flag else to},
    "ct_clear_if": lambda flag, old, n: {"bytes": bytes(n) if flag else old}, "ct_find_byte": _find,
}  # fmt: skip
"""What a function returns, modulo 2^32, or the buffers that it leaves."""
for _written in ("naive", "without_barrier"):
    ORACLES |= {f"{name[3:]}_{_written}": oracle for name, oracle in ORACLES.items() if name.startswith("ct_")}
WORDS = np.array([0, 1, 2, 31, 32, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFE, 0xFFFFFFFF], np.uint32)
CASES, SLOT = 64, 64


def drawn(function: Function, random: np.random.Generator) -> dict[str, np.ndarray]:
    """Random inputs, of words many at the ends of their ranges, of pairs many that are equal or nearly so."""
    values = function.draw(CASES, random)
    for p in function.parameters:
        if p.size_bytes is None and p.value is None and p.below == 1 << 32:
            values[p.name] = np.where(random.random(CASES) < 0.5, random.choice(WORDS, CASES), values[p.name])
    if {"a", "b"} <= set(values):
        values["b"][::4] = values["a"][::4]
        if values["a"].ndim == 2:
            values["b"][1::4, :-1] = values["a"][1::4, :-1]
    return values


def driver(functions: list[Function]) -> str:
    """A C file in which any of the functions is called, by a pointer, so that it is compiled as if it stood alone."""
    pointers = ", ".join(f"(any){f.name}" for f in functions)
    return f"""#include "{FOLDER / "primitives.c"}"
#include "{FOLDER / "compare.c"}"
typedef uint32_t (*any)(uint32_t, uint32_t, uint32_t, uint32_t);
static any const functions[] = {{{pointers}}};
uint32_t call(uint32_t which, uint32_t a, uint32_t b, uint32_t c, uint32_t d) {{ return functions[which](a, b, c, d); }}
"""


@pytest.mark.parametrize("level", LEVELS)
def test_comparisons_and_primitives(level, tmp_path):
    compared = {n: IMPLEMENTATIONS[n].functions[n] for n in ("compare_early", "compare_constant")}
    functions = list({**IMPLEMENTATIONS["primitives"].functions, **compared}.values())
    (tmp_path / "driver.c").write_text(driver(functions))
    words, slots = [Argument(n) for n in ("which", "a", "b", "c", "d")], [Argument(f"slot{k}", SLOT) for k in range(3)]
    call = calls.prepare(tmp_path / "driver.c", "call", [*words, *slots], flags=(level,))
    random = np.random.default_rng(4)
    inputs = [drawn(f, random) for f in functions]
    rows = [laid_out(call, k, f, v, random) for k, (f, v) in enumerate(zip(functions, inputs, strict=True))]
    done = run(GPU, call, call.batch({name: np.concatenate([row[name] for row in rows]) for name in rows[0]}))
    for k, (function, values) in enumerate(zip(functions, inputs, strict=True)):
        part = slice(k * CASES, (k + 1) * CASES)
        left = {slot.name: call.buffer(done, slot.name)[part] for slot in slots}
        check(function, values, done.exit_code[part], rows[k], left)
        if function.name.startswith(("ct_", "compare_constant")):
            assert np.ptp(done.retired[part]) == 0, function.name


def pointers_of(function: Function) -> dict[str, str]:
    """Which slot the buffer of a parameter lies in."""
    return {p.name: f"slot{k}" for k, p in enumerate(p for p in function.parameters if p.size_bytes)}


def laid_out(call, which: int, function: Function, values: dict, random: np.random.Generator) -> dict[str, np.ndarray]:
    """The arguments of `call`: words, addresses of slots, and what the slots hold, which is random behind a buffer."""
    slots = pointers_of(function)
    row = {name: np.zeros(CASES, np.uint32) for name in "abcd"} | {"which": np.full(CASES, which, np.uint32)}
    row |= {f"slot{k}": random.integers(0, 256, (CASES, SLOT), np.uint8) for k in range(3)}
    for register, p in zip("abcd", function.parameters, strict=False):
        row[register] = np.full(CASES, call.addresses[slots[p.name]], np.uint32) if p.size_bytes else values[p.name]
    for name, slot in slots.items():
        if name in values:
            row[slot][:, : values[name].shape[1]] = values[name]
    return row


def check(function: Function, values: dict, returned: np.ndarray, before: dict, after: dict) -> None:
    """The result, or the buffers; what is no output of the function, and what lies behind, is as it was before."""
    slots = pointers_of(function)
    for k in range(CASES):
        given = [v[k].tobytes() if v.ndim == 2 else int(v[k]) for v in values.values()]
        wanted = ORACLES[function.name](*given)
        buffers = wanted if isinstance(wanted, dict) else {}
        for name, slot in slots.items():
            value = buffers.get(name, b"")
            assert after[slot][k].tobytes() == value + before[slot][k, len(value) :].tobytes(), (function.name, given)
        if not buffers:
            assert returned[k] & 0xFFFFFFFF == wanted & 0xFFFFFFFF, (function.name, given)


def test_the_library_is_as_large_as_promised():
    assert sum(name.startswith("ct_") for name in IMPLEMENTATIONS["primitives"].functions) >= 19
