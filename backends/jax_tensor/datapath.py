"""One step of the hard machine as a pure function of one instance, on scalars of uint32.

At temperature 0 every choice is an index: the program counter's distribution is an index, fetch is a gather, and
so are the reads of registers and memory. The step is written for one instance; `jax.vmap` and `lax.map` both batch it.

Source: The RISC-V Instruction Set Manual, volume I.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from backends.core.isa.meanings import Meaning
from backends.core.state import AT_ECALL, AT_FENCE, AT_TOHOST, HALTED, RUNNING, TRAPPED
from backends.interface import Cause
from backends.jax_tensor import cache
from backends.jax_tensor import instructions as control
from backends.jax_tensor.cache import Places, Waits
from backends.jax_tensor.words import U32, WORDS, word


class Machine(NamedTuple):
    """What a step reads and does not change, of one instance.

    rows `[D, 2]`, snapshot `[W]`: instruction memory. base, size_bytes: memory, whose array may be longer. tohost: an
    address, valid where has_tohost. counts: `[2, 2]`, at the start, of cycles and of retired instructions, low and high
    word. budget: instructions that may retire. All uint32 but has_tohost, which is bool. waits: None without a cache.
    """

    rows: jax.Array
    snapshot: jax.Array
    base: jax.Array
    size_bytes: jax.Array
    tohost: jax.Array
    has_tohost: jax.Array
    counts: jax.Array
    budget: jax.Array
    waits: Waits | None = None


class Hart(NamedTuple):
    """What a step changes, of one instance: registers `[R]`, memory `[W]` words, the rest scalars; all uint32.

    retired: instructions since the start of this call; cause and address are of a trap. stalls: cycles beyond one per
    instruction since then, and the cache; both None without one. reserved: the address that `lr.w` reserved, valid where
    has_reserved (bool); both None without atomic operations.
    """

    registers: jax.Array
    memory: jax.Array
    pc: jax.Array
    retired: jax.Array
    status: jax.Array
    cause: jax.Array
    address: jax.Array
    stalls: jax.Array | None = None
    places: Places | None = None
    reserved: jax.Array | None = None
    has_reserved: jax.Array | None = None


def _field(code: jax.Array, name: str) -> jax.Array:
    lowest, width = control.FIELDS[name]
    return code >> lowest & ((1 << width) - 1)


def _at(array: jax.Array, index: jax.Array) -> jax.Array:
    return lax.dynamic_index_in_dim(array, lax.bitcast_convert_type(index, jnp.int32), keepdims=False)


def _put(array: jax.Array, index: jax.Array, value: jax.Array) -> jax.Array:
    return lax.dynamic_update_index_in_dim(array, value, lax.bitcast_convert_type(index, jnp.int32), 0)


def _first(*cases: tuple[jax.Array, int], otherwise: int) -> jax.Array:
    """The value of the first case that holds."""
    result = U32(otherwise)
    for condition, value in reversed(cases):
        result = jnp.where(condition, U32(value), result)
    return result


class Decoded(NamedTuple):
    """What an instruction asks for, and the registers it names: control word, immediate, rs1, rs2, rd before it."""

    code: jax.Array
    imm: jax.Array
    a: jax.Array
    b: jax.Array
    old: jax.Array


def fetch(machine: Machine, hart: Hart) -> Decoded:
    """The instruction at pc and its operands; the illegal instruction where pc lies outside memory."""

    def inside() -> Decoded:
        code, imm = _at(machine.rows, _at(machine.snapshot, offset >> 2))
        return Decoded(code, imm, *(_at(hart.registers, _field(code, name)) for name in ("rs1", "rs2", "rd")))

    offset = hart.pc - machine.base
    outside = Decoded(U32(control.ILLEGAL << control.FIELDS["effect"][0]), *(U32(0),) * 4)
    return lax.cond(offset < machine.size_bytes, inside, lambda: outside)


def access(
    memory: jax.Array, offset: jax.Array, width: jax.Array, value: jax.Array, loads: jax.Array, stores: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Load `width` bytes at `offset`, zero-extended, or put those of `value` there. Returns memory and what was loaded.

    An access may straddle two words. In the last word the upper of the two is the word itself, is written back
    unchanged, and is written first, so that the lower one stands. Without an access words 0 and 1 are written back.
    """
    last = memory.shape[0] - 1
    index, shift = jnp.where(loads | stores, offset >> 2, 0), (offset & 3) * 8
    above = jnp.minimum(index + 1, last)
    low, high = lax.cond(
        loads | stores, lambda: (_at(memory, index), _at(memory, above)), lambda: (memory[0], memory[min(1, last)])
    )
    ones = U32(0xFFFFFFFF) >> (32 - 8 * width)
    loaded = (low >> shift | high << 1 << (31 - shift)) & ones
    mask = jnp.where(stores, ones, 0)
    mask_low, mask_high = mask << shift, mask >> 1 >> (31 - shift)
    memory = _put(memory, above, high & ~mask_high | value >> 1 >> (31 - shift) & mask_high)
    return _put(memory, index, low & ~mask_low | value << shift & mask_low), loaded


