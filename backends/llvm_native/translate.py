"""Units as one module of LLVM's language."""

from collections.abc import Sequence

from backends.llvm_native.block_text import BlockText
from backends.llvm_native.control_flow import Unit
from backends.llvm_native.unit_text import WEIGHTS, Guest, UnitText


def module(units: Sequence[Unit], guest: Guest) -> str:
    """The text; functions have the names that `unit_text.py` says."""
    together = frozenset(unit.start for unit in units)
    return "\n".join([*(_function(unit, guest, together) for unit in units), WEIGHTS])


def _function(unit: Unit, guest: Guest, together: frozenset[int]) -> str:
    text = UnitText(unit, guest, together)
    text.enter()
    for block in unit.blocks.values():
        BlockText(text, block).write()
    return text.finish()
