"""What programs select, from their logits, and the way back: once for a whole run, for P programs at once, in NumPy.

What no slot selects with a mass of at least `LEAST` is not computed by the step: results and gradients move by less than their
tolerance. The mass itself stays where it is.
"""

from typing import NamedTuple

import numpy as np

from backends.gpu_compute.soft.layout import Programs, Sizes, Slopes
from backends.gpu_compute.soft.names import CONTROL, MEMBERS, OPERATIONS
from backends.interface import Logits

LEAST = {"float32": 1e-8, "float64": 1e-12}
PLACES = np.arange(32, dtype=np.uint32)


class Place(NamedTuple):
    """Addresses of slot 0 and of the first byte of memory."""

    program: int
    memory: int


def select(logits: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    """softmax(logits / temperature) over the last axis; at temperature 0 the one-hot of the first greatest. logits
    `[P, L, n]`, temperature `[P]`."""
    cold = temperature == 0
    divisor = np.where(cold, 1.0, temperature).astype(logits.dtype)[:, None, None]
    powers = np.exp((logits - logits.max(axis=-1, keepdims=True)) / divisor)
    soft = powers / powers.sum(axis=-1, keepdims=True)
    if cold.any():
        soft[cold] = np.eye(logits.shape[-1], dtype=logits.dtype)[logits[cold].argmax(axis=-1)]
    return soft


def select_bits(logits: np.ndarray, temperature: np.ndarray) -> np.ndarray:
    """sigmoid(logits / temperature); at temperature 0 whether the logit is positive."""
    cold = temperature == 0
    scaled = logits / np.where(cold, 1.0, temperature).astype(logits.dtype)[:, None, None]
    power = np.exp(-np.abs(scaled))
    soft = np.where(scaled >= 0, 1, power) / (1 + power)
    soft[cold] = logits[cold] > 0
    return soft


def selections(logits: Logits, temperature: np.ndarray) -> Logits:
    """Of the operations, registers and immediate bits of each slot, in the shapes of the logits."""
    op, rd, rs1, rs2 = (select(x, temperature) for x in logits[:4])
    return Logits(op, rd, rs1, rs2, select_bits(logits.imm, temperature))


def selections_back(chosen: Logits, slopes: Logits, temperature: np.ndarray) -> Logits:
    """The gradient by the logits, from that by the selections; none at temperature 0."""
    rates = np.where(temperature == 0, 0.0, 1 / np.where(temperature == 0, 1.0, temperature))
    rate = rates.astype(chosen.op.dtype)[:, None, None]
    selectors = zip(chosen[:4], slopes[:4], strict=True)
    op, rd, rs1, rs2 = (s * (g - (s * g).sum(axis=-1, keepdims=True)) * rate for s, g in selectors)
    return Logits(op, rd, rs1, rs2, chosen.imm * (1 - chosen.imm) * slopes.imm * rate)


def word_of(bits: np.ndarray, width: int) -> np.ndarray:
    """Words `[..., width]` of bit expectations `[..., 32]`: the bits, or their sum of powers of two."""
    return bits if width == 32 else (bits * (2.0**PLACES)).sum(axis=-1, keepdims=True)


def addresses(sizes: Sizes, place: Place) -> tuple[np.ndarray, np.ndarray]:
    """Words `[L, W]` of the address of each slot, and of the next one."""
    here = np.uint32(place.program) + np.arange(0, 4 * sizes.slots, 4, dtype=np.uint32)
    words = (((x[:, None] >> PLACES) & 1).astype(sizes.dtype) for x in (here, here + np.uint32(4)))
    first, second = (word_of(x, sizes.word) for x in words)
    return first, second


def programs(chosen: Logits, temperature: np.ndarray, sizes: Sizes, place: Place) -> Programs:
    """Programs for the step, but for their jumps, which are zero."""
    count, slots = chosen.op.shape[:2]
    padded = -(-slots // sizes.lanes) * sizes.lanes
    columns = np.zeros((count, sizes.columns, padded), sizes.dtype)
    here, link = (np.broadcast_to(x, (count, *x.shape)) for x in addresses(sizes, place))
    parts = (*chosen[:4], word_of(chosen.imm, sizes.word), here, link)
    columns[..., :slots] = np.concatenate(parts, axis=-1).swapaxes(1, 2)
    used = (chosen.op >= LEAST[sizes.dtype.name]).any(axis=1)
    groups = (used[:, None] & MEMBERS).any(axis=-1)
    base = np.uint32(-place.memory & 0xFFFFFFFF)
    minus_base = word_of((base >> PLACES & 1).astype(sizes.dtype), sizes.word)
    jumps, first = np.zeros((count, slots + 1, padded), sizes.dtype), OPERATIONS + 3 * sizes.registers + sizes.word
    own = np.ascontiguousarray(columns[0, first : first + sizes.word])
    return Programs(columns, jumps, used, groups, temperature.astype(sizes.dtype), own, minus_base, bool(base))


def is_straight(made: Programs) -> bool:
    """Whether no program branches, jumps, or calls the environment."""
    return not made.groups[:, CONTROL].any()


def selections_slopes(total: Slopes, sizes: Sizes) -> Logits:
    """The gradient by the selections, from slopes columns `[P, C, S]`."""
    columns, registers = total.columns[..., : sizes.slots].swapaxes(1, 2), sizes.registers
    edges = np.cumsum([OPERATIONS, registers, registers, registers, sizes.word])
    op, rd, rs1, rs2, imm, _ = np.split(columns, edges, axis=-1)
    return Logits(op, rd, rs1, rs2, imm if sizes.word == 32 else imm * 2.0**PLACES)
