"""`python -m experiments.synthesis solve EXAMPLES.csv`."""

import argparse
import json
import math
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from backends.core import catalog
from backends.core.errors import exit_code
from backends.interface import UserError
from experiments.harness import progress
from experiments.program_search import assembly, methods
from experiments.program_search.budget import Budget
from experiments.program_search.method import Method
from experiments.program_search.space import Space
from experiments.synthesis import executable, solve, table

_SHOWN, _LONGEST = 10, 64
EXAMPLE = """example:
  in.a0,in.a1,out.a0
  3,5,5
  -7,2,2
  0x7fffffff,-1,0x7fffffff
  …
  python -m experiments.synthesis solve max.csv --budget-s 60

Columns are registers (t0 to t2, s0, s1, a0 to a5) and words of memory, as in in.mem[0x100]; values are decimal or
hexadecimal, signed or unsigned. What is no input is 0 when the program starts. Every fifth row is kept back: no search sees
it, and a program must be right on it too. Where no method is named and an output register is wanted of registers,
shorter programs are looked for as long as the budget lasts, and the answer says whether it was shown that there are none.
A pointer is an input like any other: give in.a0 the address of in.mem[0x100].

exit code: 0 found, 1 not found, 2 misuse."""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m experiments.synthesis", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True, metavar="solve")
    one = commands.add_parser(
        "solve", help="find a program from examples", description=" ".join((run.__doc__ or "").split()),
        epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    one.add_argument("file", metavar="EXAMPLES.csv", help="a header of in. and out. columns, and rows of numbers")
    one.add_argument("--method", help=f"one of {', '.join(methods.names())} (default: {solve.DEFAULT_METHOD})")
    one.add_argument("--relaxation", choices=("bits", "value"), help="what a word is in a gradient method")
    one.add_argument("--backend", metavar="B", help="the machine that a gradient method runs on")
    one.add_argument("--budget-s", type=float, default=60.0, metavar="S", help="seconds of the search (default: 60)")
    one.add_argument(
        "--evaluations", type=float, default=math.inf, metavar="N",
        help="executions of an instruction on an example (default: as many as there is time for)",
    )  # fmt: skip
    one.add_argument("--length", type=int, default=8, metavar="N", help="the longest program (default: 8)")
    one.add_argument(
        "--ops", metavar="OP,OP,…",
        help="operations that the program may use (default: arithmetic, logic, shifts, comparisons, mul, loads and stores "
        "where there is memory; then branches as well)",
    )  # fmt: skip
    one.add_argument(
        "--steps", type=int, default=solve.LOOP_STEPS, metavar="N",
        help=f"instructions that a run of a program with branches may take in the search (default: {solve.LOOP_STEPS})",
    )  # fmt: skip
    one.add_argument("--seed", type=int, default=0, help="of the search (default: 0)")
    one.add_argument("--out", metavar="FILE.elf", help="where the program goes (default: beside the examples)")
    one.add_argument("--json", action="store_true", help="one JSON object on stdout")
    return top


@dataclass(frozen=True)
class Question:
    """What the command line asks, checked."""

    table: table.Table
    method: Method
    spaces: list[Space]
    budget: Budget
    seed: int
    steps: int
    out: Path


def run(options: argparse.Namespace) -> int:
    """Find a program of RISC-V instructions that turns the inputs of a table into its outputs."""
    question = _question(options)
    with progress.bar() as bar:
        compiling = bar.add_task(f"compiling {question.method.name}", total=None)
        solve.warm(question.method, question.spaces)
        bar.remove_task(compiling)
        bar.add_task(f"{question.method.name}, at most {options.budget_s:g} s", total=None)
        question.budget.restart()
        answer = solve.solve(question.table, question.method, question.spaces, question.budget, question.seed, question.steps)
    report = _report(question, answer)
    print(json.dumps(report) if options.json else "\n".join(_lines(question, answer, report)))
    if answer.code is not None and answer.found:
        elf = executable.build(answer.code, question.table.examples)
        try:
            question.out.write_bytes(elf)
        except OSError as error:
            raise UserError(f"{question.out}: {error.strerror or error}") from None
    return 0 if answer.found else 1


def _question(options: argparse.Namespace) -> Question:
    for name, value in (("length", options.length), ("budget-s", options.budget_s), ("steps", options.steps),
                        ("evaluations", options.evaluations)):  # fmt: skip
        if not value > 0:
            raise UserError(f"--{name} {value:g}: give more than 0")
    if options.length > _LONGEST:
        raise UserError(f"--length {options.length}: give at most {_LONGEST}")
    if options.seed < 0:
        raise UserError(f"--seed {options.seed}: give 0 or more")
    if options.backend is not None and options.backend not in catalog.names():
        raise UserError(f"unknown backend '{options.backend}': one of {', '.join(catalog.names())}")
    name = options.method or solve.DEFAULT_METHOD
    method = solve.bound(name, backend=options.backend, relaxation=options.relaxation)
    given = table.read(Path(options.file), options.steps)
    operations = _operations(options.ops)
    spaces = solve.fitting(method, solve.spaces(given.examples, options.length, operations), given.examples)
    out = _writable(Path(options.out) if options.out else Path(options.file).with_suffix(".elf"))
    if out.exists() and out.samefile(options.file):
        raise UserError(f"{out} holds the examples: give --out another file")
    budget = Budget(options.evaluations, options.budget_s)
    return Question(given, method, spaces, budget, options.seed, options.steps, out)


def _operations(text: str | None) -> list[str] | None:
    """The operations of `--ops add,sub`, each once. The space says which of them are unknown."""
    if text is None:
        return None
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip())) or [""]


