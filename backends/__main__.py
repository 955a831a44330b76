"""`python -m backends list | run | conform`."""

import argparse
import base64
import io
import json
import sys
import time
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TextIO

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from backends.core import catalog, isa, toolchain
from backends.core.environments import Environment, linux
from backends.core.environments.bare import Bare
from backends.core.environments.linux import command
from backends.core.environments.streams import Files
from backends.core.environments.tracing import Tracing
from backends.core.errors import exit_code
from backends.core.isa import extension_file
from backends.core.isa.instruction_set import named
from backends.core.screen import Screen
from backends.interface import (
    REGISTERS,
    Batch,
    Cache,
    Capabilities,
    Cause,
    Execution,
    MachineConfig,
    Program,
    Status,
    UserError,
)

MAX_STEPS = 10_000_000
"""Of a bare program, where nothing else is said."""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m backends", description="Run RISC-V programs on differentiable computers.")
    commands = top.add_subparsers(dest="command", required=True, metavar="list|run|conform")
    listing = commands.add_parser("list", help="the machines, their devices and capabilities")
    listing.set_defaults(handler=list_backends)

    run = commands.add_parser("run", help="run an ELF, .c or .S file", description=run_file.__doc__)
    run.set_defaults(handler=run_file)
    run.add_argument(
        "file", nargs="?", help="an ELF executable, or .c / .S (compiled with a small start-up file, or with the C library)"
    )
    run.add_argument("--env", action="append", default=[], metavar="K=V", help="in the environment of a Linux program")
    run.add_argument("--strace", action="store_true", help="write every system call of a Linux program on stderr")
    run.add_argument("--backend", default="reference", help="machine to run on (default: reference)")
    run.add_argument("--isa", choices=REGISTERS, help="default: what an ELF was built for, rv32em for .c and .S")
    run.add_argument("--operations", metavar="FILE", help="operations beyond it, as isa_discovery suggest --write leaves them")
    run.add_argument(
        "--max-steps", type=int, metavar="N", help=f"instructions (default: {MAX_STEPS}; of Linux programs no limit)"
    )
    run.add_argument("--memory-bytes", type=int, metavar="N", help="default: the program plus a 64 KiB stack; of Linux 8 MiB")
    run.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    run.add_argument(
        "--cache", nargs="?", const="", metavar="line_bytes=64,sets=64,ways=8",
        help="count cycles with a data cache; also hit_cycles, miss_cycles, evictions, seed",
    )  # fmt: skip
    run.add_argument("--reg", action="append", default=[], nargs="+", metavar="a0=5", help="initial register values")
    run.add_argument("--input", metavar="FILE", help="what the program reads as its standard input (default: stdin)")
    run.add_argument("--output-bytes", type=int, metavar="N", help="trap beyond so much output (default: no limit)")
    run.add_argument("--trace", type=int, default=0, metavar="N", help="print the first N instructions on stderr")
    run.add_argument(
        "--json",
        action="store_true",
        help="one JSON object on stdout; registers in order x0, x1, …; output that is no text also as output_base64",
    )

    conform = commands.add_parser("conform", help="run the conformance table")
    conform.set_defaults(handler=run_conformance)
    conform.add_argument("--backend", action="append", metavar="X", help="machine to check (repeat; default: all)")
    conform.add_argument("--scale", choices=("smoke", "quick", "full"), default="full", help="how many cases (default: full)")
    conform.add_argument("--device", default="cpu", help="cpu or cuda (default: cpu)")
    conform.add_argument("--json", action="store_true", help="one JSON row per machine and kind on stdout")
    return top


def list_backends(options: argparse.Namespace) -> int:
    """One row per machine: name, devices, capabilities, or why it cannot be used here."""
    table = Table("backend", "devices", "timing models", "soft runs (relaxations)", "rv32ima", "extensions")
    for name in catalog.names():
        known = catalog.describe(name)
        if isinstance(known, Capabilities):
            lists = known.devices, known.timings, known.relaxations
            answers = ("yes" if has else "no" for has in (known.atomics, known.extensions))
            table.add_row(name, *(", ".join(names) or "no" for names in lists), *answers)
        else:
            table.add_row(name, known)
    Screen().print(table)
    return 0


