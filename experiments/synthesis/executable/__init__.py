"""An ELF that runs a found program on every row of its examples: the proof of it that anyone can run, on any machine.

The words of memory that the examples name come first in the file, at their own addresses; code, table and stack lie behind.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from backends.core import isa, toolchain
from experiments.program_search import assembly
from experiments.program_search.problem import Examples, Location

RESERVED = (0, 1, 2, 3, 4)
"""zero, ra, sp, gp, tp: what runs the rows uses them, so examples and programs must not."""
REGISTERS = tuple(r for r in range(16) if r not in RESERVED)
DEPENDS_ON = ("experiments/synthesis/executable/rows.S",)
_ROWS = Path(__file__).parent / "rows.S"
_ANYWHERE = 0x10000
_LAYOUT = """SECTIONS {{
  . = {start:#x};
  .window : {{ KEEP(*(.window)) }}
  . = ALIGN(16);
  .text : {{ *(.text.start) *(.text*) }}
  .rodata : {{ *(.rodata*) }}
}}
"""


def build(code: np.ndarray, examples: Examples) -> bytes:
    """The ELF for RV32EM of a code `[L, 5]` and its examples; the code is its symbol `solution`."""
    with tempfile.TemporaryDirectory() as folder:
        layout, generated = Path(folder) / "layout.ld", Path(folder) / "solution.S"
        start = examples.window()[0] if examples.words_named() else _ANYWHERE
        layout.write_text(_LAYOUT.format(start=start))
        generated.write_text(source(code, examples))
        return toolchain.compile_source(_ROWS, "rv32em", (f"-I{folder}", "-T", str(layout)))


def source(code: np.ndarray, examples: Examples) -> str:
    """The assembly that differs from task to task."""
    solution = ["    .text", "    .globl solution", "solution:", *assembly.text(code), "    ret\n"]
    return "\n".join([*_table(examples), *_set_inputs(examples), *_compare_outputs(examples), *solution])


def _table(examples: Examples) -> Iterator[str]:
    message, cells = f" of {len(examples)} rows right\\n", np.hstack([examples.inputs, examples.outputs])
    yield from (f"    .equ ROWS, {len(examples)}", f"    .equ ROW_BYTES, {4 * cells.shape[1]}")
    yield f"    .equ MESSAGE_BYTES, {len(message) - 1}"
    if examples.words_named():
        yield f'    .section .window, "aw", @progbits\n    .zero {examples.window()[1]}'
    yield f'    .section .rodata\nmessage:\n    .ascii "{message}"\n    .balign 4\nrows:'
    for row in cells.tolist():
        yield "    .word " + ", ".join(f"{word:#x}" for word in row)
    yield "rows_end:"


def _set_inputs(examples: Examples) -> Iterator[str]:
    """Memory of the examples and registers become the row's inputs, and 0 where they are none."""
    yield "    .macro set_inputs"
    if examples.words_named():
        base, size = examples.window()
        yield f"    li t0, {base:#x}\n    li t1, {base + size:#x}\nclear:"
        yield "    sw zero, 0(t0)\n    addi t0, t0, 4\n    bne t0, t1, clear"
    columns = {at: 4 * column for column, at in enumerate(examples.sources)}
    for at, offset in columns.items():
        if at.kind == "memory":
            yield f"    lw t0, {offset}(gp)\n    li t1, {at.number:#x}\n    sw t0, 0(t1)"
    for number in REGISTERS:
        name, place = isa.REGISTER_NAMES[number], columns.get(Location("register", number))
        yield f"    li {name}, 0" if place is None else f"    lw {name}, {place}(gp)"
    yield "    .endm"


def _compare_outputs(examples: Examples) -> Iterator[str]:
    """Registers first: looking at memory needs one of them."""
    yield "    .macro compare_outputs"
    columns = {at: 4 * (len(examples.sources) + column) for column, at in enumerate(examples.targets)}
    for at, offset in sorted(columns.items(), key=lambda item: item[0].kind != "register"):
        yield f"    lw ra, {offset}(gp)"
        name = isa.REGISTER_NAMES[at.number] if at.kind == "register" else "t0"
        if at.kind == "memory":
            yield f"    li t0, {at.number:#x}\n    lw t0, 0(t0)"
        yield f"    bne ra, {name}, wrong"
    yield "    .endm"
