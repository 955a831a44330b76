"""A curriculum of length and of difficulty: the outputs may read the first slot alone, then one more and one more; and the low
bits, which are functions of fewer bits, come before the high ones.

Source: Bengio et al., Curriculum Learning (2009).
"""

import numpy as np

from experiments.program_search.relaxed import rounds
from experiments.program_search.relaxed.rounds import Round, Rounds
from experiments.program_search.space import NEVER

_LESSONS, _FOCUS = 0.5, 0.5
"""The part of a round after which all slots may be read; the focus on low bits of every other restart at the start of a round,
which falls to 0 at the end."""


def _teach(descent: Rounds, now: Round) -> None:
    slots, passed = descent.form.slots, now.iteration / descent.options.iterations
    open_slots = min(slots, 1 + int(slots * passed / _LESSONS))
    out = descent.mask.out.copy()
    out[:, descent.form.first + open_slots :] = NEVER
    now.mask = descent.mask._replace(out=out)
    now.focus = np.where(np.arange(len(now.focus)) % 2, _FOCUS * (1 - passed), now.focus)


METHOD = rounds.method("curriculum", "annealed descent, from short programs and low bits to all", _teach)
VARIANTS = (METHOD.variant("curriculum", 10),)
