"""Calling one C function on a machine: its arguments in registers, on the stack, and in buffers beside the program.

Memory holds the image, then the buffers in the order of the arguments, then the stack. Every argument is a word, or the
address of a buffer; the first ones travel in a0, a1, …, the others on the stack (RISC-V calling convention).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from backends.core import elf, toolchain
from backends.core.observation import Secret
from backends.interface import MAX_MEMORY_BYTES, Batch, Execution, MachineConfig, Patch, Program, UserError

ALIGNMENT = 64
"""Of every buffer, in bytes."""
_A0, _SP = 10, 2
_REGISTERS = {"rv32em": 6, "rv32im": 8, "rv32ima": 8}
_STACK_ARGUMENTS_BYTES = 64


@dataclass(frozen=True)
class Argument:
    """A parameter of the function. size_bytes: of the buffer it points to; None: it is a 32-bit word itself."""

    name: str
    size_bytes: int | None = None


@dataclass(frozen=True)
class Call:
    """A function that is ready to be called: the program that calls it and exits, the machine, where buffers lie."""

    program: Program
    config: MachineConfig
    arguments: tuple[Argument, ...]
    addresses: Mapping[str, int]

    def batch(self, values: Mapping[str, np.ndarray]) -> Batch:
        """Instances that call the function with the values given by name: `[B, size_bytes]` uint8 of a buffer, `[B]`
        uint32 of a word. Buffers without a value hold zeros."""
        size = max(len(v) for v in values.values())
        words = np.zeros((size, max(len(self.arguments), 1)), np.uint32)
        patches = []
        for k, argument in enumerate(self.arguments):
            if argument.size_bytes is None:
                words[:, k] = values[argument.name]
                continue
            words[:, k] = self.addresses[argument.name]
            if (value := values.get(argument.name)) is not None:
                if value.ndim != 2 or value.shape[1] != argument.size_bytes:
                    raise UserError(f"{argument.name} of shape {value.shape}: give [B, {argument.size_bytes}] bytes")
                patches.append(Patch(self.addresses[argument.name], np.ascontiguousarray(value, np.uint8)))
        registers = toolchain.initial_registers(self.config, batch=size)
        held = _REGISTERS[self.config.isa]
        registers[:, _SP] -= np.uint32(_STACK_ARGUMENTS_BYTES)
        registers[:, _A0 : _A0 + min(words.shape[1], held)] = words[:, :held]
        if words.shape[1] > held:
            rest = np.ascontiguousarray(words[:, held:]).view(np.uint8)
            patches.append(Patch(int(registers[0, _SP]), rest))
        return Batch(registers, patches=tuple(patches))

    def secret(self, name: str, size_bytes: int = 4) -> Secret:
        """Where the argument lies: its buffer, or the low `size_bytes` of its word. Words on the stack included."""
        number = next(k for k, a in enumerate(self.arguments) if a.name == name)
        argument, held = self.arguments[number], _REGISTERS[self.config.isa]
        if argument.size_bytes is not None:
            return Secret(name, argument.size_bytes, address=self.addresses[name])
        if number < held:
            return Secret(name, size_bytes, register=_A0 + number)
        top = int(toolchain.initial_registers(self.config)[0, _SP]) - _STACK_ARGUMENTS_BYTES
        return Secret(name, size_bytes, address=top + 4 * (number - held))

    def buffer(self, execution: Execution, name: str) -> np.ndarray:
        """`[B, size_bytes]` uint8, what a buffer holds after the run."""
        start = self.addresses[name] - self.config.memory_base
        size = next(a.size_bytes for a in self.arguments if a.name == name)
        assert size is not None, f"{name} is no buffer"
        return execution.memory[:, start : start + size]

    def on(self, **options) -> "Call":
        """The same call on a machine with other options of MachineConfig, such as timing and cache."""
        return replace(self, config=replace(self.config, **options))


def prepare(
    path: Path, function: str, arguments: Sequence[Argument], isa: str = "rv32em", flags: tuple[str, ...] = ("-O2",),
    stack_bytes: int = 1 << 14,
) -> Call:  # fmt: skip
    """Compile `path` with a start that calls `function` and exits with its result.

    Raises UserError where the file does not compile, has no such function, or the buffers do not fit a machine.
    """
    program, _ = elf.parse(toolchain.compile_source(path, isa, flags, start=function), path.name)
    return lay_out(program, isa, arguments, stack_bytes)


def lay_out(program: Program, isa: str, arguments: Sequence[Argument], stack_bytes: int = 1 << 14) -> Call:
    """A Call of a program whose start-up file calls the function. Raises UserError where the buffers do not fit."""
    if len(arguments) - _REGISTERS[isa] > _STACK_ARGUMENTS_BYTES // 4:
        raise UserError(f"{len(arguments)} arguments: at most {_REGISTERS[isa] + _STACK_ARGUMENTS_BYTES // 4}")
    end, addresses = program.base + len(program.image), {}
    for argument in arguments:
        if argument.size_bytes is not None:
            addresses[argument.name] = _aligned(end)
            end = addresses[argument.name] + argument.size_bytes
    memory_bytes = _aligned(end) + stack_bytes + _STACK_ARGUMENTS_BYTES - program.base
    if memory_bytes > MAX_MEMORY_BYTES:
        raise UserError(f"{program.name} and its buffers need {memory_bytes} bytes: a machine has {MAX_MEMORY_BYTES}")
    config = MachineConfig(isa=isa, memory_base=program.base, memory_bytes=memory_bytes)
    return Call(program, config, tuple(arguments), addresses)


def _aligned(address: int) -> int:
    return (address + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
