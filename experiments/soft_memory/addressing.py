"""The weights with which a soft read takes each cell, by five ways to address, as arrays that are computed cell by cell.

All have a gap between the score of the right cell and that of the others, and a temperature; `delta` is gap over temperature.
`bits` and `value` are the code of the soft machine itself: there the gap is between a bit's two scores, or one address.
Sources: sparsemax, Martins and Astudillo (2016); 1.5-entmax, Peters, Niculae and Martins (2019).
"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import enable_x64

from backends.jax_tensor.algebra import select, select_bits
from backends.jax_tensor.bits import Bits
from backends.jax_tensor.value import Value

_WORD_BITS = 32


def scores(cells: int, right: int, gap: float, tied: int = 0) -> np.ndarray:
    """`[cells]`: the gap for the right cell and for so many others, 0 elsewhere."""
    found = np.zeros(cells)
    found[[(right + k * 7919) % cells for k in range(tied + 1)]] = gap
    return found


def softmax(z: np.ndarray, temperature: float) -> np.ndarray:
    """The choice that the machines use for operations and registers."""
    with enable_x64():
        return np.asarray(select(jnp.asarray(z), jnp.asarray(temperature)))


def sparsemax(z: np.ndarray, temperature: float) -> np.ndarray:
    """The nearest point of the simplex to z / temperature."""
    z = z / temperature
    ordered = np.sort(z)[::-1]
    sums, count = np.cumsum(ordered), np.arange(1, len(z) + 1)
    support = int(np.flatnonzero(1 + count * ordered > sums)[-1]) + 1
    return np.maximum(z - (sums[support - 1] - 1) / support, 0)


def entmax(z: np.ndarray, temperature: float) -> np.ndarray:
    """1.5-entmax of z / temperature."""
    z = z / temperature / 2
    ordered, count = np.sort(z - z.max())[::-1], np.arange(1, len(z) + 1)
    mean, mean_square = np.cumsum(ordered) / count, np.cumsum(ordered**2) / count
    thresholds = mean - np.sqrt(np.maximum(1 / count - (mean_square - mean**2), 0))
    support = int((thresholds <= ordered).sum())
    return np.maximum(z - z.max() - thresholds[support - 1], 0) ** 2


def bits(cells: int, right: int, delta: float) -> np.ndarray:
    """Of the soft machine in relaxation `bits`, each bit of whose address was chosen with this scaled gap."""
    with enable_x64():
        chosen = select_bits(jnp.asarray((2.0 * (right >> np.arange(_WORD_BITS) & 1) - 1) * delta), jnp.asarray(1.0))
        low = (cells - 1).bit_length()
        word = jnp.where(jnp.arange(_WORD_BITS) < low, chosen, 0.0)  # what lies above is certain
        return np.asarray(Bits(jnp.asarray(1.0)).offsets(word, cells))


def value(cells: int, right: int, delta: float) -> np.ndarray:
    """Of the soft machine in relaxation `value` at temperature 1 / delta, for an address that is right."""
    with enable_x64():
        return np.asarray(Value(jnp.asarray(1 / delta)).offsets(jnp.asarray(float(right)), cells))


BY_SCORES: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
    "softmax": softmax, "sparsemax": sparsemax, "entmax": entmax,
}  # fmt: skip
BY_ADDRESS: dict[str, Callable[[int, int, float], np.ndarray]] = {"bits": bits, "value": value}
ADDRESSINGS = (*BY_SCORES, *BY_ADDRESS)


def weights(addressing: str, cells: int, right: int, delta: float, tied: int = 0) -> np.ndarray:
    """`[cells]` float64. tied: other cells with the score of the right one, where cells have scores."""
    if addressing in BY_ADDRESS:
        return BY_ADDRESS[addressing](cells, right, delta)
    return BY_SCORES[addressing](scores(cells, right, delta, tied), 1.0)
