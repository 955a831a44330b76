"""Soft loads and stores: an address is a distribution over the bytes of memory."""

from typing import TypeAlias

import numpy as np
import torch
from torch.nn.functional import pad

from backends.core import isa
from backends.interface import MachineConfig
from backends.torch_neural import wiring
from backends.torch_neural.cells import TorchCells, to_bits

ROWS = {row.name: row for row in isa.OPERATIONS if row.width}
Word: TypeAlias = torch.Tensor


def distribution(bits: torch.Tensor) -> torch.Tensor:
    """Distribution `[2^k, n]` over the numbers of k independent bits `[k, n]`, lowest first."""
    found = torch.ones_like(bits[:1])
    for bit in bits:
        found = torch.cat((found * (1 - bit), found * bit))
    return found


class SoftMemory:
    """Memory `[B, M, 8]` of bit expectations."""

    def __init__(self, config: MachineConfig, cells: TorchCells) -> None:
        self.size, self.cells = config.memory_bytes, cells
        self.minus_base = to_bits(np.array([-config.memory_base & 0xFFFFFFFF], np.uint32), cells.device, cells.dtype)

    def access(
        self, memory: torch.Tensor, mass: dict[str, torch.Tensor], stored: Word, values: dict[str, Word]
    ) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """All loads and stores of a step: how much of each lies inside memory `[B]`, and memory afterwards.

        mass: of every active operation `[B]`. stored: the word `[32, B]`. values: the address `[32, B]` of every load
        and store; a load's is replaced by its word.
        """
        used = [name for name in mass if name in ROWS]
        loads = [name for name in used if ROWS[name].kind == "load"]
        if not used:
            return {}, memory
        address = values[used[0]]
        zero = torch.zeros_like(address[:1])
        places = self._places(wiring.add_or_subtract(self.cells, address, self.minus_base.expand_as(address), zero))
        within = {name: places[: max(0, self.size - ROWS[name].width + 1)] for name in used}  # the whole access is inside
        values |= {name: self._load(memory, within[name], ROWS[name]) for name in loads}
        stores = {name: mass[name] * within[name] for name in used if name not in loads}
        inside = {name: found.sum(0) for name, found in within.items()}
        return inside, _stored(memory, stored, stores) if stores else memory

    def _places(self, offset: Word) -> torch.Tensor:
        """`[M, B]`: mass of every offset inside memory."""
        low = (self.size - 1).bit_length()
        return distribution(offset[:low])[: self.size] * (1 - offset[low:]).prod(0)

    def _load(self, memory: torch.Tensor, places: torch.Tensor, row: isa.Operation) -> Word:
        """Expected word over the places inside; what is outside adds nothing."""
        found = [torch.einsum("mb,bmw->wb", places, memory[:, k : k + len(places)]) for k in range(row.width)]
        word = torch.cat((*found, *[torch.zeros_like(found[0])] * (4 - row.width)))
        signed = torch.full_like(word[:1], row.signed)
        return wiring.extend(self.cells, word, 8 * row.width, signed) if row.width < 4 else word


def _stored(memory: torch.Tensor, word: Word, stores: dict[str, torch.Tensor]) -> torch.Tensor:
    """Memory after stores of masses `[places, B]`: a byte moves toward the word's bytes by the weights that fall on it."""
    weight = moved = torch.zeros_like(memory)
    for name, mass in stores.items():
        for k in range(ROWS[name].width):
            fallen = pad(mass, (0, 0, k, ROWS[name].width - 1 - k)).T[:, :, None]
            weight, moved = weight + fallen, moved + fallen * word[8 * k : 8 * k + 8].T[:, None]
    return memory * (1 - weight) + moved
