"""`python -m paper [--results FOLDER] [--out FILE]`: compile the paper offline."""

import argparse
import json
import re
import sys
from pathlib import Path

import typst

from backends.core.errors import exit_code
from backends.interface import UserError
from experiments.harness import record, tables
from experiments.harness.tables import DEFAULT
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


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m paper", description="Build the PDF from recorded results.")
    parser.add_argument("--results", type=Path, default=DEFAULT, help="results folder (default: results/reference)")
    parser.add_argument("--out", type=Path, help="default: paper.pdf in the results folder")
    options = parser.parse_args(arguments)
    out = options.out or options.results / "paper.pdf"

    def build_it() -> int:
        compile_paper(options.results, out)
        print(out)
        return 0

    return exit_code(build_it)


if __name__ == "__main__":
    sys.exit(main())
