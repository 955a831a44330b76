"""Numbers of the paper's section on speed."""

from typing import Any

import pandas as pd

from artifact.words import number, quantity
from experiments.harness import manifest
from experiments.harness.tables import Results
from paper import numbers


def build(results: Results) -> dict[str, Any]:
    """As `numbers.build`."""
    return numbers.joined([*(part(results) for part in (_benchmarks, _profile, _soft_step, _elsewhere))])


def _benchmarks(results: Results) -> dict[str, Any]:
    throughput, ratios = results.table("benchmarks", "throughput"), results.table("benchmarks", "ratios")
    median = throughput.groupby(["backend", "batch"], sort=False)["instructions_per_s"].median()
    batches = sorted(throughput["batch"].unique())
    rows = [
        [backend, *(quantity(median[backend, b], "/s") if (backend, b) in median.index else "–" for b in batches)]
        for backend in throughput["backend"].drop_duplicates()
    ]
    values = {f"{backend}_at_{batch}": quantity(speed, "/s") for (backend, batch), speed in median.items()}
    tables = {
        "throughput": rows,
        "throughput_batches": [[number(b) for b in batches]],
        "ratios": [[r.name, str(r.baseline), f"{r.value:.2f}", f"{r.low:.2f} – {r.high:.2f}"] for r in _rows(ratios)],
    }
    return {"values": values, "tables": tables}


def _profile(results: Results) -> dict[str, Any]:
    """Time by kind of instruction on each machine, and how far a step of the tensor computer is from what it must do."""
    profile, floor = results.table("benchmarks", "profile"), results.table("benchmarks", "floor").iloc[0]
    time_s = 1 / profile.pivot(index="instruction", columns="backend", values="instructions_per_s")
    machines = list(profile["backend"].drop_duplicates())
    rows = [[i, *(quantity(time_s.loc[i, m], "s") for m in machines)] for i in profile["instruction"].drop_duplicates()]
    throughput = results.table("benchmarks", "throughput")
    speed = throughput.groupby(["backend", "batch"])["instructions_per_s"].median()
    tensor, compiled = speed[floor["backend"], 1], speed["gpu_compute", 1]
    values = {
        "step_operations": number(floor["operations_per_step"]),
        "step_bytes": number(floor["bytes_per_step"]),
        "step_time": quantity(1 / tensor, "s"),
        "step_operations_per_ns": number(floor["operations_per_step"] * tensor / 1e9),
        "step_over_compiled": number(compiled / tensor),
    }
    if (floor["backend"], 256) in speed.index:
        values["step_time_256"] = quantity(1 / speed[floor["backend"], 256], "s")
    return {"values": values, "tables": {"profile": rows, "profile_machines": [machines]}}


def _soft_step(results: Results) -> dict[str, Any]:
    """Speed of the soft machine, where the benchmarks recorded it."""
    if "soft_step" not in results.provenance("benchmarks")["tables"]:
        return {"values": {}, "tables": {"soft_step": []}}
    step = results.table("benchmarks", "soft_step")
    alone = step[step["restarts"] == 1]
    rows = [[r.backend, r.relaxation, r.dtype, quantity(r.program_example_steps_per_s, "/s")] for r in _rows(alone)]
    return {"values": {}, "tables": {"soft_step": rows}}


def _elsewhere(results: Results) -> dict[str, Any]:
    """Throughput on other hardware, where results of that belong to these."""
    rows = []
    for other in results.beside(manifest.HARDWARE):
        throughput, hardware = other.table("benchmarks", "throughput"), other.provenance("benchmarks")["machine"]
        median = throughput.groupby(["backend", "batch"], sort=False, as_index=False)["instructions_per_s"].median()
        for r in _rows(median.loc[median.groupby("backend")["batch"].idxmax()]):
            rows.append([hardware["gpu"] or hardware["cpu"], r.backend, number(r.batch), quantity(r.instructions_per_s, "/s")])
    return {"values": {}, "tables": {"elsewhere": rows}}


def _rows(table: pd.DataFrame):
    """Rows as named tuples without the index, whose names may then be any column's."""
    return table.itertuples(index=False, name="Row")
