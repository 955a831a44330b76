"""The one catalogue of the programs under test: files of `programs/crypto`, their functions, and what of a call is secret.

Vectors, the verifier, leak measurements and the key recovery all take functions, arguments and roles from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np

from backends.core import calls
from backends.core.calls import Argument, Call
from backends.interface import Backend, Batch, Cause, Execution, Status, UserError

DEPENDS_ON = ("programs/crypto/",)
FOLDER = Path(__file__).parents[2] / "programs" / "crypto"
LEVELS = ("-O0", "-O1", "-O2", "-O3", "-Os")
MAX_STEPS = 1 << 28
STACK_BYTES = 1 << 14


@dataclass(frozen=True)
class Parameter:
    """A parameter of a function: `secret`, `public`, or `output` (a buffer that is only written).

    size_bytes: of the buffer it points to; None: it is a word. value: of a public word that is a length or a count; None:
    any value below `below`.
    """

    role: str
    name: str
    size_bytes: int | None = None
    value: int | None = None
    below: int = 1 << 32

    def draw(self, size: int, random: np.random.Generator) -> np.ndarray:
        """Random values for `size` calls: `[size, size_bytes]` uint8, or `[size]` uint32."""
        if self.size_bytes is not None:
            return random.integers(0, 256, (size, self.size_bytes), np.uint8)
        if self.value is not None:
            return np.full(size, self.value, np.uint32)
        return random.integers(0, self.below, size, np.uint32)


@dataclass(frozen=True)
class Function:
    """A C function and all of its parameters, in their order."""

    name: str
    parameters: tuple[Parameter, ...]

    def named(self, role: str) -> tuple[str, ...]:
        """Names of the parameters of a role."""
        return tuple(p.name for p in self.parameters if p.role == role)

    def draw(self, size: int, random: np.random.Generator) -> dict[str, np.ndarray]:
        """Random values of all inputs, as `Call.batch` takes them."""
        return {p.name: p.draw(size, random) for p in self.parameters if p.role != "output"}


@dataclass(frozen=True)
class Implementation:
    """A file of FOLDER. tables_bytes: of its tables, which lie TABLE_OFFSET behind the symbol `aes_tables`."""

    file: str
    functions: Mapping[str, Function]
    tables_bytes: int = 0

    @property
    def path(self) -> Path:
        return FOLDER / self.file

    def prepare(self, function: str, flags: tuple[str, ...] = ("-O2",), stack_bytes: int = STACK_BYTES) -> Call:
        """The function, compiled for the machines and laid out to be called."""
        arguments = [Argument(p.name, p.size_bytes) for p in self.functions[function].parameters]
        return calls.prepare(self.path, function, arguments, flags=flags, stack_bytes=stack_bytes)


def run(machine: Backend, call: Call, batch: Batch) -> Execution:
    """Call the function in every instance. Raises UserError where one does not return."""
    execution = machine.run(call.program, batch, call.config, MAX_STEPS)
    for b in np.flatnonzero(execution.status != Status.EXITED)[:1]:
        how = (Status(int(execution.status[b])), Cause(int(execution.cause[b])))
        said = " ".join(h.name.lower().replace("_", " ") for h in how if h != Cause.NONE)
        raise UserError(f"{call.program.name} did not return: {said} at {execution.pc[b]:#x}")
    return execution


secret, public, output = (partial(Parameter, role) for role in ("secret", "public", "output"))


def _functions(**parameters: tuple[Parameter, ...]) -> dict[str, Function]:
    return {name: Function(name, row) for name, row in parameters.items()}


def aes_functions(blocks: int = 1) -> dict[str, Function]:
    """Of every AES implementation; ECB and CBC with as many blocks."""
    schedule, block, out = secret("schedule", 176), public("input", 16), output("output", 16)
    key, iv, count = secret("key", 16), public("iv", 16), public("blocks", value=blocks)
    data = (public("input", 16 * blocks), output("output", 16 * blocks), count)
    return _functions(
        aes128_expand=(key, output("schedule", 176)),
        aes128_encrypt=(schedule, block, out), aes128_decrypt=(schedule, block, out),
        aes128_ecb_encrypt=(key, *data), aes128_ecb_decrypt=(key, *data),
        aes128_cbc_encrypt=(key, iv, *data), aes128_cbc_decrypt=(key, iv, *data),
    )  # fmt: skip


def sha256_functions(length: int = 64) -> dict[str, Function]:
    """Of a message of so many bytes."""
    return _functions(sha256=(secret("message", length), public("length", value=length), output("digest", 32)))


def chacha20_functions(length: int = 64) -> dict[str, Function]:
    """Of a message of so many bytes."""
    data = (secret("input", length), output("output", length), public("length", value=length))
    return _functions(chacha20=(secret("key", 32), public("nonce", 12), public("counter"), *data))


def compare_functions(n: int = 16) -> dict[str, Function]:
    """Of n bytes: what is given, against what is secret."""
    parameters = (secret("a", n), public("b", n), public("n", value=n))
    return _functions(compare_early=parameters, compare_constant=parameters)


def primitive_functions(n: int = 16) -> dict[str, Function]:
    """Constant-time primitives on words and on buffers of n bytes or words."""
    a, b, x, flag = secret("a"), secret("b"), secret("x"), secret("flag", below=2)
    index, value, distance = secret("index", below=n), secret("value", below=256), secret("distance")
    count = public("n", value=n)
    table, words, two = public("table", n), public("table", 4 * n), (secret("a", n), secret("b", n))
    buffer, pick = secret("bytes", n), (flag, secret("yes"), secret("no"))
    copy = (flag, secret("to", n), secret("from", n), count)
    return _functions(
        ct_is_zero=(x,), ct_is_nonzero=(x,), ct_equal=(a, b), ct_less=(a, b), ct_less_signed=(a, b), ct_select=pick,
        ct_min=(a, b), ct_max=(a, b), ct_absolute=(x,), ct_sign=(x,), ct_negate_if=(flag, x),
        ct_in_range=(x, secret("low"), secret("high")), ct_clamp=(x, secret("low"), secret("high")),
        ct_add_saturating=(a, b), ct_rotate_left=(x, distance), ct_rotate_right=(x, distance),
        ct_bit=(x, secret("position", below=32)), ct_popcount=(x,), ct_parity=(x,), ct_leading_zeros=(x,),
        ct_xor=(*two, output("output", n), count), ct_lookup_byte=(table, index, count),
        ct_lookup_word=(words, index, count), ct_store_byte=(secret("table", n), index, value, count),
        ct_equal_bytes=(*two, count), ct_compare_bytes=(*two, count),
        ct_swap_words=(flag, secret("a", 4), secret("b", 4)), ct_swap_bytes=(flag, *two, count), ct_copy_if=copy,
        ct_clear_if=(flag, buffer, count), ct_find_byte=(buffer, value, count),
        select_naive=pick, select_without_barrier=pick, min_naive=(a, b), absolute_naive=(x,),
        lookup_byte_naive=(table, index, count), lookup_byte_without_barrier=(table, index, count),
        equal_bytes_naive=(*two, count), copy_if_naive=copy, copy_if_without_barrier=copy, leading_zeros_naive=(x,),
    )  # fmt: skip


_AES_TABLES_BYTES = {"aes_ttable": 8 * 1024 + 512, "aes_sbox": 512, "aes_scan": 0, "aes_bitsliced": 0}

AES = {name: Implementation(f"{name}.c", aes_functions(), tables_bytes) for name, tables_bytes in _AES_TABLES_BYTES.items()}
"""The four implementations of AES-128, with the same functions."""

IMPLEMENTATIONS = {
    **AES,
    "sha256": Implementation("sha256.c", sha256_functions()),
    "chacha20": Implementation("chacha20.c", chacha20_functions()),
    "compare_early": Implementation("compare.c", compare_functions()),
    "compare_constant": Implementation("compare.c", compare_functions()),
    "primitives": Implementation("primitives.c", primitive_functions()),
}

TIMED = {
    **dict.fromkeys(AES, ("aes128_encrypt", "input")), "sha256": ("sha256", "message"), "chacha20": ("chacha20", "key"),
    **{name: (name, "a") for name in ("compare_early", "compare_constant")},
}  # fmt: skip
"""What is measured of an implementation: the function, and the parameter that a test with a noisy clock fixes in one class."""


def sized(name: str, functions: Mapping[str, Function]) -> Implementation:
    """The implementation for buffers of another size, such as `sized("sha256", sha256_functions(1000))`."""
    return replace(IMPLEMENTATIONS[name], functions=functions)


@cache
def aes_encrypt(implementation: str, flags: tuple[str, ...] = ("-O2",)) -> Call:
    """`aes128_encrypt(schedule, input, output)`, ready to be called, in a memory so small that thousands fit a cache."""
    return AES[implementation].prepare("aes128_encrypt", flags, stack_bytes=1 << 10)


@cache
def _prepared(implementation: str, function: str, blocks: int) -> Call:
    return sized(implementation, aes_functions(blocks)).prepare(function)


def aes_schedule(machine: Backend, implementation: str, key: np.ndarray) -> np.ndarray:
    """`[176]` uint8, the round keys of a key `[16]` uint8."""
    call = _prepared(implementation, "aes128_expand", 1)
    return call.buffer(run(machine, call, call.batch({"key": key[None]})), "schedule")[0]


def aes_ecb(machine: Backend, implementation: str, keys: np.ndarray, data: np.ndarray, decrypt: bool = False) -> np.ndarray:
    """Every row of data `[B, 16 k]` uint8 under its own key, keys `[B, 16]` uint8. Returns the same shape."""
    blocks = data.shape[1] // 16
    call = _prepared(implementation, f"aes128_ecb_{'decrypt' if decrypt else 'encrypt'}", blocks)
    values = {"key": keys, "input": data, "blocks": np.full(len(data), blocks, np.uint32)}
    return call.buffer(run(machine, call, call.batch(values)), "output")