def step(functions: tuple[Meaning, ...], machine: Machine, hart: Hart) -> Hart:
    """Fetch, execute and retire one instruction, or trap, or come to wait for the environment.

    The `lax.cond` and `lax.switch` of a step return scalars only. They are there for XLA's CPU compiler as much as for
    the branch: what they return is computed once, where fusion would compute it again for every consumer, and read
    before memory is written, without which each step would copy memory.
    """
    d = fetch(machine, hart)
    field = {name: _field(d.code, name) for name in control.FIELDS}
    effect = field["effect"]
    second = jnp.where(field["use_imm"] == 1, d.imm, d.b)
    address = jnp.where(field["use_pc"] == 1, hart.pc, d.a) + d.imm
    first = d.a if hart.reserved is None else _exchanged(machine, hart, effect, d.a)
    result = lax.switch(field["function"].astype(jnp.int32), [partial(f, WORDS) for f in functions], first, second)
    jumps = effect == control.JUMP
    taken = jumps | ((effect == control.BRANCH) & ((result != 0) != (field["invert"] == 1)))
    target = jnp.where(jumps, address & ~U32(1), address)

    width, offset = U32(1) << field["width"], address - machine.base
    loads, stores, refused, stored = _accesses(hart, effect, address, result, d.b)
    accesses = loads | stores | refused
    outside = accesses & (offset > machine.size_bytes - width)
    odd = (address & 3 != 0) & (refused | ((loads | stores) & (effect >= control.RESERVE)))
    cause = _cause(machine, hart, effect, taken & (target & 3 != 0), outside, odd)
    traps = cause != Cause.NONE
    about = jnp.where(cause == Cause.MISALIGNED_FETCH, target, jnp.where(accesses, address, hart.pc))

    memory, loaded = access(hart.memory, offset, width, stored, loads & ~traps, stores & ~traps)
    stalls, places = _wait(machine, hart, address, width, accesses & ~traps)
    sources = {control.ALU: result, control.ADDRESS: address, control.REFUSED: word(refused)}
    sources |= _sources(machine, hart, field, loaded, width)
    value = lax.select_n(field["source"].astype(jnp.int32), *(sources[i] for i in range(len(sources))))
    retires = ~(traps | (effect == control.ECALL) | (effect == control.FENCE_I))
    return Hart(
        _put(hart.registers, field["rd"], jnp.where(retires & (field["rd"] != 0), value, d.old)),
        memory,
        jnp.where(retires, jnp.where(taken, target, hart.pc + 4), hart.pc),
        hart.retired + word(retires),
        _status(effect, traps, stores & machine.has_tohost & (address == machine.tohost)),
        jnp.where(traps, cause, hart.cause),
        jnp.where(traps, about, hart.address),
        stalls,
        places,
        *_reservation(hart, effect, d.a, traps),
    )


