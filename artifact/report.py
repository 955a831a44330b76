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
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
from IPython.display import SVG, Markdown, display

from artifact import claims
from artifact.words import number
from experiments.harness import schema
from experiments.harness.tables import Results
from figures.__main__ import draw, figures_of

results = Results(Path(os.environ["REPORT_RESULTS"]))
figures = Path(os.environ["REPORT_FIGURES"])
SHOWN = 250
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
    display(SVG(filename=draw(name, results, figures, ["svg"])[0]))


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
# A refuted claim of prior work is a finding about our implementation of its idea on this machine.

# %%
verdicts = claims.frame(claims.judge_all(results))
show(verdicts["verdict"].groupby([verdicts["origin"], verdicts["verdict"]]).size().rename("claims").reset_index())

# %%
show(verdicts.drop(columns=["origin", "unit", "cost", "experiment"]))

# %% [markdown]
# ## Tables and figures, by experiment
#
# A long table is shown by its first rows; the whole of it is the file that is named.

# %%
for name in (name for name in schema.experiments() if name in origins):
    fullest, declared = results.fullest(name), schema.of(name)
    display(Markdown(f"## {name.replace('_', ' ')}"))
    for figure in figures_of(name):
        picture(figure)
    summary = f"artifact.summaries.{name}"
    for title, table in import_module(summary).tables(fullest).items() if find_spec(summary) else ():
        display(Markdown(f"### {title}"))
        show(table)
    for title in (title for title in declared if title in fullest.provenance(name)["tables"]):
        table, meaning = fullest.table(name, title), declared[title]
        display(Markdown(f"### {title.replace('_', ' ')}: {meaning.meaning}"))
        display(Markdown("; ".join(f"*{column.name}*: {column.meaning}" for column in meaning.columns)))
        show(table.head(SHOWN))
        if len(table) > SHOWN:
            display(Markdown(f"{len(table)} rows in all: `{name}/{title}.csv`"))

# %% [markdown]
# ## Packages

# %%
show(pd.DataFrame({"experiment": name, **origin["packages"]} for name, origin in origins.items()))
