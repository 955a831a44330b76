"""How many instances run beside one another on a CPU."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import TypeVar

import numpy as np

from backends.interface import UserError

Result = TypeVar("Result")


def threads() -> int:
    """BACKEND_THREADS, or one for each core that this process may use. Raises UserError for what is no number of threads."""
    asked = os.environ.get("BACKEND_THREADS", str(len(os.sched_getaffinity(0))))
    if not asked.isdecimal() or int(asked) < 1:
        raise UserError(f"BACKEND_THREADS={asked}: give a whole number from 1")
    return int(asked)


@cache
def _pool(size: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(size)


def share(work: Callable[[slice], Result], count: int, pieces: int) -> Sequence[Result]:
    """`work` on `pieces` slices of `count` instances, beside one another; `work` must release the interpreter's lock."""
    edges = np.linspace(0, count, pieces + 1).astype(int)
    slices = [slice(first, last) for first, last in pairwise(edges.tolist())]
    return [work(slices[0])] if pieces == 1 else list(_pool(threads()).map(work, slices))
