"""Made-up tables of the coprocessor."""

import pandas as pd

from experiments.coprocessor.schema import TABLES
from experiments.coprocessor.statistics import compared, packed

ARMS = {
    "untouched": 0.1, "fine_tuned": 0.2, "pointer": 1.0, "pointer_zero": 0.2, "pointer_others": 0.1, "oracle_all": 1.0,
    "pointer_alone": 0.9, "replica": 0.2, "replica_zero": 0.2,
}  # fmt: skip
PAIRS = [("pointer", "pointer_others"), ("pointer_zero", "fine_tuned"), ("replica", "replica_zero")]


def tables() -> dict[str, pd.DataFrame]:
    """Pointers are right, and nothing else is."""
    runs = [
        (arm, 64, 2, seed, "plateau", 100, 200_000, 0.01, 2.5, 2.5, 0.0, 0.01, 2e5, "made up", 1.0)
        for arm in ARMS
        for seed in (0, 1)
    ]
    accuracy = [
        (arm, 64, 2, seed, form, "add", length, 10, n := round(10 * share), n, n, n, packed([k < n for k in range(10)]))
        for arm, share in ARMS.items() for seed in (0, 1)
        for form, length in (("signs", 2), ("signs", 6), ("signs", 8), ("words", 6), ("held-out words", 6))
    ]  # fmt: skip
    accuracy += [("replica", 2048, 24, 0, "signs", "add", 6, 10, 7, 0, 0, 0, "7f")]
    frames = {
        "runs": runs,
        "accuracy": accuracy,
        "compliance": [("pointer", 64, 2, seed, "add", 10, 10, 0) for seed in (0, 1)],
        "chained": [("pointer", 64, 2, seed, "add", length, 10, 10) for seed in (0, 1) for length in (20, 100)],
        "effects": [
            ("gate", level, lengths, 6, 90.0, 80.0, 100.0)
            for level in ("sigmoid", "capped")
            for lengths in ("trained", "beyond")
        ],
        "curves": [(arm, 64, 2, seed, step, 1 / step) for arm in ARMS for seed in (0, 1) for step in (10, 20)],
        "pointers": [("pointer", 64, 2, 0, k, p, "1", 0.5, 0.5) for k in (0, 1) for p in (0, 1)],
        "controls": [("planted leak", 1.0, "all", True)],
    }
    made = {name: TABLES[name].frame(rows) for name, rows in frames.items()}
    return made | {"differences": compared(made["accuracy"], PAIRS)}
