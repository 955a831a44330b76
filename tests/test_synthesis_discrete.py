"""The discrete methods: what they draw, what they find, and that they stop."""

import numpy as np

from backends.core import isa
from experiments.synthesis import language
from experiments.synthesis.language import IMM, OP, RD, RS1, Space


def uniform(counts: np.ndarray) -> bool:
    """Whether no count is more than five standard deviations from their mean."""
    return bool((np.abs(counts - counts.mean()) <= 5 * np.sqrt(counts.mean())).all())


def test_random_codes_are_uniform_over_operations_and_then_over_fields():
    space = Space(("add", "addi", "beq", "srai", "jal"), (0, 10, 11), 3, (-1, 0, 5))
    codes = space.random(np.random.default_rng(0), 30_000)
    assert (codes == language.canonical(codes)).all() and all(language.encodable(code) for code in codes[:200])
    for slot in range(3):
        rows = codes[:, slot]
        assert uniform(np.unique(rows[:, OP], return_counts=True)[1])
        for name in space.operations:
            drawn = rows[rows[:, OP] == isa.NUMBER[name]]
            values, counts = np.unique(drawn[:, IMM], return_counts=True)
            assert set(values) == set(space.immediates(name, slot)) and uniform(counts)
            if name in ("add", "addi", "srai"):
                pairs, counts = np.unique(drawn[:, [RD, RS1]], axis=0, return_counts=True)
                assert len(pairs) == 9 and uniform(counts)
