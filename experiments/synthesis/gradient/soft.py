"""One training step of many soft programs at once: run through the soft machine, loss, gradient, Adam.

A restart is a soft program in the form of `frame.py`; all restarts descend side by side (`jax.vmap`), each with a temperature,
a rate, noise and a focus of its own. Bits of the outputs weigh 2^(-focus j) for bit j, times what makes their mean 1: with a
focus above 0 the low bits come first. They depend on the low bits of what sums, differences, products and logic compute, and
on them alone; and there what leaves a word almost as it was, such as a copy of the input, is not almost right.

Sources: Gaunt et al., TerpreT (2016) for noise, entropy and restarts; Petersen et al., Deep Differentiable Logic Gate Networks
(2022) for the relaxation of bits; Kingma and Ba, Adam (2015); Jang et al., Categorical Reparameterization with Gumbel-Softmax
(2017) for noise on the selections.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from backends.core.soft import COLUMN
from backends.jax_tensor import soft as soft_machine
from backends.jax_tensor.soft import Logits, Machine, Place, SoftState

NEVER = -1e9
"""Logit of what may not be chosen."""
LOSSES = {"bits": ("cross", "hamming", "squared"), "value": ("log", "relative")}
"""Of each relaxation the losses, the default first."""
_LEAST = 1e-3  # a wrong bit costs log(1000) at most in the cross entropy
_DECAY, _DECAY_OF_SQUARES = 0.9, 0.99
_WORD = 2.0**32


class Parameters(NamedTuple):
    """Logits of P programs: op `[P, L, N]`, rs1, rs2 `[P, L, R]`, out `[P, O, R]`, which register each output reads."""

    op: jax.Array
    rs1: jax.Array
    rs2: jax.Array
    out: jax.Array

    def plus(self, other: "Parameters") -> "Parameters":
        return Parameters(*(x + y for x, y in zip(self, other, strict=True)))


class Shape(NamedTuple):
    """What a training step is compiled for. loss: one of LOSSES."""

    machine: Machine
    slots: int
    loss: str


class Knobs(NamedTuple):
    """Of P restarts in K iterations, each `[K, P]`: temperature; rate; Gumbel noise on the logits, in units of the
    temperature; weight of the selections' mean entropy in bits; focus on low bits."""

    temperature: jax.Array
    rate: jax.Array
    noise: jax.Array
    entropy: jax.Array
    focus: jax.Array


class Lesson(NamedTuple):
    """Initial states of E examples and the outputs wanted: words `[O, 32, E]` or `[O, E]`."""

    state: SoftState
    wanted: jax.Array


class Descent(NamedTuple):
    """Logits, Adam's moments, and the iterations so far `[P]`."""

    logits: Parameters
    first: Parameters
    second: Parameters
    count: jax.Array

    @classmethod
    def start(cls, logits: Parameters) -> "Descent":
        zeros = Parameters(*(np.zeros_like(x) for x in logits))
        return cls(logits, zeros, zeros, np.zeros(len(logits.op), np.int32))


@partial(jax.jit, static_argnums=0)
def advance(
    shape: Shape, descent: Descent, mask: Parameters, knobs: Knobs, rows: jax.Array, lesson: Lesson, key: jax.Array
) -> tuple[Descent, jax.Array]:
    """K iterations on the examples `rows` `[K, B]`. Returns the descent, and the losses `[K, P]` before each iteration.

    mask: 0 or NEVER, of one program.
    """
    slopes_of = jax.vmap(jax.grad(_loss, has_aux=True), in_axes=(0, None, 0, None))

    def iteration(descent: Descent, given: tuple) -> tuple[Descent, jax.Array]:
        knobs, rows, key = given
        scale = (knobs.noise * knobs.temperature)[:, None, None]
        keys = jax.random.split(key, len(descent.logits))
        pairs = zip(descent.logits.plus(mask), keys, strict=True)
        noisy = Parameters(*(x + scale * jax.random.gumbel(k, x.shape, x.dtype) for x, k in pairs))
        slopes, losses = slopes_of(noisy, shape, knobs, jax.tree.map(lambda x: x[..., rows], lesson))
        return _adam(descent, slopes, knobs.rate), losses

    return jax.lax.scan(iteration, descent, (knobs, rows, jax.random.split(key, len(rows))))


