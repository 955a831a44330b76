"""Who takes part: each method with its settings under a label, and the family that it belongs to.

A control differs from an annealed method in its temperature alone. In relaxation `value` the temperature of 1 at which
annealing begins keeps choices soft enough. In relaxation `bits` logits outgrow it and choices sharpen all the same; 10 is
about what Adam can add to a logit in a whole descent, so there choices stay soft. Programs are read off from soft choices too,
which is a random search: a control may succeed where solutions are common. Whatever builds on annealing has relaxation
`bits`, and `annealed_value` is the other level of that factor.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from experiments.synthesis import search
from experiments.synthesis.search import Problem
from experiments.synthesis.task import Task

FAMILIES = ("gradient", "discrete", "hybrid", "control", "ablation")


@dataclass(frozen=True)
class Entrant:
    """A method's module, the options it is called with, and its family. hinted: it is given a code near the solution."""

    method: str
    family: str
    options: Mapping[str, object] = field(default_factory=dict)
    hinted: bool = False

    def search(self) -> search.Method:
        """The method with its options. Raises UserError where there is no such method."""
        return partial(search.method(self.method), **self.options)

    def fits(self, problem: Problem) -> str | None:
        """Why it cannot take a problem; None where it can."""
        return search.fits(self.method, problem)


ENTRANTS: dict[str, Entrant] = {
    "fixed_temperature": Entrant("fixed_temperature", "control", {"relaxation": "value"}),
    "fixed_temperature_bits": Entrant("fixed_temperature", "control", {"relaxation": "bits", "temperature": 10.0}),
    "annealed_bits": Entrant("annealed", "gradient", {"relaxation": "bits"}),
    "annealed_value": Entrant("annealed", "gradient", {"relaxation": "value"}),
    "annealed_neural": Entrant("annealed", "gradient", {"relaxation": "bits", "backend": "torch_neural"}),
    "population": Entrant("population", "gradient", {"relaxation": "bits"}),
    "curriculum": Entrant("curriculum", "gradient", {"relaxation": "bits"}),
    "straight_through": Entrant("straight_through", "gradient"),
    "random_search": Entrant("random_search", "discrete"),
    "enumeration": Entrant("enumeration", "discrete"),
    "mcmc": Entrant("mcmc", "discrete"),
    "smt": Entrant("smt", "discrete"),
    "sketches": Entrant("sketches", "discrete"),
    "hybrid": Entrant("hybrid", "hybrid"),
    "guided_enumeration": Entrant("guided_enumeration", "hybrid"),
    "hybrid_without_gradient": Entrant("hybrid", "ablation", {"share": 0.0}),
    "rounds_without_gradient": Entrant("guided_enumeration", "ablation", {"share": 0.0}),
    "warm_start": Entrant("annealed", "ablation", {"relaxation": "bits"}, hinted=True),
}
"""hybrid_without_gradient: the same chains in the same form, with every move drawn blindly. rounds_without_gradient: the
rounds of guided enumeration, with operations and constants taken in the space's own order."""


def hint(task: Task, rng: np.random.Generator) -> np.ndarray:
    """The known solution with one instruction replaced at random."""
    code = np.array(task.solution, np.int32)
    slot = rng.integers(len(code))
    code[slot] = task.space.random(rng, 1)[0, slot]
    return code
