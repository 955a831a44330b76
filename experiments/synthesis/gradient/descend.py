"""Rounds of descent through the soft machine, with an account of what they execute.

A round is a number of restarts that begin together. Every few iterations the argmax of each restart is read off and run on
the discrete machine: a program that is right on all examples is the answer. No other use is made of discrete runs.
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from backends.interface import UserError
from experiments.synthesis.evaluate import Evaluator
from experiments.synthesis.gradient.frame import Choice, Frame, unfit
from experiments.synthesis.gradient.programs import DTYPES, FOCUS, LOSSES, NEVER, Descender, Descent, Knobs, Parameters
from experiments.synthesis.search import Budget, Exhausted, Outcome, Problem

EVERY = 10
"""Iterations between two readings."""
_FEW = 8
"""Examples that every program that is read off runs on; only one that is right on them runs on the others."""
_MACHINES = {"jax_tensor": "soft", "torch_neural": "soft_torch"}
"""Of each machine that can be descended through, the module with its `Descender`; imported when it is asked for."""


@dataclass(frozen=True)
class Settings:
    """slots: of a soft program; None: one more than the space has, at least four. restarts: side by side. examples: of one
    gradient. iterations: of a round. hot, cold: temperature at its start and end, geometric between. rate: of Adam. noise,
    entropy: see `Knobs`. spread: of the first logits. loss: one of LOSSES; None: the first of the relaxation."""

    slots: int | None = None
    restarts: int = 64
    examples: int = 16
    iterations: int = 120
    hot: float = 1.0
    cold: float = 0.2
    rate: float = 0.1
    noise: float = 0.0
    entropy: float = 0.0
    spread: float = 1.0
    loss: str | None = None

    def temperatures(self, iteration: int) -> np.ndarray:
        """`[EVERY]`, of the iterations from this one on."""
        return self.hot * (self.cold / self.hot) ** ((iteration + np.arange(EVERY)) / self.iterations)


def fits(problem: Problem) -> str | None:
    """Why the gradient methods cannot search a problem's space, or None."""
    return unfit(problem.space, problem.examples)


@dataclass
class Round:
    """The state of a round.

    iteration: the next. focus `[P]`: see `Knobs`. heat, haste `[P]`: factors of temperature and rate. losses `[P]`: means of
    the last iterations. mask: see `Descender`.
    """

    iteration: int
    descent: Descent
    focus: np.ndarray
    heat: np.ndarray
    haste: np.ndarray
    losses: np.ndarray
    mask: Parameters


Change = Callable[[Round, np.random.Generator], None]
"""What a method does to a round before its next iterations."""


def nothing(_: Round, __: np.random.Generator) -> None:
    """Leave the round as it is."""


