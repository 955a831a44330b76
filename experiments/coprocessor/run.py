"""Does a transformer learn to use an exact ALU, and is the gain that of the ALU? Arms differ in one ingredient."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import pandas as pd

from experiments.coprocessor import controls, evidence, statistics
from experiments.coprocessor.arms import ARMS, CROSSED
from experiments.coprocessor.evidence import Asked
from experiments.coprocessor.schema import TABLES
from experiments.coprocessor.training import Schedule
from experiments.coprocessor.transformer import Size
from experiments.harness import options
from experiments.harness.parts import Part, run_parts

MAIN = (
    "untouched", "fine_tuned", "mlp", "pointer", "pointer_alone", "pointer_zero", "pointer_others", "oracle_all", "replica",
    "replica_zero",
)  # fmt: skip
PAIRS = [
    ("pointer", "pointer_others"), ("pointer", "fine_tuned"), ("pointer", "mlp"), ("pointer_others", "fine_tuned"),
    ("pointer_zero", "fine_tuned"), ("replica", "replica_zero"), ("replica_mended", "replica_mended_zero"),
    ("replica", "replica_others"), ("replica", "replica_base"), ("fine_tuned_longer", "fine_tuned"),
]  # fmt: skip
"""What is compared, declared here before the runs."""
SIZES = {"small": Size(), "medium": Size(128, 4), "large": Size(256, 6)}


@dataclass(frozen=True)
class Group:
    """Arms, each with so many seeds of training."""

    arms: tuple[str, ...]
    seeds: int
    size: str = "small"


@dataclass(frozen=True)
class Scale:
    """groups: of which the first is taken where sizes are asked for."""

    groups: tuple[Group, ...]
    schedule: Schedule
    asked: Asked


_LARGER = ("fine_tuned", "pointer", "pointer_others")
SCALES = {
    "smoke": Scale(
        (Group(("fine_tuned", "pointer", "pointer_others"), 1),),
        Schedule(40, window=20, problems=32), Asked((1, 9), 20, 20, (20,), 4),
    ),
    "quick": Scale(
        (Group(MAIN, 2),),
        Schedule(200, window=40, problems=32, texts=2), Asked((1, 2, 3, 6, 7, 8, 9), 50, 50, (20, 100), 10),
    ),
    "full": Scale(
        (
            Group(tuple(a for a in ARMS if a not in CROSSED), 10), Group(tuple(CROSSED), 2), Group(_LARGER, 3, "medium"),
            Group(_LARGER, 1, "large"),
        ),
        Schedule(400, window=40, problems=32, texts=8), Asked(tuple(range(1, 10)), 100, 100, (10, 20, 50, 100), 50, 1700),
    ),
}  # fmt: skip


def run(cfg) -> dict[str, pd.DataFrame]:
    """Every table of the schema."""
    scale = SCALES[cfg.scale]
    parts = list(_parts(cfg, scale))
    found = run_parts(cfg, [*parts, Part("controls", partial(controls.controls, cfg.seed))])
    every = pd.concat([found[part.name] for part in parts], ignore_index=True)
    tables = {name: evidence.unfolded(name, every) for name in evidence.OF_AN_ARM}
    tables["differences"] = statistics.compared(tables["accuracy"], PAIRS)
    tables["effects"] = statistics.effects(tables["accuracy"])
    return {name: tables[name] if name in tables else found["controls"] for name in TABLES}


def _parts(cfg, scale: Scale) -> Iterator[Part]:
    asked, groups = cfg.experiment, scale.groups
    chosen = None if asked.arms is None else options.chosen_of(asked.arms, ARMS, "arm")
    if asked.sizes is not None:
        groups = tuple(replace(groups[0], size=size) for size in options.chosen_of(asked.sizes, SIZES, "size"))
    elif chosen is not None:
        groups = tuple({group.size: group for group in groups[::-1]}.values())[::-1]
    steps = options.count_of(asked.steps, scale.schedule.most, "steps", 2 * scale.schedule.window)
    schedule = replace(scale.schedule, most=steps)
    for group in groups:
        for name in chosen or group.arms:
            for seed in range(cfg.seed, cfg.seed + options.count_of(asked.seeds, group.seeds, "seeds", 1)):
                work = partial(evidence.arm, name, SIZES[group.size], seed, schedule, scale.asked)
                yield Part(f"{name}_{group.size}_{seed}", work)
