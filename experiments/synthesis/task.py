"""What a task of the contest is: a problem, fresh examples of it, and what is known of its solution."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from experiments.program_search.problem import Examples, Problem
from experiments.program_search.space import Space, random_codes


@dataclass(frozen=True)
class Task:
    """A task of the suite.

    draw: fresh training examples; edges: cases that random ones miss; held_out: examples that no method sees, of loops on
    sizes that training never has. All three take a generator and a number (`edges` ignores both where it has fixed cases).
    meaning: outputs as words of `isa.words` from inputs, where the task has such a form and so can be proven, else None.
    solution: a code that is right, as short as is known; methods never see it but for the labelled ablation.
    """

    name: str
    about: str
    space: Space
    draw: Callable[[np.random.Generator, int], Examples]
    edges: Callable[[], Examples]
    held_out: Callable[[np.random.Generator, int], Examples]
    solution: np.ndarray
    meaning: Callable | None = None
    group: str = "elementary"

    @property
    def shortest(self) -> int:
        """Instructions of the known solution."""
        return len(self.solution)

    def training(self, rng: np.random.Generator, count: int) -> Examples:
        """Edge cases, then fresh examples, `count` together."""
        edges = self.edges()
        edges = edges.take(rng.permutation(len(edges))[: count // 2])
        return edges.plus(self.draw(rng, count - len(edges)))

    def problem(self, rng: np.random.Generator, count: int) -> Problem:
        """What a search is given, with so many training examples."""
        return Problem(self.training(rng, count), self.space)

    def hint(self, rng: np.random.Generator) -> np.ndarray:
        """The known solution with one instruction replaced at random, for the labelled ablation."""
        code = np.array(self.solution, np.int32)
        slot = rng.integers(len(code))
        code[slot] = random_codes(self.space, rng, 1)[0, slot]
        return code
