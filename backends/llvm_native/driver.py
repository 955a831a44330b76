"""Instances on cores: compiled units where there are some, the interpreter of `gpu_compute` between them.

The interpreter is given a copy of the packed code in which entries of units are marked as not decoded, so it stops there by
itself and pays nothing for them. What a unit leaves to it is executed from the code as it is, one instruction.
"""

from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.core.imputils import impl_ret_untracked
from numba.extending import intrinsic

from backends.core.state import RUNNING
from backends.gpu_compute.arguments import Instance, instance_of
from backends.gpu_compute.compiling import entry, inner
from backends.gpu_compute.launch import advance_cpu
from backends.gpu_compute.step import AT_UNDECODED

LEFT = 1
"""Added to the address that a unit returns where the interpreter must execute the instruction there."""
DEPTH = 1 << 16
"""Instructions of the units that may be on the host's stack at a time; each needs a few bytes there."""
SAMPLE_INSTRUCTIONS = 1021
"""Interpreted instructions a sample of where the guest is; a prime, so that no loop is in step with it."""
SAMPLES = 256
"""At most, of an instance in one launch: with so many it comes back, to be translated."""
_LEFT, _SAMPLES, _SAMPLE_INSTRUCTIONS = np.uint32(LEFT), np.int64(SAMPLES), np.int64(SAMPLE_INSTRUCTIONS)


class Compiled(NamedTuple):
    """Of T translations: tables `[T, slots]` uint64, addresses of functions by the slot where they can be entered, 0 for none;
    marked `[T, slots + 1]` uint64, code with these entries marked. which: of k instances, the translation of each `[k]`, -1
    where there is none yet. nothing: `[slots]` uint64, a table without entries."""

    tables: np.ndarray
    marked: np.ndarray
    which: np.ndarray
    nothing: np.ndarray


class Samples(NamedTuple):
    """Of k instances: slots `[k, SAMPLES]` uint32 where they were found, and counts `[k]` of them."""

    slots: np.ndarray
    counts: np.ndarray


@intrinsic
def _call(typing_context, function, x, memory, table, slot, budget):
    """Call a unit, as `unit_text` says. Returns (address, budget)."""
    result = types.BaseTuple.from_types((types.uint32, types.int64))

    def generate(context, builder, signature, arguments):
        function, *arrays, slot, budget = arguments
        word, pointer, count = ir.IntType(32), ir.IntType(8).as_pointer(), ir.IntType(64)
        pointers = [
            builder.bitcast(context.make_array(kind)(context, builder, value).data, pointer)
            for kind, value in zip(signature.args[1:4], arrays, strict=True)
        ]
        returned = ir.LiteralStructType([word, count])
        kind = ir.FunctionType(returned, [pointer, pointer, pointer, word, word, count])
        unit = builder.inttoptr(function, kind.as_pointer())
        pair = builder.call(unit, [*pointers, slot, ir.Constant(word, DEPTH), budget])
        values = [builder.extract_value(pair, k) for k in range(2)]
        return impl_ret_untracked(context, builder, result, context.make_tuple(builder, result, values))

    return result(types.uint64, x, memory, table, types.uint32, types.int64), generate


@inner
def _advance(code, marked, table, instance, samples, k, extensions):
    """Run instance k until it stops, waits, has retired `max_steps`, or was found in SAMPLES places. Returns what the
    interpreter's step does."""
    x, memory, words, tohost, reserved, pc, retired, stalls, max_steps, base = instance
    slots, cause, address, interpreted = np.uint32(len(code) - 1), 0, np.uint32(0), 0
    while retired < max_steps and samples.counts[k] < _SAMPLES:
        offset = np.uint32(pc - base)
        slot = np.uint32(offset >> np.uint32(2)) | np.uint32(offset << np.uint32(30))
        if slot >= slots:
            return AT_UNDECODED, pc, retired, stalls, cause, address
        next_, last = marked, min(max_steps, retired + _SAMPLE_INSTRUCTIONS)
        if table[slot] != 0:
            pc, budget = _call(table[slot], x, memory, table, slot, max_steps - retired)
            retired = max_steps - budget
            if not pc & _LEFT or retired >= max_steps:
                pc = np.uint32(pc & ~_LEFT)
                continue
            pc, next_, last = np.uint32(pc & ~_LEFT), code, retired + 1
        before = retired
        one = Instance(x, memory, words, tohost, reserved, pc, retired, stalls, last, base)
        status, pc, retired, stalls, cause, address = advance_cpu(next_, one, k, None, None, None, None, extensions)
        interpreted += retired - before
        if interpreted >= _SAMPLE_INSTRUCTIONS:
            interpreted = 0
            samples.slots[k, samples.counts[k]] = slot
            samples.counts[k] += 1
        at = np.uint32(pc - base) >> np.uint32(2)
        if status == AT_UNDECODED and retired > before and at < slots and table[at] != 0:
            continue
        if status != RUNNING:
            return status, pc, retired, stalls, cause, address
    return RUNNING, pc, retired, stalls, cause, address


@entry
def advance_range(span, instructions, all_, compiled, samples, extensions):
    """Advance the instances from `span[0]` to before `span[1]`; what they are given is as in `gpu_compute.arguments`."""
    first, last = span
    for k in range(first, last):
        code, which = instructions.code[instructions.rows[k]], compiled.which[k]
        table, marked = compiled.nothing, code
        if which >= 0:
            table, marked = compiled.tables[which], compiled.marked[which]
        all_.status[k], all_.pc[k], all_.retired[k], all_.stalls[k], all_.cause[k], all_.address[k] = _advance(
            code, marked, table, instance_of(all_, k, all_.x[k], instructions.base), samples, k, extensions
        )
