"""The one driver: load, advance, let the environment answer, advance, …, finish. For all machines and everything that runs
programs on them.

What every machine does alike, where the RISC-V manual leaves a choice:

- Instructions come from a snapshot of memory, taken at loading and at each `fence.i`. A store does not change it.
- An access needs no alignment. All its bytes must lie in memory, else it traps with the address of its first byte.
- The target of a jump or of a branch that is taken must be a multiple of 4, after `jalr` has cleared bit 0; else that
  instruction traps. A target outside memory is no fault of the jump: it retires, and the fetch traps.
- An instruction that traps changes no register and no memory, is not counted, and pc stays at it.
- At `ecall` and `fence.i` the machine sets the status and changes nothing else. The environment answers, moves pc on by 4 and
  counts the instruction. All others the machine counts itself, also `ebreak` and the store to `tohost`; pc is behind them.
- A store is to `tohost` when its address, not one of its bytes, is that of the symbol. It writes memory as any store does.
- `sc.w` stores where the last `lr.w` since the last `sc.w` had the same address; stores in between change nothing about
  that. An atomic operation whose address is not a multiple of 4 traps, wherever that lies.
- A counter reads what was counted before it. Time and cycles are `retired` + `stalls`.
"""

import numpy as np

from backends.core import catalog, state
from backends.core.environments import Environment
from backends.core.environments.bare import Bare
from backends.core.state import RUNNING
from backends.interface import Backend, Batch, Execution, MachineConfig, Programs, Session, State, UserError


def run(
    backend: Backend, program: Programs, batch: Batch, config: MachineConfig, max_steps: int,
    environment: Environment | None = None,
) -> Execution:  # fmt: skip
    """`Backend.run`."""
    begun, environment = start(backend, program, batch, config, max_steps), environment or Bare()
    environment.begin(begun)
    drive(backend.open(begun), begun, environment, max_steps)
    return state.finish(begun)


def start(backend: Backend, program: Programs, batch: Batch, config: MachineConfig, max_steps: int) -> State:
    """The state in which a run begins. Raises UserError for what does not fit the machine."""
    if not 1 <= max_steps < 1 << 64:
        raise UserError(f"max_steps is {max_steps}: give a number from 1 to 2^64 - 1")
    catalog.check(backend, config)
    return state.load(program, batch, config)


def drive(session: Session, begun: State, environment: Environment, max_steps: int) -> None:
    """Go on until every instance has stopped, is suspended, or has retired `max_steps` instructions."""
    while True:
        limits = environment.limits(begun, max_steps)
        if not active(begun, limits).any():
            return
        before = begun.retired.copy()
        session.advance(limits)
        if not ((begun.retired != before) | (begun.status != RUNNING)).any():
            raise UserError("the machine does not advance: no instance has retired an instruction, stopped or waits")
        session.refresh(environment.answer(begun))


def active(begun: State, limits: np.ndarray) -> np.ndarray:
    """`[B]` bool, the instances that have instructions left to run."""
    return (begun.status == RUNNING) & (begun.retired < limits)