def _loss(logits: Parameters, shape: Shape, knobs: Knobs, lesson: Lesson) -> tuple[jax.Array, jax.Array]:
    """Loss of one program to descend on, and the part of it that is about the examples."""
    end = soft_machine.run(
        shape.machine, _program(shape, logits), Place(), knobs.temperature, lesson.state, shape.slots, start=0
    )
    out = jax.nn.softmax(logits.out / knobs.temperature, axis=-1)
    found = jnp.tensordot(out, end.registers, axes=1)
    loss = jnp.mean(
        _of_bits(shape, found, lesson.wanted, knobs.focus)
        if found.ndim == 3
        else _of_values(shape, found, lesson.wanted)
    )
    return loss + knobs.entropy * _entropy(logits, knobs.temperature), loss


def _program(shape: Shape, logits: Parameters) -> Logits:
    """The machine's logits: slot i writes the register of its own."""
    columns = np.array([COLUMN[name] for name in shape.machine.operations])
    op = jnp.full((shape.slots, len(COLUMN)), NEVER, logits.op.dtype).at[:, columns].set(logits.op)
    registers = logits.rs1.shape[-1]
    own = np.eye(shape.slots, registers, registers - shape.slots, dtype=bool)
    rd = np.where(own, 0.0, NEVER).astype(op.dtype)
    return Logits(op, rd, logits.rs1, logits.rs2, jnp.zeros((shape.slots, 32), op.dtype))


def _of_bits(shape: Shape, found: jax.Array, wanted: jax.Array, focus: jax.Array) -> jax.Array:
    """`[O, E]`, in units of a bit: expected wrong bits, or a loss that grows with each bit's error in another way."""
    weights = 2.0 ** (-focus * np.arange(32, dtype=np.float32))
    weights = (weights / jnp.mean(weights))[:, None]
    off = jnp.abs(found - wanted)
    if shape.loss == "cross":
        off = -jnp.log1p(_LEAST - jnp.minimum(off, 1.0))
    elif shape.loss == "squared":
        off = off**2
    return jnp.sum(weights * off, axis=1)


def _of_values(shape: Shape, found: jax.Array, wanted: jax.Array) -> jax.Array:
    """`[O, E]`: distance of words around the circle of 2^32, in bits of its size or relative to the word wanted."""
    off = found - wanted
    near = jnp.abs(off - _WORD * jax.lax.stop_gradient(jnp.round(off / _WORD)))
    return jnp.log2(1 + near) if shape.loss == "log" else near / (1 + wanted)


def _entropy(logits: Parameters, temperature: jax.Array) -> jax.Array:
    """Mean entropy of the selections, in bits."""
    entropies = []
    for x in logits:
        p = jax.nn.softmax(x / temperature, axis=-1)
        entropies.append(-jnp.sum(p * jnp.log2(p + 1e-12), axis=-1))
    return jnp.mean(jnp.concatenate(entropies))


def _adam(descent: Descent, slopes: Parameters, rate: jax.Array) -> Descent:
    """A step of Adam on slopes that have norm 1 for each program; what is not finite counts as flat."""
    slopes = jax.tree.map(lambda g: jnp.nan_to_num(g, posinf=0.0, neginf=0.0), slopes)
    norm = jnp.sqrt(sum(jnp.sum(g**2, axis=(1, 2), keepdims=True) for g in slopes)) + 1e-12
    count = descent.count + 1
    fresh, fresh_squares = (1 - d ** count.astype(norm.dtype)[:, None, None] for d in (_DECAY, _DECAY_OF_SQUARES))

    def step(x, m, v, g):
        m = _DECAY * m + (1 - _DECAY) * g / norm
        v = _DECAY_OF_SQUARES * v + (1 - _DECAY_OF_SQUARES) * (g / norm) ** 2
        return x - rate[:, None, None] * (m / fresh) / (jnp.sqrt(v / fresh_squares) + 1e-8), m, v

    moved = [step(*each) for each in zip(descent.logits, descent.first, descent.second, slopes, strict=True)]
    logits, first, second = (Parameters(*parts) for parts in zip(*moved, strict=True))
    return Descent(logits, first, second, count)
