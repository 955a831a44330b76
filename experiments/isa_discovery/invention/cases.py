"""The cases by name, and all best sets of each, made once in a process."""

from functools import cache

from experiments.isa_discovery.invention import boolean, optima, transducers, words
from experiments.isa_discovery.invention.case import Case
from experiments.isa_discovery.invention.optima import Optima

ROOMS = {"boolean": boolean.case, "words": words.case, "transducers": transducers.case}


def get(name: str) -> Case:
    """Such as `boolean_4`: the room, and the operations of a set."""
    room, count = name.rsplit("_", 1)
    return ROOMS[room](int(count))


@cache
def best(name: str) -> Optima:
    """Of a case whose every set is looked at."""
    return optima.by_masks(get(name)) if name.startswith("words") else optima.exhaustive(get(name))
