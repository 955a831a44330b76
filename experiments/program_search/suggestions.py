"""Constants that examples suggest: what programs for them are likely to hold as immediates or as shift amounts."""

from collections import Counter

import numpy as np

from experiments.program_search.problem import Examples

_OFTEN, _MOST, _DEPTH = 3, 6, 3
_WORD = 32


def immediates(examples: Examples) -> set[int]:
    """Of 12 bits: outputs, and differences of outputs and inputs, that occur often; masks of the bits that outputs have; their
    neighbours and negatives."""
    found = often(examples)
    for column in examples.outputs.T:
        clear, set_ = _low_zeros(column), int(np.bitwise_or.reduce(column)).bit_length()
        found |= {1 << clear, -1 << clear} if clear < _WORD else set()
        found |= {(1 << set_) - 1} if set_ < 11 else set()
    near = {sign * value + step for value in found for sign in (1, -1) for step in (-1, 0, 1)}
    return {value for value in near if value and -2048 <= value < 2048}


def often(examples: Examples) -> set[int]:
    """Outputs, and differences and quotients of an output and an input, that occur often and fit 12 bits."""
    outputs, inputs = (of.view(np.int32).astype(np.int64) for of in (examples.outputs, examples.inputs))
    counts = Counter(outputs.ravel().tolist())
    for column in inputs.T[:, :, None]:
        counts.update((outputs - column).ravel().tolist())
        divisor = np.where(column == 0, 1, column)
        exact = (column != 0) & (outputs % divisor == 0) & (abs(outputs // divisor) > 1)
        counts.update((outputs // divisor)[exact].tolist())
    values = [value for value, times in counts.most_common() if times >= _OFTEN and -2048 <= value < 2048]
    return set(values[:_MOST])


def moduli(examples: Examples) -> set[int]:
    """Of 12 bits: what divides all inputs with one output, where not all others; what divides the exceptions from that; and the
    quotients of these."""
    found: set[int] = set()
    for inputs, outputs in ((i, o) for i in examples.inputs.T for o in examples.outputs.T):
        for word in np.unique(outputs)[:_MOST]:
            chosen, divisor = outputs == word, 0
            for _ in range(_DEPTH):
                within = chosen & (inputs % max(1, divisor) == 0)
                next_ = int(np.gcd.reduce(inputs[within])) if within.sum() >= _OFTEN else 0
                if next_ in (0, 1, divisor):
                    break
                found |= {next_, next_ // (divisor or 1)}
                divisor, chosen = next_, ~chosen
    return {value for value in found if 1 < value < 2048}


def shift_amounts(examples: Examples) -> set[int]:
    """What takes a word's bits above or below those of the outputs away."""
    found = set()
    for column in examples.outputs.T:
        signed = column.view(np.int32)
        bits = int(np.bitwise_or.reduce(np.where(signed < 0, ~signed, signed))).bit_length() + 1
        found |= {_low_zeros(column), _WORD - bits, _WORD - int(np.bitwise_or.reduce(column)).bit_length()}
    return {amount for amount in found if 0 < amount < _WORD}


def _low_zeros(column: np.ndarray) -> int:
    """Low bits that are 0 in all words."""
    together = int(np.bitwise_or.reduce(column))
    return (together & -together).bit_length() - 1 if together else _WORD
