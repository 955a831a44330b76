"""The hard machine's run: every instance advances on the device until it stops or waits, then the host serves it.

One compiled function a shape; programs and memory are data. On an accelerator the instances advance in lockstep
(`jax.vmap`). On a CPU they advance one after another (`lax.map`): XLA compiles a loop over scalars into one native
function, where the same loop over vectors is many kernel launches a step, and an instance that stopped costs nothing. A
cache of more than one way makes the step too large for that, and some 50 times slower.
"""

from functools import partial

import jax
import numpy as np
from jax import lax

from backends.core import cores
from backends.core.isa import instruction_set
from backends.core.isa.meanings import Meaning
from backends.core.run import active
from backends.core.state import NO_RESERVATION, NO_TOHOST, RUNNING, renewed
from backends.interface import Session, State
from backends.jax_tensor.cache import Places, Waits
from backends.jax_tensor.compiling import OPTIMISED, jit
from backends.jax_tensor.datapath import Hart, Machine, step
from backends.jax_tensor.instructions import InstructionMemory, functions, padded

LEAST_SHARED = 64  # instances that are worth sharing out among cores
LARGE_BYTES = 1 << 20  # of memory, which takes longer to move than to compile the step for another number of instances
STEPS_PER_CALL = 1 << 30  # fewer where a step takes more cycles than one, so that counts fit a word


def advance(functions: tuple[Meaning, ...], machine: Machine, hart: Hart) -> Hart:
    """Step one instance until it stops, waits, or has retired `machine.budget` instructions. Pure and jittable."""

    def running(hart: Hart) -> jax.Array:
        return (hart.status == RUNNING) & (hart.retired < machine.budget)

    return lax.while_loop(running, partial(step, functions, machine), hart)


@partial(jit, settings=OPTIMISED, static_argnames=("functions", "lockstep"), donate_argnames="harts")
def advance_all(
    rows: jax.Array, snapshots: jax.Array, snapshot: jax.Array, machines: Machine, harts: Hart,
    functions: tuple[Meaning, ...], lockstep: bool,
) -> Hart:  # fmt: skip
    """`advance` for a batch; instance b fetches from `snapshots[snapshot[b]]`."""

    def one(snapshot, machine, hart):
        return advance(functions, machine._replace(rows=rows, snapshot=snapshots[snapshot]), hart)

    if lockstep:
        return jax.vmap(one)(snapshot, machines, harts)
    return lax.map(lambda x: one(*x), (snapshot, machines, harts))


class JaxSession(Session):
    def __init__(self, state: State, device: jax.Device) -> None:
        self.state, self.device, of = state, device, instruction_set.of(state.config)
        self.functions, self.code = functions(of), InstructionMemory(state.memory.view("<u4"), of)
        self.taken: dict[int, np.ndarray] = {}  # what of `state.fetched` the code is of
        self.refresh(np.array(list(state.fetched), int))

    def advance(self, max_steps: np.ndarray) -> None:
        while active(self.state, max_steps).any():
            self._round(max_steps)

    def refresh(self, instances: np.ndarray) -> None:
        for b in renewed(self.state, self.taken, instances):
            others = [other for other, memory in self.taken.items() if memory is self.taken[b] and other != b]
            if others:
                self.code.share(b, others[0])
            else:
                self.code.retake(b, self.taken[b].view("<u4"))

    def _round(self, max_steps: np.ndarray) -> None:
        """One round on the device, of all instances, or where memories are large of those that run; the host's state is brought
        up to date."""
        state, code = self.state, self.code
        running = np.flatnonzero(active(state, max_steps))
        rows = running if state.config.memory_bytes >= LARGE_BYTES else np.arange(len(state.pc))
        machines, harts, size = _machines(state, max_steps), _harts(state, rows), len(rows)
        snapshot, machines = jax.tree.map(lambda x: x[rows], (code.snapshot, machines))
        lockstep = self.device.platform != "cpu"

        def advanced(part: slice) -> Hart:
            mine = jax.tree.map(lambda x: x[part], (snapshot, machines, harts))
            if not lockstep:  # instances behind the last one may retire nothing, and cost nothing
                mine = jax.tree.map(padded, mine)
            arrays = jax.device_put((code.rows, code.snapshots, *mine), self.device)
            ended = advance_all(*arrays, self.functions, lockstep)
            return jax.tree.map(lambda x: np.array(x)[: part.stop - part.start], ended)

        pieces = 1 if lockstep or size < LEAST_SHARED else cores.threads()
        harts = jax.tree.map(lambda *parts: np.concatenate(parts), *cores.share(advanced, size, pieces))
        state.memory.view("<u4")[rows] = harts.memory[:, : state.config.memory_bytes // 4]  # the device's is padded
        state.registers[rows], state.pc[rows], state.address[rows] = harts.registers, harts.pc, harts.address
        state.status[rows], state.cause[rows] = harts.status, harts.cause
        state.retired[rows] += harts.retired
        if harts.reserved is not None:
            state.reserved[rows] = np.where(harts.has_reserved, harts.reserved.astype(np.int64), NO_RESERVATION)
        if harts.places is not None:
            state.stalls[rows] += harts.stalls
            order = np.argsort(harts.places.ages, axis=2)  # the youngest first, as `timing.initial_lines` gives them
            state.lines[rows] = np.take_along_axis(harts.places.lines, order, axis=2)


def _machines(state: State, max_steps: np.ndarray) -> Machine:
    size, config = len(state.pc), state.config
    cycles = 1 + 2 * max(config.cache.hit_cycles, config.cache.miss_cycles) if config.timing == "cache" else 1  # at most
    left = np.minimum(np.maximum(max_steps, state.retired) - state.retired, np.uint64(STEPS_PER_CALL // cycles))
    counts = np.stack([state.retired + state.stalls, state.retired], axis=1)
    words = np.stack([counts & np.uint64(0xFFFFFFFF), counts >> np.uint64(32)], axis=2).astype(np.uint32)
    each = partial(np.full, size, dtype=np.uint32)
    has_tohost = state.tohost != NO_TOHOST
    cache = config.cache
    costs = Waits(each(cache.line_shift), each(cache.hit_cycles), each(cache.miss_cycles))
    return Machine(
        None, None, each(config.memory_base), each(config.memory_bytes), state.tohost.astype(np.uint32), has_tohost, words,
        left.astype(np.uint32), costs if config.timing == "cache" else None,
    )  # fmt: skip


def _harts(state: State, rows: np.ndarray) -> Hart:
    """Of the instances `rows` `[k]`."""
    status, cause, reserved = state.status[rows].astype(np.uint32), state.cause[rows].astype(np.uint32), state.reserved[rows]
    zeros = np.zeros(len(rows), np.uint32)
    memory = padded(state.memory.view("<u4")[rows], axis=1)
    hart = Hart(state.registers[rows], memory, state.pc[rows], zeros, status, cause, state.address[rows])
    if instruction_set.of(state.config).atomic:
        hart = hart._replace(reserved=reserved.astype(np.uint32), has_reserved=reserved != NO_RESERVATION)
    if state.config.timing != "cache":
        return hart
    lines = state.lines[rows]
    ages = np.broadcast_to(np.arange(lines.shape[2], dtype=np.float32), lines.shape)
    return hart._replace(stalls=zeros.copy(), places=Places(lines, ages.copy()))