class Engine:
    """Descends on a problem, through the soft machine of `backend`. Raises UserError for what it cannot do."""

    def __init__(
        self,
        problem: Problem,
        budget: Budget,
        rng: np.random.Generator,
        relaxation: str,
        backend: str,
        settings: Settings,
    ) -> None:
        _check(problem, relaxation, backend, settings)
        self.problem, self.budget, self.rng, self.settings = problem, budget, rng, settings
        self.frame = Frame.of(problem, settings.slots or max(4, problem.space.length + 1))
        self.dtype = np.dtype(DTYPES[relaxation])
        module = importlib.import_module(f"experiments.synthesis.gradient.{_MACHINES[backend]}")
        self.descender: Descender = module.Descender(self.frame, relaxation, settings.loss or LOSSES[relaxation][0])
        self.mask = Parameters(np.zeros((), self.dtype), *(
            np.where(readable, 0, NEVER).astype(self.dtype) for readable in self.frame.readable()
        ))  # fmt: skip
        self.evaluator = Evaluator(replace(problem.examples, steps=self.frame.steps))
        self.few = Evaluator(
            replace(problem.examples.take(rng.permutation(len(problem.examples))[:_FEW]), steps=self.frame.steps)
        )
        self.restarts = 0
        self.trace: list[dict] = []

    def search(self, change: Change = nothing, bias: Parameters | None = None) -> Outcome:
        """Round after round until a program is right or the budget has ended. bias: added to the first logits."""
        try:
            while True:
                found = self._round(change, bias)
                if found is not None:
                    return found
        except Exhausted:
            return Outcome(None, self.restarts, trace=self.trace)

    def toward(self, hint: np.ndarray, logit: float) -> Parameters:
        """`logit` for everything that a code `[L, 5]` chooses, 0 elsewhere, as `bias` of `search` takes it."""
        choice, frame = self.frame.choice_of(hint), self.frame
        widths = len(frame.operations), frame.registers, frame.registers, frame.registers
        fields = zip((choice.op, choice.rs1, choice.rs2, choice.out), widths, strict=True)
        return Parameters(*(logit * (x[0][:, None] == np.arange(width)) for x, width in fields))

    def _round(self, change: Change, bias: Parameters | None) -> Outcome | None:
        now = self._begin(bias)
        for now.iteration in range(0, self.settings.iterations, EVERY):
            change(now, self.rng)
            self.budget.check()
            self._descend(now)
            code, p = self._read(now)
            if code is not None:
                return Outcome(code, self.restarts, float(now.losses[p]), self.trace)
        return None

    def _begin(self, bias: Parameters | None) -> Round:
        frame, count = self.frame, self.settings.restarts
        selectors = (frame.slots, frame.registers)
        shapes = (
            (frame.slots, len(frame.operations)),
            selectors,
            selectors,
            (len(self.problem.examples.targets), frame.registers),
        )
        drawn = [self.settings.spread * self.rng.normal(size=(count, *shape)) for shape in shapes]
        drawn[2] += frame.likely()
        if bias is not None:
            drawn = [x + y for x, y in zip(drawn, bias, strict=True)]
        logits = Parameters(*(x.astype(self.dtype) for x in drawn))
        self.restarts += count
        ones = np.ones(count)
        focus = np.resize(np.array(FOCUS), count)
        return Round(0, Descent.start(logits), focus, ones, ones.copy(), np.full(count, np.inf), self.mask)

    def _descend(self, now: Round) -> None:
        s, count = self.settings, len(self.problem.examples)
        each = np.ones((EVERY, s.restarts))
        temperature = s.temperatures(now.iteration)[:, None]
        knobs = Knobs(*(
            (each * x).astype(self.dtype)
            for x in (temperature * now.heat, s.rate * now.haste, s.noise, s.entropy, now.focus)
        ))  # fmt: skip
        batch = min(s.examples, count)
        rows = np.stack([self.rng.permutation(count)[:batch] for _ in range(EVERY)])
        seed = int(self.rng.integers(1 << 31))
        now.descent, losses = self.descender.advance(now.descent, now.mask, knobs, rows, seed)
        now.losses = np.asarray(losses).mean(axis=0)
        self.budget.spent += 3.0 * EVERY * s.restarts * batch * self.frame.slots

    def _read(self, now: Round) -> tuple[np.ndarray | None, int]:
        """The right one of the argmax programs, in the form of the space, and whose it is; None if there is none."""
        logits = Parameters(*map(np.asarray, now.descent.logits)).plus(now.mask)
        choice = Choice(*(x.argmax(axis=-1) for x in logits))
        codes, whose = np.unique(self.frame.codes(choice), axis=0, return_index=True)
        scores = self.few.score(codes)
        self.budget.spent += scores.executed
        self._note(now, scores.distance / len(self.few), whose)
        for k in np.flatnonzero(scores.right == len(self.few)):
            failed, executed = self.evaluator.failures(codes[k])
            self.budget.spent += executed
            code = None if len(failed) else self.frame.read_off(choice.only(int(whose[k])))
            if code is not None:
                return code, int(whose[k])
        return None, 0

    def _note(self, now: Round, wrong_bits: np.ndarray, whose: np.ndarray) -> None:
        """A row to plot, of the restart whose program is nearest."""
        best = int(np.argmin(wrong_bits))
        temperature = self.settings.temperatures(now.iteration)[-1] * now.heat[whose[best]]
        self.trace.append({
            "evaluations": self.budget.spent, "temperature": float(temperature),
            "loss": float(now.losses[whose[best]]), "wrong_bits": float(wrong_bits[best]),
        })  # fmt: skip


def _check(problem: Problem, relaxation: str, backend: str, settings: Settings) -> None:
    if backend not in _MACHINES:
        raise UserError(f"{backend} has no soft machine to descend through: use {' or '.join(_MACHINES)}")
    if relaxation not in LOSSES:
        raise UserError(f"unknown relaxation '{relaxation}': one of {', '.join(LOSSES)}")
    if settings.loss is not None and settings.loss not in LOSSES[relaxation]:
        raise UserError(f"unknown loss '{settings.loss}' for {relaxation}: one of {', '.join(LOSSES[relaxation])}")
    why = fits(problem)
    if why is not None:
        raise UserError(f"the gradient methods cannot search this space: {why}")
