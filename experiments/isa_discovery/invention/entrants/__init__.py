"""The entrants, found because they are the files of this folder; `entrant.py` says what an entrant is."""

import importlib
from functools import cache
from pathlib import Path

from experiments.isa_discovery.invention.entrant import FAMILIES, Entrant

DEPENDS_ON = ("experiments/isa_discovery/invention/entrants/",)


@cache
def every() -> dict[str, Entrant]:
    """All entrants by name, in the order of their families."""
    files = sorted(file.stem for file in Path(__file__).parent.glob("*.py") if not file.stem.startswith("_"))
    found = [entrant for name in files for entrant in importlib.import_module(f"{__name__}.{name}").ENTRANTS]
    return {entrant.name: entrant for entrant in sorted(found, key=lambda each: FAMILIES.index(each.family))}
