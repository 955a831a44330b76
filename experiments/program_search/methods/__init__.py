"""The methods, found because they are the files of this folder; `method.py` says what a method is."""

import importlib
from functools import cache
from pathlib import Path
from types import ModuleType

from backends.interface import UserError
from experiments.program_search.method import FAMILIES, Method

DEPENDS_ON = ("experiments/program_search/methods/", "experiments/program_search/relaxed/")


def names() -> list[str]:
    """Names of all methods."""
    return sorted(file.stem for file in Path(__file__).parent.glob("*.py") if not file.stem.startswith("_"))


def get(name: str) -> Method:
    """A method by name. Raises UserError for an unknown one."""
    if name not in names():
        raise UserError(f"unknown method '{name}': one of {', '.join(names())}")
    return _module(name).METHOD


@cache
def variants() -> dict[str, Method]:
    """Methods as they take part in the contest, by label, in the order of their families. Raises UserError for one without a
    place."""
    found = [(name, variant) for name in names() for variant in getattr(_module(name), "VARIANTS", ())]
    for name, variant in found:
        if variant.place is None:
            raise UserError(f"methods/{name}.py: '{variant.name}' has no place: make it by METHOD.variant(label, place)")
    found.sort(key=lambda each: (FAMILIES.index(each[1].family), each[1].place))
    return {variant.name: variant for _, variant in found}


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name}")
