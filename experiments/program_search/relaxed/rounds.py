"""Rounds of descent through a differentiable machine, with an account of what they execute.

A round is a number of restarts that begin together. Every few iterations the argmax of each restart is read off and run on
the discrete machine: a program that is right on all examples is the answer. No other use is made of discrete runs.
"""

import importlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from backends.interface import UserError
from experiments.program_search.budget import Budget, Exhausted
from experiments.program_search.method import Method
from experiments.program_search.problem import Outcome, Problem
from experiments.program_search.relaxed.descent import DTYPES, LOSSES, Descender, Descent, Schedule
from experiments.program_search.space import NEVER
from experiments.program_search.ssa.form import FOCUS, Fields, Form, unfit
from experiments.program_search.ssa.kernel import FormCases, State, count_wrong
from experiments.program_search.ssa.lowering import raised, read_off

EVERY = 10
"""Iterations between two readings."""
_FEW = 8
"""Examples that every program that is read off runs on; only one that is right on them runs on the others."""
_MACHINES = {"jax_tensor": "jax_descent", "torch_neural": "torch_descent"}
"""Of each machine that can be descended through, the module with its `Descender`; imported when it is wanted."""


@dataclass(frozen=True)
class Options:
    """relaxation: what a word is, bits or value. backend: the machine. slots: of a soft program; None: one more than the space
    has, at least four. restarts: side by side. examples: of one gradient. iterations: of a round. first_temperature,
    last_temperature: of a round, geometric between. rate: of Adam. spread: of the first logits. hint_logit: added to those of
    what the problem's hint chooses, where it has one. loss: one of LOSSES; None: the first of the relaxation."""

    relaxation: str = "bits"
    backend: str = "jax_tensor"
    slots: int | None = None
    restarts: int = 64
    examples: int = 16
    iterations: int = 120
    first_temperature: float = 1.0
    last_temperature: float = 0.2
    rate: float = 0.1
    spread: float = 1.0
    hint_logit: float = 2.0
    loss: str | None = None

    def temperatures(self, iteration: int) -> np.ndarray:
        """`[EVERY]`, of the iterations from this one on."""
        fallen = (iteration + np.arange(EVERY)) / self.iterations
        return self.first_temperature * (self.last_temperature / self.first_temperature) ** fallen


@dataclass
class Round:
    """The state of a round.

    iteration: the next. focus `[P]`: see `Schedule`. temperature_scale, rate_scale `[P]`: factors of temperature and learning
    rate. losses `[P]`: means of the last iterations. mask: see `Descender`.
    """

    iteration: int
    descent: Descent
    focus: np.ndarray
    temperature_scale: np.ndarray
    rate_scale: np.ndarray
    losses: np.ndarray
    mask: Fields


Change = Callable[["Rounds", Round], None]
"""What a method does to a round before its next iterations."""


