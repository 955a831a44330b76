"""Random programs, generated and shrunk by Hypothesis."""

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider

from backends.conformance.cases import Case, operands, words_program
from backends.core import isa
from backends.core.isa import encode
from backends.core.isa.instruction_set import Isa, named
from backends.interface import Batch, MachineConfig, Program

LENGTH, MEMORY, STEPS, PROGRAMS_PER_EXAMPLE = 24, 512, 120, 25
_BASE = 0x400
_KINDS = {
    "plain": [op for op in isa.OPERATIONS if op.kind in ("alu", "alu_imm", "upper", "counter")],
    "memory": [op for op in isa.OPERATIONS if op.kind in ("load", "store")],
    "control": [op for op in isa.OPERATIONS if op.kind in ("branch", "jump", "fence")],
    "atomic": list(isa.ATOMICS),
}
_SHARES = ("plain", "plain", "plain", "memory", "control")


class SameEverywhere(HypothesisProvider):
    """Hypothesis' own draws, without those from the constants of whatever modules happen to be imported: the same programs in
    every process."""

    def _maybe_draw_constant(self, *_, **__) -> None:
        return None


AVAILABLE_PROVIDERS[SameEverywhere.__name__] = f"{__name__}.{SameEverywhere.__name__}"


@st.composite
def instructions(draw, position: int, of: Isa) -> int:
    """One legal instruction word: short branches within the program, memory through x2 (its middle) or anything."""
    row = draw(st.sampled_from(_KINDS[draw(st.sampled_from((*_SHARES, *["atomic"] * of.atomic)))]))
    has_rd, has_rs1, has_rs2 = isa.FORMATS[row.format]
    register = st.integers(0, of.registers - 1)
    rd, rs1, rs2 = (draw(register) if has else 0 for has in (has_rd, has_rs1, has_rs2))
    if row.width and draw(st.integers(0, 7)):
        rs1 = 2
    rd = 3 if rd == 2 else rd  # keep the pointer
    if row.kind == "branch" or row.name == "jal":
        imm = 4 * draw(st.integers(-position, LENGTH - position))
    elif row.name == "jalr":
        rs1, imm = 0, _BASE + 4 * draw(st.integers(0, LENGTH))
    elif row.kind in ("load", "store"):
        imm = draw(st.integers(-200, 200))
    else:
        imm = _plain_immediate(draw, row)
    return of.encode(row.name, rd, rs1, rs2, imm)


def _plain_immediate(draw, row: isa.Operation) -> int:
    if row.format == "shift":
        return draw(st.integers(0, 31))
    if row.format == "U":
        return draw(st.integers(0, (1 << 20) - 1)) << 12
    return draw(st.integers(-2048, 2047)) if row.format == "I" else 0


@st.composite
def programs(draw, of: Isa) -> Program:
    words = [draw(instructions(i, of)) for i in range(draw(st.integers(1, LENGTH)))]
    return words_program([*words, encode("ebreak")], _BASE, name="random program")


@st.composite
def cases(draw, isa_name: str = "rv32em") -> Case:
    """A batch of random programs, one instance each, with random registers; x2 points to the middle of memory."""
    config = MachineConfig(isa=isa_name, memory_base=_BASE, memory_bytes=MEMORY)
    batch = draw(st.lists(programs(named(isa_name)), min_size=PROGRAMS_PER_EXAMPLE, max_size=PROGRAMS_PER_EXAMPLE))
    rng = np.random.default_rng(draw(st.integers(0, 1 << 32)))
    registers = operands(rng, (len(batch), config.registers))
    registers[:, 0], registers[:, 2] = 0, _BASE + MEMORY // 2 + 56
    return Case("random programs", "value", tuple(batch), Batch(registers, np.arange(len(batch))), config, STEPS)


def some(isa_name: str, programs: int) -> list[Case]:
    """`programs` random programs or a few less, PROGRAMS_PER_EXAMPLE a case: the same in every process."""
    found: list[Case] = []
    options = settings(
        max_examples=max(1, programs // PROGRAMS_PER_EXAMPLE), derandomize=True, database=None, deadline=None,
        phases=(Phase.generate,), suppress_health_check=list(HealthCheck), backend=SameEverywhere.__name__,
    )  # fmt: skip
    options(given(cases(isa_name))(lambda case: found.append(case)))()
    return found
