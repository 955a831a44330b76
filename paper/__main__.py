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


def compile_paper(results: Path, out: Path) -> None:
    """Write the PDF. Raises UserError where a table or a figure is missing, or the source does not compile."""
    text = json.dumps(numbers.build(tables.at(results)), indent=1, ensure_ascii=False)
    shown = [SOURCE, *sorted(numbers.SECTIONS.glob("*.typ"))]
    for name in re.findall(r'figure-file\("(\w+)"\)', "".join(file.read_text(encoding="utf-8") for file in shown)):
        if not (results / "figures" / f"{name}.svg").exists():
            raise UserError(f"figure {name} is not drawn: python -m figures --results {results}")
    record.write_files(results, {"numbers.json": text + "\n"})
    try:
        # the root is that of the file system, because a results folder may lie anywhere
        pdf = typst.compile(str(SOURCE), root="/", ignore_system_fonts=True, sys_inputs={"results": str(results.resolve())})
    except typst.TypstError as error:
        raise UserError(f"{SOURCE} does not compile: {error.message}") from None
    beside = out.with_name(f".writing-{out.name}")
    beside.write_bytes(pdf)
    beside.replace(out)


main = maker("paper", "Build the PDF from recorded results.", "paper.pdf", compile_paper)


if __name__ == "__main__":
    sys.exit(main())
