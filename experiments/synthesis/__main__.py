"""`python -m experiments.synthesis solve EXAMPLES.csv`."""

import argparse
import math
import sys

from backends.core.errors import exit_code
from experiments.program_search import methods
from experiments.synthesis import command, solve

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
        "solve", help="find a program from examples", description=" ".join((command.run.__doc__ or "").split()),
        epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    one.set_defaults(handler=command.run)
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


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    return exit_code(lambda: options.handler(options))


if __name__ == "__main__":
    sys.exit(main())
