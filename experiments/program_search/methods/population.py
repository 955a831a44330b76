"""Population-based training: while restarts descend, the worse ones go on from the logits of better ones, with other settings.

Source: Jaderberg et al., Population Based Training of Neural Networks (2017). Losses are compared among restarts with the
same focus.
"""

import numpy as np

from experiments.program_search.relaxed import rounds
from experiments.program_search.relaxed.descent import Descent
from experiments.program_search.relaxed.rounds import EVERY, Round, Rounds
from experiments.program_search.ssa.form import Fields

_EXPLOIT, _QUARTER = 2, 0.25
"""Readings between two exchanges, and the share of the restarts that is replaced by as many."""
_JITTER = 0.3
"""Standard deviation of what is added to copied logits."""
_FACTORS = (0.8, 1.25)


def _exchange(descent: Rounds, now: Round) -> None:
    if not now.iteration or now.iteration // EVERY % _EXPLOIT:
        return
    source = np.arange(len(now.losses))
    for focus in np.unique(now.focus):
        group = np.flatnonzero(now.focus == focus)
        order = group[np.argsort(now.losses[group])]
        moved = int(_QUARTER * len(group))
        source[order[len(order) - moved :]] = descent.rng.permutation(order[:moved])
    copied = source != np.arange(len(source))

    def jittered(x: np.ndarray) -> np.ndarray:
        noise = _JITTER * copied[:, None, None] * descent.rng.normal(size=x.shape)
        return np.asarray(x)[source] + noise.astype(x.dtype)

    logits, first, second, count = now.descent
    first, second = (Fields(*(np.asarray(x)[source] for x in each)) for each in (first, second))
    now.descent = Descent(Fields(*map(jittered, logits)), first, second, np.asarray(count)[source])
    for scale in (now.temperature_scale, now.rate_scale):
        scale[:] = np.where(copied, scale[source] * descent.rng.choice(_FACTORS, len(source)), scale)


METHOD = rounds.method("population", "annealed descents of which the worse take over from the better", _exchange)
VARIANTS = (METHOD.variant("population", 9),)
