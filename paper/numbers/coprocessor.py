"""Numbers of the paper's section on the coprocessor."""

from typing import Any

import numpy as np
import pandas as pd

from experiments.coprocessor.schema import CROSSED
from experiments.harness.tables import Results
from paper import numbers

EXPERIMENT = "coprocessor"
_TRAINED = 6
_IN_ALL_SIZES = ("fine_tuned", "pointer", "pointer_others")


def build(results: Results) -> dict[str, Any]:
    """As `numbers` says, of a larger run where there is one."""
    results = results.fullest(EXPERIMENT)
    return numbers.joined(*(part(results) for part in (_arms, _pointer, _differences, _effects, _sizes, _controls)))


def _share(rows: pd.DataFrame, column: str = "right") -> str:
    return f"{100 * rows[column].sum() / rows['problems'].sum():.1f} %" if len(rows) else "–"


def _arms(results: Results) -> dict[str, Any]:
    accuracy, runs = (_smallest(results.table(EXPERIMENT, t)) for t in ("accuracy", "runs"))
    rows = []
    for arm, own in accuracy[~accuracy["arm"].str.startswith(CROSSED)].groupby("arm", sort=False):
        signs, run = own[own["form"] == "signs"], runs[runs["arm"] == arm]
        parts = (
            signs[signs["length"] <= _TRAINED], signs[signs["length"] > _TRAINED], own[own["form"] == "words"],
            own[own["form"] == "held-out words"],
        )  # fmt: skip
        rows.append([str(arm).replace("_", " "), *map(_share, parts), _more(run), f"{run['steps'].mean():.0f}"])
    return {
        "cop_arms": rows,
        "cop_arm_count": len(rows),
        "cop_seeds": runs["seed"].nunique(),
        "cop_failed": int(runs["ended"].str.startswith("not a number").sum()),
        "cop_plateaus": int((runs["ended"] == "plateau").sum()),
        "cop_trained_runs": int((runs["ended"] != "untrained").sum()),
    }


def _more(runs: pd.DataFrame) -> str:
    """How much the perplexity of running text rose."""
    more = 100 * np.expm1(runs["nats"] - runs["nats_before"]).mean()
    return "–" if np.isnan(more) else f"{more:+.2f} %"


def _smallest(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["width"] == table["width"].min()]


def _pointer(results: Results) -> dict[str, Any]:
    accuracy, chained, runs = (_smallest(results.table(EXPERIMENT, t)) for t in ("accuracy", "chained", "runs"))
    own, others = (accuracy[accuracy["arm"] == arm] for arm in ("pointer", "pointer_others"))
    others = others[(others["form"] == "signs") & (others["length"] > _TRAINED)]
    signs, compliance = own[own["form"] == "signs"], _smallest(results.table(EXPERIMENT, "compliance"))
    cost = runs.groupby("arm")["flops_token"].mean()
    return {
        "cop_trained": _share(signs[signs["length"] <= _TRAINED]),
        "cop_beyond": _share(signs[signs["length"] > _TRAINED]),
        "cop_others_beyond": _share(others),
        "cop_operands": _share(signs, "operands"),
        "cop_operations": _share(signs, "operations"),
        "cop_opened": _share(signs, "opened"),
        "cop_words": _share(own[own["form"] == "words"]),
        "cop_held_out": _share(own[own["form"] == "held-out words"]),
        "cop_chained": _chained(chained[chained["arm"] == "pointer"]),
        "cop_followed": _share(compliance[compliance["arm"] == "pointer"], "followed"),
        "cop_kept": _share(compliance[compliance["arm"] == "pointer"], "kept"),
        "cop_replica": _share(accuracy[accuracy["arm"] == "replica"]),
        "cop_replica_zero": _share(accuracy[accuracy["arm"] == "replica_zero"]),
        "cop_mended": _share(accuracy[accuracy["arm"] == "replica_mended"]),
        "cop_mended_zero": _share(accuracy[accuracy["arm"] == "replica_mended_zero"]),
        "cop_text_pointer": _more(runs[runs["arm"] == "pointer"]),
        "cop_text_fine_tuned": _more(runs[runs["arm"] == "fine_tuned"]),
        "cop_text_alone": _more(runs[runs["arm"] == "pointer_alone"]),
        "cop_false_gates": f"{runs['false_gates'].max():.1e}",
        "cop_cost": f"{cost['pointer'] / cost['fine_tuned']:.2f}",
        "cop_parameters": runs.loc[runs["arm"] == "pointer", "parameters"].max()
        - runs.loc[runs["arm"] == "fine_tuned", "parameters"].max(),
    }


def _chained(own: pd.DataFrame) -> str:
    """Such as `100.0 % of 20 digits and 91.7 % of 100`."""
    return " and ".join(f"{_share(some)} of those of {length} digits" for length, some in own.groupby("length"))


def _differences(results: Results) -> dict[str, Any]:
    rows = [
        [f"{r.arm} − {r.against}".replace("_", " "), r.range, f"{r.points:+.1f}", f"{r.low:+.1f} to {r.high:+.1f}",
         f"{r.only_one} : {r.only_other}", f"{r.p:.1g}"]
        for r in results.table(EXPERIMENT, "differences").itertuples()
    ]  # fmt: skip
    return {"cop_differences": rows}


def _effects(results: Results) -> dict[str, Any]:
    """Of the crossed design; no rows where it was not run."""
    if "effects" not in results.provenance(EXPERIMENT)["tables"]:
        return {"cop_effects": []}
    effects = results.table(EXPERIMENT, "effects")
    rows = []
    for (factor, level), own in effects.groupby(["factor", "level"], sort=False):
        cells = [
            f"{r.percent:.1f} % ({r.worst:.1f} to {r.best:.1f})" for r in own.sort_values("range", ascending=False).itertuples()
        ]
        rows.append([factor, str(level).replace("_", " "), int(own["runs"].max()), *cells])
    return {"cop_effects": rows}


def _sizes(results: Results) -> dict[str, Any]:
    accuracy, runs = (results.table(EXPERIMENT, t) for t in ("accuracy", "runs"))
    beyond = accuracy[(accuracy["form"] == "signs") & (accuracy["length"] > _TRAINED) & accuracy["arm"].isin(_IN_ALL_SIZES)]
    rows = []
    for (width, depth, arm), own in beyond.groupby(["width", "depth", "arm"]):
        run = runs[(runs["width"] == width) & (runs["depth"] == depth) & (runs["arm"] == arm)]
        rows.append([f"{width} × {depth}", str(arm).replace("_", " "), len(run), _share(own), _more(run)])
    return {"cop_sizes": rows}


def _controls(results: Results) -> dict[str, Any]:
    controls = results.table(EXPERIMENT, "controls")
    return {"cop_controls_count": len(controls), "cop_controls_held": int(controls["holds"].sum())}
