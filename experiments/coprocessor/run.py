"""Does a transformer learn to use an exact ALU, and is the gain that of the ALU? Arms differ in one ingredient."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from experiments.coprocessor import controls, evidence, statistics
from experiments.coprocessor.arms import ARMS
from experiments.coprocessor.evidence import Asked
from experiments.coprocessor.schema import TABLES
from experiments.coprocessor.training import Schedule
from experiments.coprocessor.transformer import Size
from experiments.harness.parts import Part, run_parts

MAIN = (
    "untouched", "fine_tuned", "pointer", "pointer_alone", "pointer_zero", "pointer_others", "oracle_all", "replica",
    "replica_zero",
)  # fmt: skip
PAIRS = [
    ("pointer", "pointer_others"), ("pointer", "fine_tuned"), ("pointer", "mlp"), ("pointer_others", "fine_tuned"),
    ("pointer_zero", "fine_tuned"), ("replica", "replica_zero"), ("replica", "replica_others"), ("replica", "replica_base"),
]  # fmt: skip
"""What is compared, declared here before the runs."""


@dataclass(frozen=True)
class Scale:
    """arms, at the first size; crossed: with every other size. seeds: of training."""

    arms: tuple[str, ...]
    sizes: tuple[Size, ...]
    crossed: tuple[str, ...]
    seeds: Sequence[int]
    schedule: Schedule
    asked: Asked


SMALL = Size()
SCALES = {
    "smoke": Scale(
        ("fine_tuned", "pointer", "pointer_others"), (SMALL,), (), (0,), Schedule(60, window=20, problems=32),
        Asked((1, 9), 20, 20, (20,), 4, 8),
    ),
    "quick": Scale(
        MAIN, (SMALL,), (), (0, 1), Schedule(200, problems=32),
        Asked((1, 3, 6, 7, 8, 9), 50, 50, (20, 100), 10, 48),
    ),
    "full": Scale(
        tuple(ARMS), (SMALL, Size(128, 4), Size(256, 6)), ("fine_tuned", "pointer", "pointer_others"), range(10),
        Schedule(1000), Asked(tuple(range(1, 10)), 10_000, 1000, (10, 20, 50, 100), 1000, 256),
    ),
}  # fmt: skip


def run(cfg) -> dict[str, pd.DataFrame]:
    """Every table of the schema."""
    scale = SCALES[cfg.scale]
    parts = [
        Part(f"{name}_{size.width}_{size.depth}_{seed}", partial(evidence.arm, name, size, seed, scale.schedule, scale.asked))
        for size in scale.sizes
        for name in (scale.arms if size == SMALL else scale.crossed)
        for seed in (cfg.seed + k for k in scale.seeds)
    ]
    found = run_parts(cfg, [*parts, Part("controls", partial(controls.controls, cfg.seed))])
    every = pd.concat([found[part.name] for part in parts], ignore_index=True)
    tables = {name: evidence.unfolded(name, every) for name in evidence.OF_AN_ARM}
    tables["differences"] = statistics.compared(tables["accuracy"], PAIRS)
    return {name: tables[name] if name in tables else found["controls"] for name in TABLES}