def run_file(options: argparse.Namespace) -> int:
    """Run a program: it reads stdin (or the file of --input) and writes stdout and stderr, its exit code is the exit code. A
    static Linux executable, or a C file that includes headers of the C library, runs on Linux, with the arguments behind `--`.
    A trap or running out of steps is one line on stderr and exit code 1, a mistake of the user one line and exit code 2."""
    if options.file is None:  # it may stand behind `--`, where its name begins with a dash
        if not options.arguments:
            raise UserError("run: name a file, as in: python -m backends run fib.c")
        options.file, *options.arguments = options.arguments
    for name in ("trace", "output_bytes"):
        if (getattr(options, name) or 0) < 0:
            raise UserError(f"--{name.replace('_', '-')} {getattr(options, name)}: give 0 or more")
    backend, path = catalog.create(options.backend, options.device), Path(options.file)
    with _spinner(f"{options.backend} runs {path.name}") as spinner:
        data = command.executable(path, options.isa)
        held = io.BytesIO(), io.BytesIO()
        out, errors = held if options.json else (_bytes_of(sys.stdout), _bytes_of(sys.stderr))
        with nullcontext(_bytes_of(sys.stdin)) if options.input is None else open(options.input, "rb") as given:
            streams = Files(given, out, errors, options.output_bytes, spinner.stop)
            made = _bare(path, options, streams) if data is None else _linux(path, data, options, streams)
            environment = Tracing(made.environment, options.trace)
            most = MAX_STEPS if data is None else (1 << 64) - 1
            max_steps = most if options.max_steps is None else options.max_steps
            start = time.perf_counter()
            result = backend.run(made.program, made.batch, made.config, max_steps, environment)
            wall_time_s = time.perf_counter() - start
    for line in environment.lines:
        print(line, file=sys.stderr)
    if options.json:
        head = {"backend": options.backend, "device": options.device}
        streams_ = _text("output", held[0].getvalue()) | _text("errors", held[1].getvalue())
        print(json.dumps(head | summary(result) | streams_ | {"wall_time_s": round(wall_time_s, 6)}))
    return _exit_code(result, max_steps)


class Prepared(NamedTuple):
    """What a run takes."""

    program: Program
    batch: Batch
    config: MachineConfig
    environment: Environment


def _bare(path: Path, options: argparse.Namespace, streams: Files) -> Prepared:
    if options.arguments or options.env or options.strace:
        raise UserError(f"{path.name} is no Linux program: it takes no arguments, no --env and no --strace")
    program, name = toolchain.load(path, options.isa)
    extra = extension_file.read(Path(options.operations), named(name)).extensions if options.operations else ()
    timing = {} if options.cache is None else {"timing": "cache", "cache": _cache(options.cache)}
    config = toolchain.machine_for(program, name, options.memory_bytes, device=options.device, extensions=extra, **timing)
    batch = Batch(toolchain.initial_registers(config, _register_values(options.reg, config)))
    return Prepared(program, batch, config, Bare(streams))


def _linux(path: Path, data: bytes, options: argparse.Namespace, streams: Files) -> Prepared:
    if options.operations or options.reg:
        raise UserError(f"{path.name} is a Linux program: leave --operations and --reg out")
    timing = {} if options.cache is None else {"timing": "cache", "cache": _cache(options.cache)}
    config = linux.machine(options.memory_bytes or linux.MEMORY_BYTES, device=options.device, **timing)
    strace = sys.stderr if options.strace else None
    made = command.prepared(path.stem, data, options.arguments, options.env, streams, strace)
    return Prepared(made[0], made[1], config, made[2])


