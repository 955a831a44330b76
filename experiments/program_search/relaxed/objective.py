"""What is descended on, and the step: formulas written once for the arrays of JAX and of PyTorch.

`xp` is `jax.numpy` or `torch`. Bits of the outputs weigh 2^(-focus j) for bit j, times what makes their mean 1: with a
focus above 0 the low bits come first. They depend on the low bits of what sums, differences, products and logic compute, and
on them alone; and there what leaves a word almost as it was, such as a copy of the input, is not almost right.

Source: Kingma and Ba, Adam (2015).
"""

from types import ModuleType

from experiments.program_search.relaxed.descent import Array, Descent
from experiments.program_search.ssa.form import Fields

_LEAST = 1e-3  # a wrong bit costs log(1000) at most in the cross entropy
_DECAY, _DECAY_OF_SQUARES = 0.9, 0.99


def of_bits(xp: ModuleType, loss: str, found: Array, wanted: Array, focus: Array, places: Array) -> Array:
    """`[O, ..., E]`, in units of a bit: expected wrong bits, or a loss that grows with each bit's error in another way.

    found `[O, ..., 32, E]`: outputs; wanted: the same or one that it can be spread to. focus `[...]`. places: 0 … 31.
    """
    weights = 2.0 ** (-focus[..., None] * places)
    weights = (weights / xp.mean(weights, axis=-1)[..., None])[..., None]
    off = xp.abs(found - wanted)
    if loss == "cross":
        off = -xp.log1p(_LEAST - xp.clip(off, max=1.0))
    elif loss == "squared":
        off = off**2
    return xp.sum(weights * off, axis=-2)


def adam(xp: ModuleType, descent: Descent, slopes: Fields, rate: Array) -> Descent:
    """A step of Adam on slopes that have norm 1 for each program; what is not finite counts as flat."""
    slopes = Fields(*(xp.nan_to_num(g, posinf=0.0, neginf=0.0) for g in slopes))
    norm = xp.sqrt(sum(xp.sum(g**2, axis=(1, 2)) for g in slopes))[:, None, None] + 1e-12
    count = descent.count + 1
    fresh, fresh_squares = (1 - d ** count[:, None, None] for d in (_DECAY, _DECAY_OF_SQUARES))

    def step(x: Array, m: Array, v: Array, g: Array) -> tuple[Array, Array, Array]:
        m = _DECAY * m + (1 - _DECAY) * g / norm
        v = _DECAY_OF_SQUARES * v + (1 - _DECAY_OF_SQUARES) * (g / norm) ** 2
        return x - rate[:, None, None] * (m / fresh) / (xp.sqrt(v / fresh_squares) + 1e-8), m, v

    moved = [step(*each) for each in zip(descent.logits, descent.first, descent.second, slopes, strict=True)]
    logits, first, second = (Fields(*parts) for parts in zip(*moved, strict=True))
    return Descent(logits, first, second, count)
