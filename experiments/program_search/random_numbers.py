"""Pseudo-random numbers for compiled code, with a state of one's own for each thread: `[1]` uint64.

Source: SplitMix64 (Steele, Lea and Flood 2014), a few instructions a number.
"""

import numpy as np

from backends.gpu_compute.compiling import inner

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def seeded(rng: np.random.Generator) -> np.ndarray:
    """A state `[1]` uint64 drawn from a generator."""
    return rng.integers(0, 1 << 64, 1, np.uint64)


@inner
def word(state):
    """64 random bits."""
    state[0] += _GAMMA
    z = state[0]
    z = (z ^ z >> np.uint64(30)) * _FIRST
    z = (z ^ z >> np.uint64(27)) * _SECOND
    return z ^ z >> np.uint64(31)


@inner
def below(state, n):
    """A random integer from 0 to n - 1; the bias is below n 2^-32."""
    return np.int64((word(state) >> np.uint64(32)) * np.uint64(n) >> np.uint64(32))


@inner
def shuffle(state, order, count):
    """Put random ones of an order in its first `count` places."""
    for t in range(count):
        other = t + below(state, len(order) - t)
        order[t], order[other] = order[other], order[t]


@inner
def uniform(state):
    """A random number above 0 and at most 1."""
    return (np.float64(word(state) >> np.uint64(11)) + 1.0) * 2.0**-53


@inner
def gumbel(state):
    """A random number of the standard Gumbel distribution: the greatest of logits plus such numbers is a softmax sample."""
    return -np.log(-np.log(uniform(state) * (1 - 1e-9)))


@inner
def luby(i):
    """The i-th number (from 1) of Luby, Sinclair and Zuckerman's restarts: 1 1 2 1 1 2 4 1 1 2 1 1 2 4 8 …"""
    while True:
        k = 1
        while (1 << k) - 1 < i:
            k += 1
        if (1 << k) - 1 == i:
            return 1 << k - 1
        i -= (1 << k - 1) - 1
