"""What is to be checked: one C function, compiled, with a say for each of its parameters, laid out to be called.

Behind every buffer, and below the stack, lies a guard, so that a write beyond the end is noticed, and so that a public length
that is a little too large reads no other buffer; secret buffers lie before the public ones, and their guards count as secret.
"""

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from backends.core import calls, elf, taint, toolchain
from backends.core.calls import Argument, Call
from backends.core.observation import Secret
from backends.interface import UserError
from experiments.timing_crypto.verifier import dwarf
from experiments.timing_crypto.verifier.dwarf import DebugInfo, Function, Parameter

GUARD_BYTES = 4096
GUARD = np.r_[np.uint8(0), np.full(GUARD_BYTES - 1, 0xA5, np.uint8)]
"""A zero, which ends a text, and then a pattern that no program writes by chance."""
MAX_BUFFER_BYTES = 1 << 20
_STACK = "the stack"
STACK_BYTES = 1 << 15
_WITHOUT_UNUSED = "-Wl,--gc-sections"
"""Or the image holds all of the runtime library at some levels."""
_INCLUDE = Path(toolchain.__file__).parent / "startup" / "include"


@dataclass(frozen=True)
class Question:
    """Which function of which file, how compiled, and which of its parameters are what.

    secrets, public: bytes of the buffer that a parameter points to, None where it is a scalar; values: fixed values of
    public scalars. flags: compiler options beside the level, such as `-DNAME=VALUE`.
    """

    path: Path
    function: str
    secrets: Mapping[str, int | None]
    public: Mapping[str, int | None] = field(default_factory=dict)
    values: Mapping[str, int] = field(default_factory=dict)
    level: str = "-O2"
    isa: str = "rv32em"
    flags: tuple[str, ...] = ()

    @property
    def sizes(self) -> dict[str, int | None]:
        return {**self.secrets, **self.public, **{name: None for name in self.values if name not in self.public}}

    @property
    def free(self) -> list[str]:
        """Public scalars that are not fixed."""
        return [name for name, size in self.public.items() if size is None and name not in self.values]


@dataclass(frozen=True)
class Subject:
    """What is asked, and the function, laid out with a guard behind every buffer."""

    question: Question
    function: Function
    call: Call
    debug: DebugInfo

    def secrets(self) -> tuple[Secret, ...]:
        """Where the secrets lie: of a scalar the bytes that carry its value, and those of its sign; of a buffer its guard too,
        so that a secret declared too short does not make what is read behind it public."""
        secret = [p for p in self.function.parameters if p.name in self.question.secrets]
        return tuple(self.call.secret(p.name, 4 if p.signed else p.size_bytes) for p in secret)

    def spill(self, memory: np.ndarray) -> list[str | None]:
        """What every instance wrote beyond the end of, a buffer or the stack, None if of nothing; memory `[B, M]` after the
        run."""
        found: list[str | None] = [None] * len(memory)
        for name, size in {**self.question.sizes, _STACK: 0}.items():
            if size is not None:
                start = self.call.addresses[name] + size - self.call.config.memory_base
                guard = GUARD if size else 0
                for b in np.flatnonzero((memory[:, start : start + GUARD_BYTES] != guard).any(axis=1)):
                    found[b] = name
        return found


def prepare(question: Question) -> Subject:
    """Compile the file and check what was said of the parameters. Raises UserError."""
    _check_names(question)
    data = compiled(question)
    debug = DebugInfo(data, question.path)
    function = next((f for f in debug.functions if f.name == question.function), None)
    if function is None:
        listed = ", ".join(sorted({f.name for f in debug.functions})) or "none"
        raise UserError(f"{question.path} defines no C function '{question.function}': it has {listed}")
    function = _declared(question, function)
    _check_parameters(question, function)
    program, _ = elf.parse(data, question.path.name)
    arguments = [
        Argument(p.name, None if p.kind == "scalar" else (question.sizes[p.name] or 0) + GUARD_BYTES)
        for p in function.parameters
    ]
    secrets_first = sorted(arguments, key=lambda a: a.name not in question.secrets)
    call = calls.lay_out(program, question.isa, [*secrets_first, Argument(_STACK, GUARD_BYTES)], STACK_BYTES)
    return Subject(question, function, replace(call, arguments=tuple(arguments)), debug)


def compiled(question: Question) -> bytes:
    """The ELF file whose start calls the function. Raises UserError, with Clang's message in one line."""
    flags = (question.level, *dwarf.FLAGS, _WITHOUT_UNUSED, "-w", *question.flags)
    try:
        return toolchain.compile_source(question.path, question.isa, flags, start=question.function)
    except UserError as error:
        failed = error
    try:  # does it compile without the function?
        listed = ", ".join(functions(question.path, question.isa, flags)) or "none"
    except UserError:
        raise UserError(_one_line(str(failed))) from None
    raise UserError(f"{question.path} has no function '{question.function}' that can be called: it has {listed}")


def functions(path: Path, isa: str, flags: tuple[str, ...]) -> list[str]:
    """Names of the functions that a C file defines. Raises UserError."""
    try:
        data = toolchain.compile_source(path, isa, (*flags, *dwarf.FLAGS, _WITHOUT_UNUSED, "-w"), start=None)
    except UserError as error:
        raise UserError(_one_line(str(error))) from None
    return sorted({f.name for f in DebugInfo(data, path).functions})


