"""How everything of this machine is compiled, and what searches that run on it compile with.

`inlined`: into the functions that call it. `inner`: a function that compiled code calls. `entry`: one that Python calls, kept
on disk under the closure of its sources, because Numba's own cache compares the age of one file alone.
"""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba.extending import register_jitable

from backends.core import caches, sources
from backends.core.isa import packing

if not numba.config.CACHE_DIR and not os.access(Path(__file__).parent, os.W_OK):
    numba.config.CACHE_DIR = str(caches.folder("numba"))  # it would look for another place, and raise where it finds none
if not hasattr(np, "row_stack"):  # NumPy 2.5 has dropped it, and numba-cuda up to 0.30.4 looks for it
    np.row_stack = np.vstack  # noqa: NPY201
OPTIONS = {"nogil": True, "boundscheck": False, "_nrt": False}  # nothing is allocated, so nothing is counted
inner = partial(numba.njit, **OPTIONS)
inlined = register_jitable(_nrt=False, forceinline=True)  # reference counts would cost more than all the rest

op_of, rd_of, rs1_of, rs2_of, imm_of, joined, target_of = map(
    inlined, (packing.op_of, packing.rd_of, packing.rs1_of, packing.rs2_of, packing.imm_of, packing.joined, packing.target_of)
)


def entry(function: Callable) -> Any:
    """Compile a function that Python calls, anew when a file changes that its module depends on."""
    file = Path(function.__code__.co_filename).relative_to(sources.ROOT).as_posix()
    function.__qualname__ += sources.digest([file])[:16]  # part of the cached file's name
    return numba.njit(cache=True, **OPTIONS)(function)
