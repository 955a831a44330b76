"""Descents and walks on a problem, one after another on each core: a class for each form that programs take."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from backends.core import cores, isa
from backends.gpu_compute.codes import pack, unpack
from experiments.synthesis.discrete.chance import seeded
from experiments.synthesis.discrete.guided import Guide
from experiments.synthesis.discrete.moves import Tables
from experiments.synthesis.evaluate import WORD_BITS, Evaluator, scratch
from experiments.synthesis.gradient import menu, paths, vertices, walk
from experiments.synthesis.gradient.frame import Choice, Frame
from experiments.synthesis.gradient.menu import Knobs
from experiments.synthesis.gradient.programs import FOCUS, NEVER
from experiments.synthesis.gradient.vertices import Fields, Schedule, State, Task
from experiments.synthesis.gradient.walk import Settings, Walk
from experiments.synthesis.language import NOTHING
from experiments.synthesis.search import Budget, Exhausted, Outcome, Problem


class Searcher(ABC):
    """Goes from draw to draw on each core, and says when one of them is right."""

    chunk: int
    """Executions of about a tenth of a second on two cores."""

    @property
    @abstractmethod
    def begun(self) -> int:
        """Descents or chains, so far."""

    @abstractmethod
    def go(self, executions: int) -> int:
        """Go on for about so many executions, an equal part on each core; one whose draw is right ends there. Returns how many
        were counted."""

    @abstractmethod
    def found(self) -> np.ndarray | None:
        """A code `[L, 5]` of the problem's space that is right on all examples, if a draw is and has room there."""

    @abstractmethod
    def row(self) -> dict:
        """What the first core's draw is like, to plot: temperature, loss, wrong bits of an example."""

    def search(self, budget: Budget) -> Outcome:
        """Go on until a draw is right or the budget has ended."""
        trace: list[dict] = []
        code = None
        try:
            while code is None:
                budget.check()
                budget.spent += self.go(int(min(self.chunk, budget.evaluations - budget.spent)) + 1)
                code = self.found()
                trace.append({"evaluations": budget.spent, **self.row()})
        except Exhausted:
            pass
        return Outcome(code, self.begun, trace=trace)


def _on_each(count: int, go: Callable[[int], int]) -> int:
    """The sum of what `go(0)` … `go(count - 1)` return, beside one another."""
    return sum(cores.share(lambda part: go(part.start), count, count))


class _Frames(Searcher):
    """Of draws from a frame, a state for each core."""

    chunk = 2_000_000

    def __init__(self, problem: Problem, rng: np.random.Generator, slots: int, focus: Sequence[float]) -> None:
        self.frame = Frame(problem, slots)
        self.task = _task(self.frame, focus)
        self.states = [_state(self.frame, rng) for _ in range(cores.threads())]
        self.seen = np.zeros((len(self.states), 3))

    @property
    def begun(self) -> int:
        return sum(int(state.progress[vertices.DESCENTS]) for state in self.states)

    def choices(self) -> list[tuple[Choice, float]]:
        """The draw of each core, and its wrong bits, or cost, of an example of those that it last ran on."""
        return [(Choice(*(x[None] for x in s.drawn)), seen[1]) for s, seen in zip(self.states, self.seen, strict=True)]

    def found(self) -> np.ndarray | None:
        right = (choice for (choice, _), seen in zip(self.choices(), self.seen, strict=True) if seen[2])
        codes = (self.frame.read_off(choice) for choice in right)
        return next((code for code in codes if code is not None), None)

    def row(self) -> dict:
        temperature, wrong, _ = self.seen[0].tolist()
        return {"temperature": temperature, "loss": wrong, "wrong_bits": wrong}


def _task(frame: Frame, focus: Sequence[float]) -> Task:
    """The problem of a frame as compiled code takes it."""
    functions = np.array([isa.NUMBER[name] for name in frame.operations])
    selectors = [np.where(readable, 0, NEVER).astype(np.float32) for readable in frame.readable()]
    selectors[1] += frame.likely().astype(np.float32)
    prior = Fields(np.zeros((frame.slots, len(functions)), np.float32), *selectors)
    wanted = np.ascontiguousarray(frame.problem.examples.outputs, np.uint32)
    return Task(functions, prior, frame.start(), wanted, np.array(focus, np.float64))


