"""Random programs whose taint can be tracked."""

import numpy as np

from backends.conformance.cases import Case
from backends.conformance.compare import select
from backends.core import isa


def without_rewriting(case: Case) -> Case:
    """The instances of a case whose programs have no `fence.i`."""
    fence = isa.OPERATIONS[isa.NUMBER["fence.i"]]
    rewrites = [(p.image.view(np.uint32) & np.uint32(fence.mask) == fence.match).any() for p in case.programs]
    return select(case, np.flatnonzero(~np.array(rewrites)))
