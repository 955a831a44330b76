"""Figures of the experiment."""

import pandas as pd

SHOWN = (
    "untouched", "fine_tuned", "fine_tuned_longer", "mlp", "pointer", "pointer_alone", "pointer_zero", "pointer_others",
    "pointer_permuted", "oracle_all", "replica", "replica_zero", "replica_mended",
)  # fmt: skip
"""The arms of figures; all of them are in the paper's table."""


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of these arms in the smallest model."""
    return table[table["arm"].isin(SHOWN) & (table["width"] == table["width"].min())]
