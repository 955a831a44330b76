"""`python -m paper [--results FOLDER] [--out FILE]`: compile the paper offline."""

import json
import re
import sys
from pathlib import Path

import typst

from artifact.command import maker
from backends.interface import UserError
from experiments.harness import record, tables
from paper import numbers

SOURCE = Path(__file__).with_name("main.typ")
TRIES = 5


def compile_paper(results: Path, out: Path) -> None:
    """Write the PDF. Raises UserError where a table or a figure is missing, or the source does not compile."""
    text = json.dumps(numbers.build(tables.at(results)), indent=1, ensure_ascii=False)
    shown = [SOURCE, *sorted(numbers.SECTIONS.glob("*.typ"))]
    for name in re.findall(r'figure-file\("(\w+)"\)', "".join(file.read_text(encoding="utf-8") for file in shown)):
        if not (results / "figures" / f"{name}.svg").exists():
            raise UserError(f"figure {name} is not drawn: python -m figures --results {results}")
    record.write_files(results, {"numbers.json": text + "\n"})
    pdf = _compiled({"results": str(results.resolve())})
    beside = out.with_name(f".writing-{out.name}")
    beside.write_bytes(pdf)
    beside.replace(out)


def _compiled(inputs: dict[str, str]) -> bytes:
    """The PDF. Typst has a fault that strikes where a floating table meets a page break, whatever is in it (typst/typst
    #8776): the pages are then made a little shorter, and tried again."""
    for shift in range(TRIES):
        try:  # the root is that of the file system, because a results folder may lie anywhere
            return typst.compile(str(SOURCE), root="/", ignore_system_fonts=True, sys_inputs={**inputs, "shift": str(shift)})
        except typst.TypstError as error:
            if "internal error" not in error.message or shift == TRIES - 1:
                raise UserError(f"{SOURCE} does not compile: {error.message}") from None
    raise AssertionError


main = maker("paper", "Build the PDF from recorded results.", "paper.pdf", compile_paper)


if __name__ == "__main__":
    sys.exit(main())
