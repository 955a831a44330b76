"""The soft step of `backends/core/soft.py` (relaxation `bits`) through the networks without thresholds.

The trained entries are exactly 0 and 1, so that without thresholds a unit computes the multilinear extension of what it
computes with them. Words are tensors `[32, B]` of expectations, lowest bit first, as the wiring has them. An operation whose
mass is exactly 0 in every instance is not computed: it contributes exactly 0 to values and gradients.
"""

from collections.abc import Collection, Mapping
from typing import TypeAlias

import numpy as np
import torch

from backends.core import isa
from backends.core.soft import COLUMN
from backends.interface import Logits, MachineConfig, SoftExecution
from backends.torch_neural import wiring
from backends.torch_neural.cells import TorchCells, to_bits, to_words
from backends.torch_neural.soft_memory import SoftMemory, distribution
from backends.torch_neural.units import Units, evaluation

Word: TypeAlias = torch.Tensor
Masses: TypeAlias = dict[str, torch.Tensor]
"""By operation, `[B]`."""
Job = tuple[str, str, str, int, int]  # unit, two operands, two flags

VERTICES = {"mul", "mulh", "mulhsu", "mulhu", "div", "divu", "rem", "remu"}
COMPARISONS = {"slt", "sltu", "slti", "sltiu"}
WRITING = {row.name for row in isa.OPERATIONS if row.kind in ("alu", "alu_imm", "load", "upper")}
BRANCHES = {"beq", "bne", "blt", "bge", "bltu", "bgeu"}


def _job(row: isa.Operation) -> Job | None:
    """What a unit has to compute for an operation."""
    if row.name == "auipc":
        return ("add", "here", "imm", 0, 0)
    if row.width or row.name == "jalr":
        return ("add", "a", "imm", 0, 0)
    if row.register_form not in wiring.OPERATIONS or row.name in VERTICES:
        return None
    unit, first, second = wiring.OPERATIONS[row.register_form]
    return (unit, "a", "imm" if row.kind == "alu_imm" else "b", first, second)


JOBS = {row.name: job for row in isa.OPERATIONS if row.name in COLUMN and (job := _job(row))}


def operate(cells: TorchCells, units: Units, names: Collection[str], words: Mapping[str, Word]) -> dict[str, Word]:
    """Result `[32, B]` (branches: `[1, B]`) of what units compute for these operations.

    words: the operands by the names that `JOBS` has for them, each `[32, B]`.
    """
    found: dict[Job, Word] = {}
    size = words["a"].shape[1]
    wanted = dict.fromkeys(JOBS[name] for name in names if name in JOBS)
    for unit in dict.fromkeys(job[0] for job in wanted):
        own = [job for job in wanted if job[0] == unit]
        x = torch.cat([words[job[1]] for job in own], 1)
        y = torch.cat([words[job[2]] for job in own], 1)
        flags = (torch.cat([torch.full_like(words["a"][:1], job[place]) for job in own], 1) for place in (3, 4))
        found |= dict(zip(own, wiring.UNITS[unit](cells, x, y, *flags).split(size, 1), strict=True))
    values = {name: found[JOBS[name]] for name in names if name in JOBS}
    values |= {name: wiring.word_of(cells, values[name], words["a"]) for name in COMPARISONS & values.keys()}
    return values | {name: _expand(cells, units, name, words["a"], words["b"]) for name in names if name in VERTICES}


def _expand(cells: TorchCells, units: Units, name: str, a: Word, b: Word) -> Word:
    """Vertex expansion of the exact unit, from its results at the nearest vertex and at the 64 vertices beside it."""
    x = torch.cat((a, b))
    nearest = (x > 0.5).to(x.dtype)
    flipped = (nearest[:, None] - torch.eye(64).to(x)[:, :, None]).abs()
    corners = torch.cat((nearest[:, None], flipped), 1).detach()
    with evaluation():
        found = units.operate(name, *(to_words(half.flatten(1)) for half in corners.split(32)))
    results = to_bits(found, cells.device, cells.dtype).reshape(32, 65, -1)
    slopes = (results[:, 1:] - results[:, :1]) * (1 - 2 * nearest)
    return (results[:, 0] + ((x - nearest) * slopes).sum(1)).clamp(0, 1)


