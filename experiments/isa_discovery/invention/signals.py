"""A gradient, and what stands in for it in the controls: the same numbers in another order, or noise of the same norm."""

import numpy as np

SIGNALS = ("gradient", "permuted", "noise")


def altered(gradient: np.ndarray, signal: str, rng: np.random.Generator) -> np.ndarray:
    """The gradient, or its substitute, of any shape."""
    if signal == "gradient":
        return gradient
    if signal == "permuted":
        return rng.permutation(gradient.ravel()).reshape(gradient.shape)
    noise = rng.standard_normal(gradient.shape)
    return noise * (np.linalg.norm(gradient) / np.linalg.norm(noise))


def label(method: str, signal: str) -> str:
    return method if signal == "gradient" else f"{method}_{signal}"
