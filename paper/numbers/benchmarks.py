"""Numbers of the paper's section on speed."""

from typing import Any

import pandas as pd

from artifact.words import quantity
from experiments.harness.tables import HARDWARE, Results
from paper import numbers

_TIMED = (
    ("throughput", "instructions", "batch", "instructions_per_s", ["backend"]),
    ("kernel", "instructions, kernel alone", "batch", "instructions_per_s", ["backend", "program"]),
    ("evaluations", "runs of short programs", "programs", "runs_per_s", ["backend"]),
    ("addition", "neural additions", "batch", "additions_per_s", ["backend"]),
    ("soft_step", "soft steps", "examples", "program_example_steps_per_s", ["backend", "relaxation"]),
)
"""Tables of what a GPU is asked: name, what is counted, how many at once, how many a second, and what tells rows apart."""


def build(results: Results) -> dict[str, Any]:
    """As `numbers` says."""
    return numbers.joined(*(part(results) for part in (_benchmarks, _profile, _soft_step, _elsewhere)))


def _benchmarks(results: Results) -> dict[str, Any]:
    throughput, ratios = results.table("benchmarks", "throughput"), results.table("benchmarks", "ratios")
    median = _speeds(throughput)
    return {
        "throughput": numbers.rows_of(median, "/s"),
        "throughput_batches": [list(median.columns)],
        "ratios": [[r.name, str(r.baseline), f"{r.value:.2f}", f"{r.low:.2f} – {r.high:.2f}"] for r in _rows(ratios)],
    }


def _speeds(throughput: pd.DataFrame) -> pd.DataFrame:
    """Instructions per second, the median over programs, machines by batches."""
    found = throughput.pivot_table("instructions_per_s", "backend", "batch", "median", sort=False)
    return found.sort_index(axis="columns")


def _profile(results: Results) -> dict[str, Any]:
    """Time by kind of instruction on each machine, and how far a step of the tensor computer is from what it must do."""
    profile, floor = results.table("benchmarks", "profile"), results.table("benchmarks", "floor").iloc[0]
    time_s = 1 / profile.pivot_table("instructions_per_s", "instruction", "backend", sort=False)
    speed = _speeds(results.table("benchmarks", "throughput"))
    tensor = speed.loc[floor["backend"]]
    return {
        "profile": numbers.rows_of(time_s, "s"),
        "profile_machines": [list(time_s.columns)],
        "step_operations": floor["operations_per_step"],
        "step_bytes": floor["bytes_per_step"],
        "step_time": quantity(1 / tensor[1], "s"),
        "step_time_256": quantity(1 / tensor.get(256, float("nan")), "s"),
        "step_operations_per_ns": floor["operations_per_step"] * tensor[1] / 1e9,
        "step_over_compiled": speed.loc["gpu_compute", 1] / tensor[1],
    }


def _soft_step(results: Results) -> dict[str, Any]:
    """Speed of the soft machine, where the benchmarks recorded it."""
    if "soft_step" not in results.provenance("benchmarks")["tables"]:
        return {"soft_step": []}
    alone = results.table("benchmarks", "soft_step").query("restarts == 1")
    rows = [[r.backend, r.relaxation, r.dtype, quantity(r.program_example_steps_per_s, "/s")] for r in _rows(alone)]
    return {"soft_step": rows}


def _elsewhere(results: Results) -> dict[str, Any]:
    """Speeds on other hardware, where results of that belong to these: of what was timed there, the largest batch."""
    rows, kernels = [], []
    for other in results.beside(HARDWARE):
        facts = other.provenance("benchmarks")
        kernels += _kernel(other) if "kernel" in facts["tables"] else []
        where = facts["machine"]["gpu"] or facts["machine"]["cpu"]
        for name, what, batch, rate, kinds in _TIMED:
            if name in facts["tables"]:
                table = other.table("benchmarks", name).groupby([*kinds, batch], sort=False, as_index=False)[rate].median()
                for r in _rows(table.loc[table.groupby(kinds, sort=False)[batch].idxmax()].rename(columns={rate: "rate"})):
                    which = ", ".join(str(getattr(r, kind)) for kind in kinds)
                    rows.append([where, what, which, str(getattr(r, batch)), quantity(r.rate, "/s")])
    return {"elsewhere": rows, "kernels": kernels}


def _kernel(results: Results) -> list[list[str]]:
    """Of each program of the compiled step on a GPU: what 1,024 instances cost that run at once, one being 1, and how many
    operations the lanes could have done in the time of an instruction, at the largest batch."""
    fact = results.table("benchmarks", "hardware").set_index("fact")["value"]
    speed = results.table("benchmarks", "kernel").pivot(index="program", columns="batch", values="instructions_per_s")
    rows = []
    for program, rate in speed.reindex(columns=[1, 1024]).dropna().iterrows():
        most = speed.loc[program].dropna()
        lanes = float(fact["lane operations a second"]) / most.iloc[-1]
        rows.append([str(program), f"{1024 * rate[1] / rate[1024]:.2f}", f"{most.index[-1]:,}", f"{lanes:,.0f}"])
    return rows


def _rows(table: pd.DataFrame):
    """Rows as named tuples without the index, whose names may then be any column's."""
    return table.itertuples(index=False, name="Row")
