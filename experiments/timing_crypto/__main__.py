"""`python -m experiments.timing_crypto check FILE.c --function f --secret key:16 …`."""

import argparse
import sys

from backends.core.errors import exit_code
from backends.interface import REGISTERS
from experiments.timing_crypto.verifier import check
from experiments.timing_crypto.verifier.verify import CROSS_CHECK, MAX_STEPS

EXAMPLE = """example:
  python -m experiments.timing_crypto check aes.c --function encrypt --secret key:16 --public block:16 --public out:16 -O2

Every parameter of the function is named: `--secret NAME:BYTES` or `--public NAME:BYTES` for a pointer to that many bytes
(outputs are public buffers), `--secret NAME` or `--public NAME` for a scalar of 32 bits or less. A public scalar takes
many values, lengths that make no sense among them; `--value n=16` fixes it.

What a proof covers: one call from the program's initial state, with buffers that do not overlap, for the public inputs that
were tried. Observed are the addresses of instructions and of data, and operands of division; all else, multiplication
among it, is taken to be constant-time. A call that reports violations may have more of them than one run shows.

exit code: 0 proven, 1 violations, 2 misuse, or a function that traps or does not return."""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m experiments.timing_crypto", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True, metavar="check")
    one = commands.add_parser(
        "check", help="prove that a C function is constant-time, or show where it is not",
        description=" ".join((check.run.__doc__ or "").split()), epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    one.add_argument("file", metavar="FILE.c", help="C source; it need not have a main")
    one.add_argument("--function", metavar="F", help="the function to check, not static")
    one.add_argument("--secret", action="append", default=[], metavar="NAME[:BYTES]", help="a secret parameter (repeat)")
    one.add_argument("--public", action="append", default=[], metavar="NAME[:BYTES]", help="a public one (repeat)")
    one.add_argument("--value", action="append", default=[], metavar="NAME=N", help="fix the value of a public scalar (repeat)")
    one.add_argument("-O", dest="level", default="2", choices=tuple("0123sz"), help="optimisation level (default: -O2)")
    one.add_argument("--isa", choices=REGISTERS, default="rv32em", help="default: rv32em")
    one.add_argument("--backend", default="gpu_compute", help="machine to run on (default: gpu_compute)")
    one.add_argument("--define", action="append", default=[], metavar="NAME=VALUE", help="a macro of the file (repeat)")
    one.add_argument(
        "--cross-check", type=int, default=CROSS_CHECK, metavar="N",
        help=f"secrets whose traces are compared as well (default: {CROSS_CHECK})",
    )  # fmt: skip
    one.add_argument(
        "--max-steps", type=int, default=MAX_STEPS, metavar="N", help=f"instructions of a run (default: {MAX_STEPS})"
    )
    one.add_argument("--seed", type=int, default=0, help="of secrets and public inputs (default: 0)")
    one.add_argument("--json", action="store_true", help="one JSON object on stdout")
    return top


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    return exit_code(lambda: check.run(options))


if __name__ == "__main__":
    sys.exit(main())
