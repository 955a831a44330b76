"""What counts as a success: the discrete program, run on a hard machine, right on every input that no method saw.

A straight-line program is proven equal to the task's meaning over all inputs besides, or refuted by a counterexample, which
is run on the machine as well. Loops are tested on sizes that were never seen.
"""

from dataclasses import dataclass, replace

import numpy as np

from experiments.program_search import equivalence
from experiments.program_search.machine_check import correct
from experiments.synthesis.task import Task

HELD_OUT = 1024
_CONFIRMED = 4


@dataclass(frozen=True)
class Verdict:
    """right: on all `tested` held-out examples, and not refuted. proof: "proven" for all inputs, "refuted", "undecided"
    (the solver gave up), or "tested" where the task or the program has no formula.

    counterexample: input words on which the program is wrong, in the order of the task's inputs, or None.
    """

    right: bool
    tested: int
    proof: str
    counterexample: tuple[int, ...] | None = None


def judge(task: Task, code: np.ndarray, rng: np.random.Generator, effort: int = equivalence.EFFORT) -> Verdict:
    """Test a code `[L, 5]` on held-out examples of the task, `_CONFIRMED` of them on `reference` too, and prove it.

    The code may run through once, however long it is; a loop has the steps that the examples give.
    """
    examples = task.held_out(rng, HELD_OUT)
    examples = replace(examples, steps=max(examples.steps, len(code)))
    right = correct(examples, code)
    few = np.concatenate([np.flatnonzero(~right), np.flatnonzero(right)])[:_CONFIRMED]
    confirmed = correct(examples.take(few), code, "reference")
    assert (confirmed == right[few]).all(), f"gpu_compute and reference disagree on {task.name}"
    if not right.all():
        return Verdict(False, len(right), "refuted", tuple(examples.inputs[np.argmin(right)].tolist()))
    if task.meaning is None:
        return Verdict(True, len(examples), "tested")
    proof, inputs = equivalence.equal(examples.sources, examples.targets, task.meaning, code, effort)
    if inputs is None:
        return Verdict(True, len(examples), proof)
    wrong = equivalence.example(examples, task.meaning, inputs)
    assert not correct(wrong, code, "reference").any(), f"{task.name}: a counterexample that the machine does not show"
    return Verdict(False, len(examples), proof, inputs)
