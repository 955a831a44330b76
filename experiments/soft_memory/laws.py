"""What a soft read should leak, in closed form: the mass that falls on other cells than the right one.

With N cells and the scaled gap d:

| addressing | leak |
|---|---|
| softmax | 1 / (1 + e^d / (N - 1)) |
| sparsemax | (1 - 1/N) max(0, 1 - d) |
| entmax (1.5) | (N - 1) u^2 with N u^2 + d u + d^2 / 4 = 1; 0 from d = 2 on |
| bits | 1 - (1 + e^-d)^-log2 N |
| value | 2 / (1 + e^(d/2)) for cells on both sides, without N |

Of k reads each of which needs the one before, all are right with (1 - leak)^k. Softmax is known to disperse (Velickovic et al.
2024); the others follow from the definitions in `addressing.py`.
"""

import numpy as np


def leak(addressing: str, cells: int, delta: float) -> float:
    n = cells
    if addressing == "softmax":
        return float(1 / (1 + np.exp(delta) / (n - 1)))
    if addressing == "sparsemax":
        return (1 - 1 / n) * max(0.0, 1 - delta)
    if addressing == "entmax":
        if delta >= 2:
            return 0.0
        u = (np.sqrt(delta**2 - 4 * n * (delta**2 / 4 - 1)) - delta) / (2 * n)
        return float((n - 1) * u**2)
    if addressing == "bits":
        return float(-np.expm1(-np.log2(n) * np.log1p(np.exp(-delta))))
    return float(2 / (1 + np.exp(delta / 2)))


def needed(addressing: str, cells: int, most: float) -> float:
    """The scaled gap at which the leak is `most`: found by bisection, since all leaks fall with the gap."""
    low, high = 0.0, 1e3
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if leak(addressing, cells, middle) > most else (low, middle)
    return high


def survival(leaked: float, reads: int) -> float:
    return float((1 - leaked) ** reads)
