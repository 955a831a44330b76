r"""Soft programs: what the logits mean, how a program becomes logits, and the soft step that every machine agrees on.

A slot has N + 3 R + 32 logits: N = 47 soft operations (`isa.SOFT_OPERATIONS`, in that order), three register selectors, and
32 immediate bits: 127 for RV32EM, 175 for RV32IM. At temperature T > 0 a selection is `softmax(logits / T)` and an immediate
bit `sigmoid(logit / T)`; at T = 0 they are the one-hot of the first greatest logit and `logit > 0`.

**The soft step** (relaxation `bits`: a word is 32 expectations of independent bits). OP, RD, RS1, RS2, IMM are the
selections of all slots; slot i lies at address base + 4 i. State: registers `[R, 32]`, memory `[M, 8]`, pc `[L + 2]`
(mass per slot, halted, trapped). With `run = pc[:L]` and `q = run / sum(run)` (all zero where the sum is zero):

1. Fetch: `op = run @ OP` (masses, they sum to the running mass), `rd = q @ RD`, `rs1 = q @ RS1`, `rs2 = q @ RS2`,
   `imm = q @ IMM`, `here = q @ address bits of the slots`, `link = q @ address bits of the slots + 4`.
2. Read: `a = rs1 @ registers`, `b = rs2 @ registers`.
3. Operate. All operations are computed; each result is an expectation `[32]`:
   and = ab, or = a + b - ab, xor = a + b - 2ab per bit; `add`: generate g = ab, propagate p = a + b - 2ab, carry
   c' = g + p c, sum = p + c - 2 p c (the carry operator is associative on kill/propagate/generate distributions, so ripple
   and Kogge-Stone agree); sub = a + (1 - b) + 1; sltu = 1 - carry out of sub; slt = sltu with both sign bits flipped; beq =
   product of 1 - xor; shifts: the distribution over 32 amounts that the five low bits of the amount give, applied to the
   shifted words (sra fills with bit 31). Multiply and divide: `vertex expansion`, see below.
4. Memory: the address add(a, imm) minus the memory base (an add of a constant) gives a distribution over the M bytes, the
   product of its bits; what lies outside gives trapped mass. An access of w bytes is inside at offsets 0 .. M - w. A load is
   the expectation over the offsets inside; a store of mass s moves byte k of memory at offset m + k toward byte k of b by
   `s * distribution[m]`, the sum of all weights that fall on a byte first.
5. Write: `registers[r] = (1 - w rd[r]) registers[r] + rd[r] v` for r > 0, where v = sum of op mass times result over writing
   operations and w the sum of their masses; a load's mass counts as far as it is inside memory, a jump's as far as its
   target is a multiple of 4.
6. Next pc: the sequel is slot i + 1 (trapped after the last). A target is the distribution over slots of the bits of
   (address of slot + IMM), computed per slot and blended by q, independently of the operation's mass; for jalr it is that of
   add(a, imm) with bit 0 cleared; what is not a slot is trapped. A branch goes to its target with its condition's
   expectation. ecall and ebreak halt.

**Vertex expansion** of a function f of 64 bits (both operands of mul*, div*, rem*): with v the nearest vertex (bit =
expectation > 1/2), `f(v) + sum over j of (x_j - v_j) (f(v with bit j = 1) - f(v with bit j = 0))`, clipped to [0, 1]: the
first-order expansion of f's multilinear extension, exact at vertices.

Sources: the multilinear extension of Boolean functions as in differentiable logic gate networks (Petersen et al. 2022); the
carry operator of Kogge and Stone (1973); soft program counters as in the differentiable Forth of Bosnjak et al. (2017).
"""

from dataclasses import dataclass

import numpy as np

from backends.core import isa, state
from backends.interface import Batch, Logits, MachineConfig, Program, SoftProgram, UserError

COLUMN = {name: column for column, name in enumerate(isa.SOFT_OPERATIONS)}


@dataclass(frozen=True)
class SoftRun:
    """A soft program on a batch: so many steps at a temperature; 0 is the hard machine. Memory is zero but for the batch's
    patches. Raises UserError for logits that are not finite or not of one shape, and for what cannot be run."""

    program: SoftProgram
    batch: Batch
    config: MachineConfig
    temperature: float
    steps: int

    def __post_init__(self) -> None:
        program, slots = self.program, len(self.program.logits.op)
        widths = (len(COLUMN), *(self.config.registers,) * 3, 32)
        for name, logits, width in zip(Logits._fields, program.logits, widths, strict=True):
            if logits.shape != (slots, width):
                raise UserError(f"logits {name} of shape {logits.shape}: give [{slots}, {width}]")
            if not np.isfinite(logits).all():
                raise UserError(f"logits {name} hold NaN or infinity in slot {int(np.argmin(np.isfinite(logits).all(axis=1)))}")
        if not self.temperature >= 0:
            raise UserError(f"temperature {self.temperature}: give 0 or more")
        if not 0 <= program.start < slots:
            raise UserError(f"the run starts at slot {program.start}: give one below {slots}")
        if self.steps < 0:
            raise UserError(f"{self.steps} soft steps: give 0 or more")
        if self.config.relaxation == "value" and self.config.dtype != "float64":
            raise UserError(f"relaxation value in {self.config.dtype}, which cannot hold 32 bits: give dtype float64")

    def initial(self) -> tuple[np.ndarray, np.ndarray]:
        """Registers `[B, R]` uint32 and memory `[B, M]` uint8 at the start."""
        nothing = Program(np.zeros(0, np.uint8), self.config.memory_base, self.config.memory_base)
        begun = state.load(nothing, self.batch, self.config)
        return begun.registers, begun.memory


def soften(program: Program, config: MachineConfig, sharpness: float) -> SoftProgram:
    """Logits whose argmax is the program: `sharpness` for what is chosen, 0 for the rest, +-sharpness for immediate bits.

    One slot per word of the image. `fence` becomes `addi x0, x0, 0`; a word that is no soft operation becomes a jump to a
    misaligned address, which traps. Raises UserError where the program rewrites itself or reads a counter.
    """
    words = np.frombuffer(program.image.tobytes() + bytes(-len(program.image) % 4), "<u4")
    decoded = isa.decode(words, config.registers)
    names = [isa.OPERATIONS[o].name if o < isa.ILLEGAL else "illegal" for o in decoded.op]
    for name in set(names) - {"illegal", "fence"} - set(COLUMN):
        raise UserError(f"{program.name} uses {name}, which a soft program does not have")
    imm = np.where(decoded.op == isa.ILLEGAL, 2, decoded.imm).astype(np.uint32)
    stand_in = {"fence": "addi", "illegal": "jal"}
    columns = np.array([COLUMN[stand_in.get(n, n)] for n in names])
    bits = imm[:, None] >> np.arange(32, dtype=np.uint32) & 1
    op, registers = np.eye(len(COLUMN))[columns], np.eye(config.registers)
    chosen = (op, registers[decoded.rd], registers[decoded.rs1], registers[decoded.rs2], 2.0 * bits - 1.0)
    return SoftProgram(Logits(*(sharpness * x for x in chosen)), program.base, (program.entry - program.base) // 4)
