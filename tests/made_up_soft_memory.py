"""Made-up tables of soft memory."""

import pandas as pd

from experiments.soft_memory.schema import TABLES

ADDRESSINGS = ("softmax", "sparsemax", "entmax", "bits", "value")
RATIOS = {"loop": 0.3, "straight": 0.4, "exclusive_or": 0.9}


def tables() -> dict[str, pd.DataFrame]:
    """Laws hold, and sums in bits fail early."""
    frames = {
        "reads": [(kind, cells, delta, 0.5, 0.5) for kind in ADDRESSINGS for cells in (16, 256) for delta in (1.0, 10.0)],
        "needed": [(kind, cells, 10.0, 0.001) for kind in ADDRESSINGS for cells in (16, 256)],
        "horizon": [(kind, 64, 10.0, reads, 0.9, 0.9) for kind in ADDRESSINGS for reads in (1, 100)],
        "sums": [
            *(("bits", program, n, 9, 1.0, 0.9 * ratio, ratio) for program, ratio in RATIOS.items() for n in (16, 256)),
            *(("value", program, n, 9, 1.0, 0.9, 1.0) for program in ("loop", "straight") for n in (16, 256)),
        ],
        "controls": [("softmax: tied", 0.5, "half", True)],
    }  # fmt: skip
    return {name: TABLES[name].frame(rows) for name, rows in frames.items()}