def _state(frame: Frame, rng: np.random.Generator) -> State:
    """A state before the first descent."""
    slots, outputs, registers = frame.slots, len(frame.problem.examples.targets), frame.registers
    widths = (slots, len(frame.operations)), (slots, registers), (slots, registers), (outputs, registers)
    logits, scores = (Fields(*(np.zeros(shape, np.float32) for shape in widths)) for _ in range(2))
    drawn, before = (Fields(*(np.zeros(rows, np.int64) for rows, _ in widths)) for _ in range(2))
    return State(
        seeded(rng), logits, scores, drawn, before, np.zeros(1), np.zeros(2, np.int64),
        rng.permutation(len(frame.problem.examples)), np.ones(WORD_BITS, np.float32), np.zeros(registers, np.uint32),
        np.zeros((registers, WORD_BITS), np.float32), np.zeros(WORD_BITS, np.float32), np.zeros((8, 16), np.float32),
    )  # fmt: skip


class StraightDescents(_Frames):
    """Of straight-line programs on registers, in the form of `frame.py` (`vertices.py`).

    slots: of a program. focus: see `vertices.Task`. settings: of `vertices.Schedule`.
    """

    def __init__(
        self, problem: Problem, rng: np.random.Generator, slots: int = 16,
        focus: Sequence[float] = FOCUS, **settings: Any,
    ) -> None:  # fmt: skip
        super().__init__(problem, rng, slots, focus)
        schedule = Schedule(**settings)
        self.schedule = schedule._replace(batch=min(schedule.batch, len(problem.examples)))

    def go(self, executions: int) -> int:
        each = executions // len(self.states) + 1

        def work(k: int) -> int:
            return vertices.descend(self.states[k], self.task, self.schedule, each, self.seen[k])

        return _on_each(len(self.states), work)


class Walks(_Frames):
    """Markov chains over programs of that form (`walk.py`). slots: of a program. settings: of `walk.Settings`."""

    def __init__(self, problem: Problem, rng: np.random.Generator, slots: int = 16, **settings: Any) -> None:
        super().__init__(problem, rng, slots, focus=(0.0,))
        made = Settings(**settings)
        self.settings = made._replace(examples=min(made.examples, len(problem.examples)))
        self.chains = [
            Walk(np.zeros(slots, np.bool_), np.array([self.settings.examples]), np.ones(1, np.bool_))
            for _ in self.states
        ]

    def go(self, executions: int) -> int:
        each = executions // len(self.states) + 1

        def work(k: int) -> int:
            return walk.walk(self.states[k], self.task, self.chains[k], self.settings, each, self.seen[k])

        return _on_each(len(self.states), work)


class BranchingDescents(Searcher):
    """Of programs with branches and memory, as the space has them (`paths.py`). settings: of `menu.Knobs`."""

    chunk = 8_000_000

    def __init__(self, problem: Problem, rng: np.random.Generator, **settings: Any) -> None:
        self.knobs, self.evaluator = Knobs(**settings), Evaluator(problem.examples)
        self.lanes = [Lane(problem, self.evaluator, rng, self.knobs) for _ in range(cores.threads())]

    @property
    def begun(self) -> int:
        return sum(int(lane.progress[paths.DESCENTS]) for lane in self.lanes)

    def go(self, executions: int) -> int:
        each = executions // len(self.lanes) + 1
        return _on_each(len(self.lanes), lambda k: self.lanes[k].go(each))

    def found(self) -> np.ndarray | None:
        return next((unpack(lane.packed[None])[0] for lane in self.lanes if lane.seen[1]), None)

    def row(self) -> dict:
        """The loss counts more for what is wrong at all. What it takes to count bits is not charged: no search uses it."""
        lane = self.lanes[0]
        distance = self.evaluator.score(unpack(lane.packed[None])).distance[0]
        return {
            "temperature": self.knobs.temperature, "loss": float(lane.seen[0]),
            "wrong_bits": distance / len(self.evaluator),
        }  # fmt: skip


class Lane:
    """The state of one core's descents; `paths.descend` says what its parts are."""

    def __init__(self, problem: Problem, evaluator: Evaluator, rng: np.random.Generator, knobs: Knobs) -> None:
        space, cases = problem.space, evaluator.cases
        tables = Tables.of(menu.words(space))
        prior = menu.prior(space, tables, knobs.temperature)
        logits = menu.Logits(*(field.copy() for field in prior))
        self.packed = pack(np.array([[NOTHING] * space.length], np.int32))[0]
        self.progress, self.seen, self.knobs = np.zeros(2, np.int64), np.zeros(2), knobs
        drawn, order = np.zeros((space.length, paths.FIELDS), np.int32), rng.permutation(len(evaluator))
        self.state = seeded(rng), logits, prior, drawn, self.packed, self.progress, order
        self.fixed = tables.arguments(), menu.jumps(space), cases.arguments(), scratch(space.length, cases)[1:]
        losses = np.zeros(min(knobs.batch, len(evaluator)))
        self.room = Guide.of(menu.words(space), tables, cases), menu.scores(logits), losses

    def go(self, executions: int) -> int:
        return paths.descend(*self.state, *self.fixed, *self.room, executions, self.knobs, self.seen)
