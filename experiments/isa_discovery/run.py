"""Instruction discovery: which operations would have saved most instructions on real programs, exactly; are they found again
where they are known; do they run on every machine; and can they be invented where the optimum is known?
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from experiments.harness.parts import Part, run_parts
from experiments.isa_discovery import comparison_tables, corpus, selection_tables
from experiments.isa_discovery.invention import tables as invention
from experiments.isa_discovery.schema import TABLES

MACHINE = "gpu_compute"
COUNTS = (1, 2, 3, 4, 6, 8, 12, 16)
LONGEST = ("generalisation", "front")
"""Tables whose parts are begun first, so that workers end together."""


@dataclass(frozen=True)
class Scale:
    """families: of programs, and those held out from selection. methods: with the counts of operations and the seeds that they
    are asked for. slow_instructions: of programs that run on every machine, at most."""

    families: tuple[str, ...]
    held_out: tuple[str, ...]
    methods: Mapping[str, tuple[Sequence[int], Sequence[int]]]
    slow_instructions: int


ONCE = (0,)
EVERY = tuple(corpus.TRAINING)
SCALES = {
    "smoke": Scale(
        ("hashing", "sorting"), ("search",),
        dict.fromkeys(("exact", "frequency_greedy", "marginal_greedy", "random"), ((1, 4), ONCE)), 500,
    ),
    "quick": Scale(
        EVERY, tuple(corpus.HELD_OUT),
        {
            "exact": (COUNTS, ONCE), "frequency_greedy": (COUNTS, ONCE), "marginal_greedy": (COUNTS, ONCE),
            "annealing": ((8,), ONCE), "random": ((8,), range(5)),
        },
        2_500,
    ),
    "full": Scale(
        EVERY, tuple(corpus.HELD_OUT),
        dict.fromkeys(("exact", "second_solver", "frequency_greedy", "marginal_greedy"), (range(1, 17), ONCE))
        | dict.fromkeys(("annealing", "random"), (COUNTS, range(10))),
        100_000,
    ),
}  # fmt: skip


def run(cfg) -> dict[str, pd.DataFrame]:
    """Every table of the schema."""
    made = _parts(cfg, SCALES[cfg.scale])
    found = run_parts(cfg, [part for table in sorted(made, key=lambda table: table not in LONGEST) for part in made[table]])
    return {table: _joined(table, [found[part.name] for part in parts]) for table, parts in made.items()}


def _joined(table: str, frames: list[pd.DataFrame]) -> pd.DataFrame:
    """The rows of all; a part's text that looks like a number comes back from its file as one."""
    texts = {c.name: str for c in TABLES[table].columns if c.kind == "text" and not c.missing}
    return pd.concat(frames, ignore_index=True).astype(texts)


def _parts(cfg, scale: Scale) -> dict[str, list[Part]]:
    """The parts of which each table consists."""
    families = scale.families
    limit = {name: 1 << 62 if name in (MACHINE, "reference") else scale.slow_instructions for name in cfg.backends}
    found = {
        "programs": [Part("programs", partial(selection_tables.programs, (*families, *scale.held_out)))],
        "selections": [
            Part(f"selections_{m}_{k}", partial(selection_tables.selections, families, m, k, seeds))
            for m, (counts, seeds) in scale.methods.items() for k in counts
        ],
        "operations": [Part("operations", partial(selection_tables.operations, families))],
        "measured": [Part(f"measured_{m}", partial(selection_tables.measured, families, m, limit[m])) for m in cfg.backends],
        "proofs": [Part("proofs", partial(selection_tables.proven, families))],
        "machines": [Part(f"machines_{m}", partial(selection_tables.machines, families, m, cfg.seed)) for m in cfg.backends],
        "ratified": [Part("ratified", partial(selection_tables.found_again, families))],
        "limits": [
            Part(f"limits_{k}", partial(comparison_tables.limits, families, arm))
            for k, arm in enumerate(comparison_tables.ARMS)
        ],
        "controls": [Part("controls", partial(selection_tables.refused, families, cfg.seed))],
    }  # fmt: skip
    found["generalisation"] = [Part("generalisation", partial(comparison_tables.generalised, families, scale.held_out))]
    found["front"] = [Part("front", partial(comparison_tables.front, families))]
    found["clang"] = [Part("clang", partial(comparison_tables.clang, families))]
    for part in invention.parts(cfg.scale):
        found.setdefault(part.table, []).append(Part(part.name, part.compute))
    return {name: found[name] for name in TABLES if name in found}
