"""`python -m backends list | run | conform`."""

import argparse
import sys

from backends import cli
from backends.core.errors import exit_code
from backends.interface import REGISTERS


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m backends", description="Run RISC-V programs on differentiable computers.")
    commands = top.add_subparsers(dest="command", required=True, metavar="list|run|conform")
    listing = commands.add_parser("list", help="the machines, their devices and capabilities")
    listing.set_defaults(handler=cli.list_backends)

    run = commands.add_parser("run", help="run an ELF, .c or .S file", description=cli.run_file.__doc__)
    run.set_defaults(handler=cli.run_file)
    run.add_argument("file", help="an ELF executable, or .c / .S (compiled with a small start-up file)")
    run.add_argument("--backend", default="reference", help="machine to run on (default: reference)")
    run.add_argument("--isa", choices=REGISTERS, help="default: what an ELF was built for, rv32em for .c and .S")
    run.add_argument("--max-steps", type=int, default=10_000_000, metavar="N", help="instructions (default: 10000000)")
    run.add_argument("--memory-bytes", type=int, metavar="N", help="default: the program plus a 64 KiB stack")
    run.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    run.add_argument(
        "--cache", nargs="?", const="", metavar="line_bytes=64,sets=64,ways=8",
        help="count cycles with a data cache; also hit_cycles, miss_cycles, evictions, seed",
    )  # fmt: skip
    run.add_argument("--reg", action="append", default=[], nargs="+", metavar="a0=5", help="initial register values")
    run.add_argument("--input", metavar="FILE", help="what the program reads as its standard input (default: stdin)")
    run.add_argument("--output-bytes", type=int, metavar="N", help="trap beyond so much output (default: no limit)")
    run.add_argument("--trace", type=int, default=0, metavar="N", help="print the first N instructions on stderr")
    run.add_argument("--json", action="store_true", help="one JSON object on stdout; registers in order x0, x1, …")

    conform = commands.add_parser("conform", help="run the conformance table")
    conform.set_defaults(handler=cli.run_conformance)
    conform.add_argument("--backend", action="append", metavar="X", help="machine to check (repeat; default: all)")
    conform.add_argument("--scale", choices=("smoke", "quick", "full"), default="full", help="how many cases (default: full)")
    conform.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    conform.add_argument("--json", action="store_true", help="one JSON row per machine and kind on stdout")
    return top


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    return exit_code(lambda: options.handler(options))


if __name__ == "__main__":
    sys.exit(main())
