"""How the plumbing of the soft step is compiled.

Numba compiles each function that another one calls as a library of its own, with all that this calls in turn, and optimises
each: code at depth d is optimised d times. Plumbing around large parts is therefore put into its callers before anything is
compiled.
"""

from functools import partial

import numba

from backends.gpu_compute.compiling import OPTIONS

spliced = partial(numba.njit, inline="always", **OPTIONS)
