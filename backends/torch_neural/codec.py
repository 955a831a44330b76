"""Words on the host and bits on the device."""

from functools import cache

import numpy as np
import torch


def to_bits(words: np.ndarray, device: str = "cpu", dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Bits `[32, n]`, lowest first, of words `[n]` uint32."""
    bits = np.unpackbits(words.astype("<u4").view(np.uint8).reshape(-1, 4), axis=1, bitorder="little")
    return torch.from_numpy(bits.T.astype(np.float32)).to(device, dtype)


def to_words(bits: torch.Tensor) -> np.ndarray:
    """Words `[n]` uint32 of bits `[k, n]` float, k at most 32, each exactly 0 or 1."""
    low, high = (_halves(bits.device, bits.dtype)[:, : len(bits)] @ bits).cpu().numpy().astype(np.uint32)
    return low | high << np.uint32(16)


@cache
def _halves(device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """Place values of the low and the high half of a word `[2, 32]`; each half is exact in float32."""
    values = np.concatenate((2.0 ** np.arange(16), np.zeros(32), 2.0 ** np.arange(16)))
    return torch.from_numpy(values.reshape(2, 32)).to(device, dtype)