def _writable(path: Path) -> Path:
    """The path, known before the search to be one that a file can be written to."""
    if path.is_dir():
        raise UserError(f"{path} is a folder: give --out a file")
    if not path.parent.is_dir():
        raise UserError(f"{path.parent} is no folder: make it, or give --out another path")
    return path


def _report(question: Question, answer: solve.Answer) -> dict:
    """What `--json` shows."""
    held_out = question.table.held_out
    return {
        "found": answer.found,
        "method": question.method.name,
        "seed": question.seed,
        "program": None if answer.code is None else assembly.text(answer.code),
        "instructions": None if answer.code is None else len(answer.code),
        "shortest": answer.is_shortest,
        "space": None if answer.shortest is None else answer.shortest.about,
        "training": {"rows": int((~held_out).sum()), "right": int(answer.right[~held_out].sum())},
        "held_out": {"rows": int(held_out.sum()), "right": int(answer.right[held_out].sum())},
        "wrong_lines": [] if answer.code is None else question.table.lines[~answer.right].tolist(),
        "rejected_programs": answer.rejections,
        "executions": answer.executions,
        "seconds": round(answer.seconds, 3),
        "elf": str(question.out) if answer.found else None,
    }


def _lines(question: Question, answer: solve.Answer, report: dict) -> list[str]:
    """What the command prints of it for people."""
    rows = f"right on {_of(report['training'])} examples and {_of(report['held_out'])} held-out rows"
    cost = f"{report['executions']:.3g} executions, {report['seconds']:.1f} s, method {report['method']}, seed {question.seed}"
    if answer.found:
        runs = f"python -m backends run {shlex.quote(str(question.out))} runs it on every row"
        return [*report["program"], "", rows, _shortest(answer), cost, runs]
    longest = max(space.length for space in question.spaces)
    end = "the budget has ended" if question.budget.ended else f"{question.method.name} has nothing more to try"
    lines = [f"no program of at most {longest} instructions found: {end}", cost]
    if not question.spaces[-1].straight:
        lines.append(f"programs with branches had {question.steps} instructions a run in the search: --steps gives more")
    if answer.code is None:
        return lines
    wrong = ", ".join(map(str, report["wrong_lines"][:_SHOWN])) + ", …" * (len(report["wrong_lines"]) > _SHOWN)
    best = f"programs that fit the examples and do not hold on other rows: {answer.rejections}, the best of them"
    return [*lines, "", best, *report["program"], "", f"{rows}; wrong on line {wrong}"]


def _shortest(answer: solve.Answer) -> str:
    if answer.shortest is None:
        return "not shown to be shortest"
    if answer.is_shortest:
        return f"no shorter program exists in this space: {answer.shortest.about}"
    return f"not shown to be shortest: fewer than {answer.shortest.no_shorter} do not suffice ({answer.shortest.about})"


def _of(rows: dict) -> str:
    return f"{rows['right']} of {rows['rows']}" if rows["rows"] else "no"


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    return exit_code(lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