def _one_line(message: str) -> str:
    """The first line, and of what follows the first that names an error."""
    first, *rest = message.splitlines()
    errors = [line.strip() for line in rest if "error:" in line]
    return f"{first} {errors[0]}" if errors else " ".join([first, *rest[:1]])


def _check_names(question: Question) -> None:
    if not question.secrets:
        raise UserError("no secret is named: give --secret NAME:BYTES, or --secret NAME for a 32-bit scalar")
    if len(question.secrets) > taint.MAX_SECRETS:
        raise UserError(f"{len(question.secrets)} secrets: at most {taint.MAX_SECRETS} can be told apart")
    for name in question.secrets:
        if name in question.public or name in question.values:
            raise UserError(f"{name} is named as secret and as public: give it once")
    for name, size in question.sizes.items():
        if size is not None and not 1 <= size <= MAX_BUFFER_BYTES:
            raise UserError(f"{name}:{size}: give from 1 to {MAX_BUFFER_BYTES} bytes")


def _check_parameters(question: Question, function: Function) -> None:
    """Every parameter is one that can be passed and is named; nothing else is."""
    known = {p.name for p in function.parameters}
    if function.unsupported:
        raise UserError(f"{function.name} cannot be checked: {function.unsupported}")
    for name in question.sizes:
        if name not in known:
            listed = ", ".join(p.name for p in function.parameters) or "none"
            raise UserError(f"{function.name} has no parameter '{name}': its parameters are {listed}")
    for number, parameter in enumerate(function.parameters, 1):
        what = f"parameter {number} of {function.name}"
        if not parameter.name:
            raise UserError(f"{what} has no name: give it one in {question.path}")
        if parameter.kind == "unsupported":
            raise UserError(f"{what}, {parameter.name}, is not supported: it is {parameter.type}")
        if parameter.name not in question.sizes:
            size = "" if parameter.kind == "scalar" else ":BYTES"
            raise UserError(
                f"{what}, {parameter.name} ({parameter.type}), is missing: give --secret {parameter.name}{size} or "
                f"--public {parameter.name}{size}"
            )
        _check_kind(parameter, question.sizes[parameter.name], question.values.get(parameter.name))


def _check_kind(parameter: Parameter, size: int | None, value: int | None) -> None:
    name = parameter.name
    if parameter.kind == "pointer" and value is not None:
        raise UserError(f"{name} is a pointer ({parameter.type}): only a scalar can be given a value")
    if parameter.kind == "pointer" and size is None:
        raise UserError(f"{name} is a pointer ({parameter.type}): say how many bytes lie there, {name}:BYTES")
    if parameter.kind == "scalar" and size is not None:
        raise UserError(f"{name} is a scalar ({parameter.type}), not a pointer: give {name} without a size")
    bits = 1 if parameter.boolean else 8 * parameter.size_bytes
    if value is not None and not -(1 << bits - 1) <= value < 1 << bits:
        raise UserError(f"{name}={value} does not fit {parameter.type}: give a value of {bits} bits")
    least, whole = parameter.target_bytes or 1, parameter.buffer_bytes
    if size is not None and whole is not None and size != whole:
        what = "larger" if size > whole else "smaller"
        raise UserError(f"{name}:{size} is {what} than the {whole} bytes that its declaration says: give {name}:{whole}")
    if size is not None and size < least:
        raise UserError(f"{name}:{size} is smaller than the {least} bytes of one element of {parameter.type}")


def _declared(question: Question, function: Function) -> Function:
    """The function, where a parameter that is written as an array has the size that is written there, which debug
    information forgets."""
    if not any(p.kind == "pointer" for p in function.parameters):
        return function
    lines = _printed(question.path, question.path.stat().st_mtime_ns, question.isa, (question.level, *question.flags))
    # the first line of the definition as Clang understood it, macros and constants evaluated
    prototype = next((line for line in lines if re.search(rf"\b{question.function}\(.*\) \{{$", line)), "")
    parameters = []
    for parameter in function.parameters:
        found = re.search(rf"\b{parameter.name}\[(?:static |const |restrict |volatile )*(\d+)\]", prototype)
        size = int(found[1]) * (parameter.target_bytes or 1) if found and parameter.name else parameter.buffer_bytes
        parameters.append(replace(parameter, buffer_bytes=size))
    return replace(function, parameters=tuple(parameters))


@lru_cache(maxsize=16)
def _printed(path: Path, _version: int, isa: str, options: tuple[str, ...]) -> list[str]:
    """The file as Clang prints it after it has read it."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "printed.c"
        machine = ("-target", "riscv32-freestanding-none", *toolchain.TARGETS[isa], f"-I{_INCLUDE}")
        done = toolchain.clang([*machine, *options, "-w", "-Xclang", "-ast-print", "-S"], [path], output)
        if done.returncode or not output.is_file():
            raise UserError(_one_line(f"{path} does not compile:\n{done.stderr.strip()}"))
        return output.read_text(encoding="utf-8", errors="replace").splitlines()
