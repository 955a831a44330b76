# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Differentiable Computers: report
#
# Everything below is computed from the recorded tables of one results folder. The paper says what it means; this page shows
# the tables themselves, where they come from, and the verdict on every claim.

# %%
import os
from pathlib import Path

import pandas as pd
from IPython.display import SVG, Markdown, display

from artifact import claims
from artifact.words import number
from experiments.harness.tables import Results
from experiments.synthesis import statistics
from figures.__main__ import draw

results = Results(Path(os.environ["REPORT_RESULTS"]))
figures = Path(os.environ["REPORT_FIGURES"])
INK = {claims.REFUTED: "color: #b3261e; font-weight: bold", claims.NOT_RUN: "color: #777"}


def show(table: pd.DataFrame) -> None:
    """A table without the index: numbers as people write them, to the right; empty where nothing is recorded."""
    numbers = list(table.select_dtypes("number").columns)
    style = (
        table.style.hide(axis="index")
        .format(number, subset=numbers)
        .format(str, subset=table.columns.difference(numbers), na_rep="")
    )
    style = style.set_properties(subset=numbers, **{"text-align": "right"})
    display(style.map(lambda verdict: INK.get(verdict, ""), subset=[c for c in table.columns if c == "verdict"]))


def picture(name: str) -> None:
    """A figure, drawn from these results."""
    display(SVG(filename=next(f for f in draw(name, results, figures) if f.suffix == ".svg")))


# %% [markdown]
# ## Where the numbers come from

# %%
origins = {name: results.provenance(name) for name in results.experiments()}
show(
    pd.DataFrame(
        {
            "experiment": name,
            "scale": origin["scale"],
            "commit": str(origin["code"]["commit"])[:10] + (" (changed)" if origin["code"]["dirty"] else ""),
            "started": origin["started"],
            "wall time (s)": origin["wall_time_s"],
            "peak memory (MB)": origin["peak_memory_bytes"] / 1e6,
            "processor": origin["machine"]["cpu"],
            "cores": origin["machine"]["cores"],
            "graphics processor": origin["machine"]["gpu"] or "none",
        }
        for name, origin in origins.items()
    )
)

# %% [markdown]
# ## Claims
#
# A refuted claim of a seed is a finding about our implementation of its idea on this machine.

# %%
verdicts = claims.frame(claims.judge_all(results))
show(verdicts["verdict"].groupby([verdicts["whose"], verdicts["verdict"]]).size().rename("claims").reset_index())

# %%
show(verdicts.drop(columns=["whose", "unit", "cost", "experiment"]))

# %% [markdown]
# ## Conformance

# %%
show(results.table("conformance", "cases"))

# %% [markdown]
# ## Arithmetic
#
# ### Trained components, on their whole input domains

# %%
show(results.table("alu_verification", "components"))
picture("component_margins")

# %% [markdown]
# ### The decoder composed of them, on words that meet every row of each

# %%
show(results.table("alu_verification", "decoder"))

# %% [markdown]
# ### What is proven, enumerated and sampled

# %%
operations = results.table("alu_verification", "operations")
show(operations)

# %% [markdown]
# ### Lemmas

# %%
show(results.table("alu_verification", "proofs"))

# %% [markdown]
# ### Injected faults

# %%
show(results.table("alu_verification", "faults"))

# %% [markdown]
# ### Latency

# %%
picture("alu_latency")

# %% [markdown]
# ## Timing
#
# ### What the exact verifier says of every implementation and optimisation level

# %%
show(results.table("timing_crypto", "constant_time"))

# %% [markdown]
# ### Cycles between secrets, on every machine and timing model

# %%
show(results.table("timing_crypto", "leaks"))
picture("cache_sweep")

# %% [markdown]
# ### Noisy clocks

# %%
picture("timing_leaks")

# %% [markdown]
# ### Keys recovered from cycle counts

# %%
picture("key_recovery")
for name in ("sweep", "recovery", "functions", "vectors", "dudect", "variance"):
    if name in origins["timing_crypto"]["tables"]:
        display(Markdown(f"### {name}"))
        show(results.table("timing_crypto", name))

# %% [markdown]
# ## Synthesis
#
# ### Successes of runs, and the Wilson interval of their share
#
# A run that fails is charged its whole spending: `to_solution` is all executions over all solutions.

# %%
synthesis = results.fullest("synthesis")
picture("success_matrix")
show(statistics.tally(synthesis.table("synthesis", "runs")))

# %% [markdown]
# ### What it costs

# %%
picture("survival")
picture("scaling")

# %% [markdown]
# ### How a program settles, and under which temperatures

# %%
picture("trajectories")
picture("schedules")

# %% [markdown]
# ### The tasks, and how rare their solutions are

# %%
show(synthesis.table("synthesis", "tasks"))

# %% [markdown]
# ### The shortest program that each method found for each task

# %%
right = synthesis.table("synthesis", "runs").query("right").sort_values(["task", "length"], kind="stable")
show(right.drop_duplicates(["task", "method"])[["task", "method", "seed", "length", "proof", "evaluations", "program"]])

# %% [markdown]
# ## Speed

# %%
picture("throughput")
for name in origins["benchmarks"]["tables"]:
    display(Markdown(f"### {name.replace('_', ' ')}"))
    show(results.table("benchmarks", name))

# %% [markdown]
# ## Packages

# %%
show(pd.DataFrame({"experiment": name, **origin["packages"]} for name, origin in origins.items()))