class Step:
    """One step of a soft program: call it with the state, of tensors. What depends on the program alone is computed once.

    chosen: in place of the logits, what they select.
    """

    def __init__(self, chosen: Logits, base: int, config: MachineConfig, cells: TorchCells, units: Units) -> None:
        self.chosen, self.cells, self.units = chosen, cells, units
        self.memory = SoftMemory(config, cells)
        self.slots = len(chosen.op)
        self.addresses = base + 4 * np.arange(self.slots, dtype=np.int64) & 0xFFFFFFFF
        self.here, self.link = (
            to_bits(x & 0xFFFFFFFF, cells.device, cells.dtype) for x in (self.addresses, self.addresses + 4)
        )
        target = wiring.add_or_subtract(cells, self.here, chosen.imm.T, torch.zeros_like(self.here[:1]))
        self.landing = self._landing(target)
        self.aligned = (1 - target[0]) * (1 - target[1])
        self.ended = torch.tensor([0.0] * self.slots + [1.0, 1.0]).to(target)

    def __call__(self, state: SoftExecution) -> SoftExecution:
        q, masses, words = self._fetch(state)
        values = operate(self.cells, self.units, masses, words) | {"lui": words["imm"]}
        inside, memory = self.memory.access(state.memory, masses, words["b"], values)
        moves = self._moves(q, masses, values, inside)
        registers = self._write(state.registers, q, masses, words, values, inside)
        return SoftExecution(registers, memory, state.pc * self.ended + moves)

    def _fetch(self, state: SoftExecution) -> tuple[torch.Tensor, Masses, dict[str, Word]]:
        """How the running mass is shared between slots `[B, L]`, the mass of every active operation, and by their names the
        operands, the link, and the distribution rd `[B, R]` over registers."""
        c, running = self.chosen, state.pc[:, : self.slots]
        total = running.sum(1, keepdim=True)
        q = running / torch.where(total > 0, total, 1)
        a, b = (torch.einsum("br,brw->wb", q @ selected, state.registers) for selected in (c.rs1, c.rs2))
        op = (running @ c.op).T
        masses = {name: op[column] for name, column in COLUMN.items() if bool((op[column] != 0).any())}
        rd, imm, here, link = q @ c.rd, (q @ c.imm).T, self.here @ q.T, self.link @ q.T
        return q, masses, {"a": a, "b": b, "rd": rd, "imm": imm, "here": here, "link": link}

    def _moves(self, q: torch.Tensor, masses: Masses, values: dict[str, Word], inside: Masses) -> torch.Tensor:
        """Mass `[B, L + 2]` that arrives at every slot, at halted and at trapped."""
        nothing = torch.zeros_like(q[:, 0])
        follow, halted, trapped, landed, arrived = nothing, nothing, nothing, nothing, 0
        for name, mass in masses.items():
            if name in BRANCHES:
                landed, follow = landed + mass * values[name][0], follow + mass * (1 - values[name][0])
            elif name == "jal":
                landed = landed + mass
            elif name == "jalr":
                even = torch.cat((torch.zeros_like(values[name][:1]), values[name][1:]))
                arrived = mass[:, None] * self._landing(even)
            elif name in ("ecall", "ebreak"):
                halted = halted + mass
            else:
                share = inside.get(name, 1)
                follow, trapped = follow + mass * share, trapped + mass * (1 - share)
        sequel = torch.cat((q[:, -1:] * 0, q[:, :-1], q[:, :1] * 0, q[:, -1:]), 1)
        ends = torch.stack((halted, trapped), 1)
        there = landed[:, None] * (q @ self.landing) + follow[:, None] * sequel + arrived
        return there + torch.nn.functional.pad(ends, (self.slots, 0))

    def _landing(self, target: Word) -> torch.Tensor:
        """`[n, L + 2]`: mass of target `[32, n]` on every slot; what is no slot is trapped."""
        low = distribution(target[:8])
        high, place = np.unique(self.addresses >> 8, return_inverse=True)
        pattern = torch.from_numpy(high >> np.arange(24)[:, None] & 1).to(target.device, torch.bool)[:, :, None]
        upper = torch.where(pattern, target[8:, None], 1 - target[8:, None]).prod(0)
        slots = (upper[place] * low[self.addresses & 255]).T
        return torch.cat((slots, torch.zeros_like(slots[:, :1]), 1 - slots.sum(1, keepdim=True)), 1)

    def _write(
        self, registers: torch.Tensor, q: torch.Tensor, masses: Masses, words: dict[str, Word], values: dict[str, Word],
        inside: Masses,
    ) -> torch.Tensor:  # fmt: skip
        """Registers after all writes: of the mass `[B]` with which an operation writes times its value; x0 stays."""
        writes = []
        for name, mass in masses.items():
            if name in inside and name in WRITING:  # a load's word is summed over the places inside already
                writes.append((mass * inside[name], mass * values[name]))
            elif name in WRITING:
                writes.append((mass, mass * values[name]))
            elif name in ("jal", "jalr"):
                jumped = mass * (q @ self.aligned if name == "jal" else 1 - values[name][1])
                writes.append((jumped, jumped * words["link"]))
        if not writes:
            return registers
        written, moved = (sum(parts) for parts in zip(*writes, strict=True))
        share = words["rd"][:, 1:, None]
        kept = (1 - written[:, None, None] * share) * registers[:, 1:]
        return torch.cat((registers[:, :1], kept + share * moved.T[:, None]), 1)