def _text(name: str, found: bytes) -> dict[str, str]:
    """A stream as text; where it is none, its bytes stand beside it."""
    text = found.decode("utf-8", "backslashreplace")
    exact = text.encode() == found
    return {name: text} if exact else {name: text, f"{name}_base64": base64.b64encode(found).decode()}


def _bytes_of(stream: TextIO | None) -> BinaryIO:
    """The bytes behind a stream of this process; nothing where it is closed."""
    return io.BytesIO() if stream is None else stream.buffer


def run_conformance(options: argparse.Namespace) -> int:
    """Run the conformance table and print it; 1 where a case failed."""
    from backends.conformance import table  # hypothesis and the case table are needed here only

    return table.report(options.backend or catalog.names(), options.scale, options.device, options.json)


def summary(result: Execution) -> dict:
    """What `--json` shows of instance 0."""
    status = Status(int(result.status[0]))
    trap = {"cause": _cause(result), "pc": int(result.pc[0]), "address": int(result.address[0])}
    return {
        "status": status.name.lower(),
        "exit_code": None if result.exit_code[0] < 0 and status != Status.EXITED else int(result.exit_code[0]),
        "trap": trap if status == Status.TRAPPED else None,
        "instructions": int(result.retired[0]),
        "cycles": int(result.cycles[0]),
        "pc": int(result.pc[0]),
        "registers": [int(r) for r in result.registers[0]],
    }


def _cause(result: Execution) -> str:
    return Cause(int(result.cause[0])).name.lower().replace("_", " ")


def _exit_code(result: Execution, max_steps: int) -> int:
    status = int(result.status[0])
    if status == Status.TRAPPED:
        cause = _cause(result)
        print(f"trap: {cause} at pc {result.pc[0]:#x}, address {result.address[0]:#x}", file=sys.stderr)
        return 1
    if status == Status.OUT_OF_STEPS:
        print(f"out of steps: {max_steps} instructions ran, pc is {result.pc[0]:#x}; --max-steps gives more", file=sys.stderr)
        return 1
    return max(0, int(result.exit_code[0])) & 0xFF if status == Status.HALTED else int(result.exit_code[0]) & 0xFF


def _register_values(words: list[list[str]], config: MachineConfig) -> dict[int, int]:
    values = {}
    for word in [w for group in words for w in group]:
        name, _, value = word.partition("=")
        try:
            number, values_ = isa.register_number(name), int(value, 0)
        except (KeyError, ValueError):
            raise UserError(f"--reg {word}: give a register and a number, as in a0=5 or x10=0x2a") from None
        if number >= config.registers or not -(1 << 31) <= values_ < 1 << 32:
            raise UserError(f"--reg {word}: {config.isa} has registers x0 to x{config.registers - 1} of 32 bits")
        values[number] = values_
    return values


def _cache(words: str) -> Cache:
    """The cache of `--cache line_bytes=64,ways=2`; what is not named has its default."""
    known = {f.name for f in fields(Cache) if f.type in (int, "int")}
    values: dict[str, Any] = {}
    for word in filter(None, words.split(",")):
        name, _, value = word.partition("=")
        if name not in known or not value.isdigit():
            raise UserError(f"--cache {word}: give NAME=NUMBER with a name of {', '.join(sorted(known))}")
        values[name] = int(value)
    return Cache(**values)


def _spinner(text: str) -> Progress:
    console = Console(stderr=True)
    columns = SpinnerColumn(), TextColumn(text), TimeElapsedColumn()
    progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    progress.add_task(text, total=None)
    return progress


def main(arguments: list[str] | None = None) -> int:
    words = sys.argv[1:] if arguments is None else arguments
    own = words.index("--") if "--" in words else len(words)
    options = parser().parse_args(words[:own])
    options.arguments = words[own + 1 :]
    return exit_code(lambda: options.handler(options))


if __name__ == "__main__":
    sys.exit(main())
