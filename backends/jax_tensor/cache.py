"""The tensor computer's cache: which place a line goes to is a softmax over ages, which is LRU at temperature 0.

A set is `ways` places. Each has an age, the number of places used more recently: 0, 1, …, ways - 1 as long as choices are
hard, empty places last. The place that gives way to a new line is drawn from softmax(ages / temperature).

`use` is a pure function of the temperature, differentiable above 0, also on lines that are distributions. The hard machine
calls it at temperature 0, where it counts the hits of `core/timing.py`.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from backends.jax_tensor.algebra import select, select_bits


class Waits(NamedTuple):
    """What an access costs: line_shift, hit_cycles, miss_cycles, scalars of uint32."""

    line_shift: jax.Array
    hit_cycles: jax.Array
    miss_cycles: jax.Array


class Places(NamedTuple):
    """lines `[sets, ways]` uint32, their numbers; ages `[sets, ways]` float32."""

    lines: jax.Array
    ages: jax.Array


def use(present: jax.Array, ages: jax.Array, temperature: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Use a line in a set; present `[ways]`: the mass with which each place holds it.

    Returns the mass of a hit, that with which each place `[ways]` holds the line now because of it, and the ages after.
    """
    hit = jnp.sum(present, axis=-1, keepdims=True)
    places = present + (1 - hit) * select(ages, temperature)
    age = jnp.sum(places * ages, axis=-1, keepdims=True)
    return hit[..., 0], places, (1 - places) * (ages + select_bits(age - ages, temperature))


def wait(waits: Waits, places: Places, address: jax.Array, width: jax.Array, accesses: jax.Array) -> tuple[Places, jax.Array]:
    """The hard machine's access to `width` bytes at `address`, where `accesses`; the lower line first.

    Returns the places after it and the cycles that it waits.
    """
    first, last = address >> waits.line_shift, (address + width - 1) >> waits.line_shift
    straddles = accesses & (first != last)
    places, hit = _touch(places, first, accesses)
    places, hit_last = _touch(places, last, straddles)
    cycles = jnp.where(accesses, jnp.where(hit, waits.hit_cycles, waits.miss_cycles), 0)
    return places, cycles + jnp.where(straddles, jnp.where(hit_last, waits.hit_cycles, waits.miss_cycles), 0)


def _touch(places: Places, line: jax.Array, used: jax.Array) -> tuple[Places, jax.Array]:
    """Use a line where `used`; only a row is read and written, so that the arrays stay in place.

    `lax.cond`: so that the row is computed once, before it is written (see `datapath.step`).
    """
    sets = places.lines.shape[0]
    number = lax.bitcast_convert_type(jnp.where(used, line & (sets - 1), 0), jnp.int32)

    def row() -> Places:
        return Places(*(lax.dynamic_index_in_dim(array, number, keepdims=False) for array in places))

    def changed() -> tuple[Places, jax.Array]:
        lines, ages = row()
        hit, chosen, aged = use((lines == line).astype(ages.dtype), ages, jnp.zeros((), ages.dtype))
        return Places(jnp.where(chosen > 0, line, lines), aged), hit > 0

    after, hit = lax.cond(used, changed, lambda: (row(), False))
    put = (lax.dynamic_update_index_in_dim(array, new, number, 0) for array, new in zip(places, after, strict=True))
    return Places(*put), hit