class Rounds:
    """Descends on a problem. Raises UserError for what it cannot do."""

    def __init__(self, problem: Problem, budget: Budget, rng: np.random.Generator, options: Options) -> None:
        _check(problem, options)
        self.problem, self.budget, self.rng, self.options = problem, budget, rng, options
        self.form = Form(problem, options.slots or max(4, problem.space.length + 1))
        self.dtype = np.dtype(DTYPES[options.relaxation])
        module = importlib.import_module(f"experiments.program_search.relaxed.{_MACHINES[options.backend]}")
        loss = options.loss or LOSSES[options.relaxation][0]
        self.descender: Descender = module.Descender(self.form, options.relaxation, loss)
        self.mask = Fields(np.zeros((), self.dtype), *(
            np.where(readable, 0, NEVER).astype(self.dtype) for readable in self.form.readable()
        ))  # fmt: skip
        self.cases = FormCases.of(self.form, focus=(0.0,))
        self.state = State.of(self.cases, rng)
        self.restarts = 0
        self.trace: list[dict] = []

    def search(self, change: Change | None = None) -> Outcome:
        """Round after round until a program is right or the budget has ended."""
        with suppress(Exhausted):
            while True:
                now = self._begin()
                for now.iteration in range(0, self.options.iterations, EVERY):
                    if change is not None:
                        change(self, now)
                    self.budget.check()
                    self._descend(now)
                    code, p = self._read(now)
                    if code is not None:
                        return Outcome(code, self.restarts, float(now.losses[p]), self.trace)
        return Outcome(None, self.restarts, trace=self.trace)

    def _begin(self) -> Round:
        form, hint, count = self.form, self.problem.hint, self.options.restarts
        rows, widths = (*(form.slots,) * 3, len(self.problem.examples.targets)), (len(form.operations), *(form.registers,) * 3)
        shapes = [(count, *shape) for shape in zip(rows, widths, strict=True)]
        drawn = Fields(*(self.options.spread * self.rng.normal(size=shape) for shape in shapes))
        drawn = drawn._replace(rs2=drawn.rs2 + form.operand_prior())
        if hint is not None:
            chosen = zip(raised(form, hint), widths, strict=True)
            drawn = drawn.plus(Fields(*(self.options.hint_logit * (x[:, None] == np.arange(width)) for x, width in chosen)))
        logits = Fields(*(x.astype(self.dtype) for x in drawn))
        self.restarts += count
        ones = np.ones(count)
        focus = np.resize(np.array(FOCUS), count)
        return Round(0, Descent.start(logits), focus, ones, ones.copy(), np.full(count, np.inf), self.mask)

    def _descend(self, now: Round) -> None:
        s, count = self.options, len(self.problem.examples)
        each = np.ones((EVERY, s.restarts))
        temperature = s.temperatures(now.iteration)[:, None]
        schedule = Schedule(*(
            (each * x).astype(self.dtype)
            for x in (temperature * now.temperature_scale, s.rate * now.rate_scale, now.focus)
        ))  # fmt: skip
        batch = min(s.examples, count)
        rows = np.stack([self.rng.permutation(count)[:batch] for _ in range(EVERY)])
        now.descent, losses = self.descender.advance(now.descent, now.mask, schedule, rows)
        now.losses = np.asarray(losses).mean(axis=0)
        self.budget.spent += 3.0 * EVERY * s.restarts * batch * self.form.slots

    def _read(self, now: Round) -> tuple[np.ndarray | None, int]:
        """The right one of the argmax programs, as a code of the space, and whose it is; None if there is none."""
        logits = Fields(*map(np.asarray, now.descent.logits)).plus(now.mask)
        chosen = np.concatenate([x.argmax(axis=-1) for x in logits], axis=1)
        programs, whose = np.unique(chosen, axis=0, return_index=True)
        few = min(_FEW, len(self.state.order))
        wrong = self._wrong_bits(programs, few)
        self._note(now, wrong / few, whose)
        for k in np.flatnonzero(wrong == 0):
            if not self._wrong_bits(programs[k : k + 1], len(self.state.order))[0]:
                code = read_off(self.form, Fields.views(programs[k], self.form.slots))
                if code is not None:
                    return code, int(whose[k])
        return None, 0

    def _wrong_bits(self, programs: np.ndarray, count: int) -> np.ndarray:
        """`[P]`, of hard programs `[P, rows]` on so many examples."""
        wrong = np.zeros(len(programs), np.int64)
        count_wrong(programs, self.state, self.cases, count, wrong)
        self.budget.spent += len(programs) * count * self.form.slots
        return wrong

    def _note(self, now: Round, wrong_bits: np.ndarray, whose: np.ndarray) -> None:
        """A row to plot, of the restart whose program is nearest."""
        best = int(np.argmin(wrong_bits))
        temperature = self.options.temperatures(now.iteration)[-1] * now.temperature_scale[whose[best]]
        self.trace.append({
            "evaluations": self.budget.spent, "temperature": float(temperature),
            "loss": float(now.losses[whose[best]]), "wrong_bits": float(wrong_bits[best]),
        })  # fmt: skip


def _check(problem: Problem, options: Options) -> None:
    relaxation, loss = options.relaxation, options.loss
    if options.backend not in _MACHINES:
        raise UserError(f"{options.backend} has no soft machine to descend through: use {' or '.join(_MACHINES)}")
    if relaxation not in LOSSES:
        raise UserError(f"unknown relaxation '{relaxation}': one of {', '.join(LOSSES)}")
    if loss is not None and loss not in LOSSES[relaxation]:
        raise UserError(f"unknown loss '{loss}' for {relaxation}: one of {', '.join(LOSSES[relaxation])}")
    if (why := unfit(problem)) is not None:
        raise UserError(f"the gradient methods cannot search this space: {why}")


def method(name: str, about: str, change: Change | None = None) -> Method:
    """A gradient method that descends in rounds."""

    def run(problem: Problem, budget: Budget, rng: np.random.Generator, options: Options) -> Outcome:
        return Rounds(problem, budget, rng, options).search(change)

    return Method(name, "gradient", about, run, 4e6, Options, fits=unfit, compiled_once=False)
