"""Steps one after the other, and backpropagation through them.

The forward pass keeps the state before every step; the backward pass computes each step again from it. This is what a
`lax.scan` of a `jax.checkpoint` does, but the compiler sees each step whole: differentiating a scan takes what does not
depend on the state out of the step, constants among it, and has them read from memory in every step.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
from jax import lax

Tree = Any
"""A pytree of arrays, or None."""
Step = Callable[[Tree, Tree, Tree, Tree], Tree]


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def unroll(step: Step, times: int, integers: Tree, fixed: Tree, rows: Tree, state: Tree) -> Tree:
    """The state after `times` steps.

    step: of integers and fixed, the same in every step; of a row of rows, whose first axis is the step (or None); and of
    the state. It has derivatives by the last three, and reads nothing else that is traced.
    """
    return _forward(step, times, integers, fixed, rows, state)[0]


def _forward(step, times, integers, fixed, rows, state):
    end, before = lax.scan(lambda x, row: (step(integers, fixed, row, x), x), state, rows, length=times)
    return end, (integers, fixed, rows, before)


def _backward(step, times, saved, cotangent):
    integers, fixed, rows, before = saved

    def back(carry, saved_):
        row, state = saved_
        _, pull = jax.vjp(partial(step, integers), fixed, row, state)
        of_fixed, of_row, of_state = pull(carry[1])
        return (jax.tree.map(lambda x, y: x + y, carry[0], of_fixed), of_state), of_row

    zeros = jax.tree.map(lambda x: 0 * x, fixed)
    (of_fixed, of_state), of_rows = lax.scan(back, (zeros, cotangent), (rows, before), length=times, reverse=True)
    return None, of_fixed, of_rows, of_state


unroll.defvjp(_forward, _backward)