def _exchanged(machine: Machine, hart: Hart, effect: jax.Array, a: jax.Array) -> jax.Array:
    """What an operation computes on first: register rs1, or where it exchanges a word of memory, that word."""

    def there() -> jax.Array:
        return _at(hart.memory, (a - machine.base) >> 2)

    return lax.cond(effect == control.EXCHANGE, there, lambda: a)


def _accesses(
    hart: Hart, effect: jax.Array, address: jax.Array, result: jax.Array, b: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """Whether it loads; stores; is a store that is refused; and what it stores."""
    loads, stores = effect == control.LOAD, effect == control.STORE
    if hart.reserved is None or hart.has_reserved is None:
        return loads, stores, jnp.zeros_like(loads), b
    exchanges, conditional = effect == control.EXCHANGE, effect == control.CONDITIONAL
    allowed = hart.has_reserved & (hart.reserved == address)
    loads, stores = loads | (effect == control.RESERVE) | exchanges, stores | exchanges | (conditional & allowed)
    return loads, stores, conditional & ~allowed, jnp.where(exchanges, result, b)


def _reservation(hart: Hart, effect: jax.Array, address: jax.Array, traps: jax.Array) -> tuple[jax.Array | None, ...]:
    """The reservation after the instruction; None without atomic operations."""
    if hart.reserved is None or hart.has_reserved is None:
        return None, None
    reserves, ends = (effect == control.RESERVE) & ~traps, (effect == control.CONDITIONAL) & ~traps
    return jnp.where(reserves, address, hart.reserved), reserves | (hart.has_reserved & ~ends)


def _wait(
    machine: Machine, hart: Hart, address: jax.Array, width: jax.Array, accesses: jax.Array
) -> tuple[jax.Array | None, Places | None]:
    """Stalls and cache after the instruction; None without a cache."""
    if machine.waits is None or hart.places is None:
        return None, None
    places, cycles = cache.wait(machine.waits, hart.places, address, width, accesses)
    return hart.stalls + cycles, places


def _cause(
    machine: Machine, hart: Hart, effect: jax.Array, misaligned: jax.Array, outside: jax.Array, odd: jax.Array
) -> jax.Array:
    unfetched = hart.pc - machine.base >= machine.size_bytes
    return _first(
        (odd, Cause.MISALIGNED_ATOMIC), (unfetched | outside, Cause.ACCESS_OUTSIDE_MEMORY),
        (effect == control.ILLEGAL, Cause.ILLEGAL_INSTRUCTION), (misaligned, Cause.MISALIGNED_FETCH), otherwise=Cause.NONE,
    )  # fmt: skip


def _status(effect: jax.Array, traps: jax.Array, tolled: jax.Array) -> jax.Array:
    return _first(
        (traps, TRAPPED), (effect == control.ECALL, AT_ECALL), (effect == control.FENCE_I, AT_FENCE),
        (effect == control.EBREAK, HALTED), (tolled, AT_TOHOST), otherwise=RUNNING,
    )  # fmt: skip


def _sources(machine: Machine, hart: Hart, field: dict[str, jax.Array], loaded: jax.Array, width: jax.Array) -> dict:
    """What rd may receive beside the result and the address."""
    unused = 32 - 8 * width
    extended = WORDS.shift_right_signed(loaded << unused, unused)
    cycles = _count(machine.counts[0], hart.retired if hart.stalls is None else hart.retired + hart.stalls)
    retired = _count(machine.counts[1], hart.retired)
    high = field["invert"] == 1
    return {
        control.LINK: hart.pc + 4,
        control.CYCLES: jnp.where(high, cycles[1], cycles[0]),
        control.RETIRED: jnp.where(high, retired[1], retired[0]),
        control.LOADED: loaded,
        control.LOADED_SIGNED: extended,
    }


def _count(start: jax.Array, since: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Low and high word of a counter that stood at `start` `[2]`."""
    low = start[0] + since
    return low, start[1] + word(low < since)
