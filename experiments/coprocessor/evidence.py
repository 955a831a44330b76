"""One arm with one seed: trained, asked, and its rows of every table."""

import json
import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
import torch
from filelock import FileLock

from backends.core import caches, sources
from backends.torch_neural.units import one_thread
from experiments.coprocessor import alu, evaluation, statistics, tasks, templates, text, training
from experiments.coprocessor.arms import ARMS, Arm
from experiments.coprocessor.batches import batch
from experiments.coprocessor.evaluation import Outcome
from experiments.coprocessor.schema import TABLES
from experiments.coprocessor.system import System
from experiments.coprocessor.tasks import LONGEST, LONGEST_TRAINED, OPERATIONS, Problem
from experiments.coprocessor.training import Diverged, Schedule, Trained
from experiments.coprocessor.transformer import Size, Transformer

DEPENDS_ON = ("experiments/coprocessor/base.safetensors",)
BASE_STEPS = {64: 2000, 128: 1000, 256: 400}
"""By the width of the model."""
OF_AN_ARM = ("runs", "accuracy", "compliance", "chained", "curves", "pointers")
_CURVE = 10
MANY = "pointer_full"
_SHOWN = (
    ("add", 37, 4805, "37+4805=", (1, 6)),
    ("subtract", 412, 96, "On day 7 a shop has 412 cups and sells 96. How many are left? A:", (22, 40)),
)
"""Prompts over which pointers are drawn: operation, operands, prompt, and where the operands end."""


@dataclass(frozen=True)
class Asked:
    """lengths: of operands. signs, words: problems of each operation and length. chained: lengths of numbers longer than a
    word; long: problems of each. many: problems of each operation and length beyond training, of the arm MANY."""

    lengths: tuple[int, ...]
    signs: int
    words: int
    chained: tuple[int, ...]
    long: int
    many: int = 0


def base(size: Size) -> Transformer:
    """The committed base of the small size; others are trained once, with the same seed, and kept."""
    if size == Size():
        return training.load()
    made_of = sources.digest([training.__name__])[:12], text.checksum()[:12], BASE_STEPS[size.width]
    file = caches.folder("coprocessor") / "-".join(map(str, ("base", size.width, size.depth, *made_of))) / "base.safetensors"
    file.parent.mkdir(exist_ok=True)
    with FileLock(file.with_suffix(".lock")):
        if not file.is_file():
            training.save(training.base(size, 0, BASE_STEPS[size.width]), file.with_suffix(".part"))
            os.replace(file.with_suffix(".part"), file)
    return training.load(file)


def arm(name: str, size: Size, seed: int, schedule: Schedule, asked: Asked, device: str = "cpu") -> pd.DataFrame:
    """Rows of several tables, folded: the table's name and the row as JSON."""
    with one_thread(), torch.device(device):
        return _arm(name, size, seed, schedule, asked)


def _arm(name: str, size: Size, seed: int, schedule: Schedule, asked: Asked) -> pd.DataFrame:
    chosen, untouched, begun = ARMS[name], base(size), time.process_time()
    before, _ = evaluation.on_text(System(untouched, ARMS["untouched"], torch.Generator()))
    key = {"arm": name, "width": size.width, "depth": size.depth, "seed": seed}
    try:
        trained = training.train(chosen, untouched, seed, schedule)
    except Diverged as stopped:
        return _folded((table, key | row) for table, row in _lost(stopped, chosen, asked, before, time.process_time() - begun))
    spent = time.process_time() - begun
    return _folded((table, key | row) for table, row in _rows(chosen, trained, asked, before, spent))


def _folded(rows) -> pd.DataFrame:
    return pd.DataFrame([(table, json.dumps(row)) for table, row in rows], columns=["table", "row"])


def unfolded(name: str, every: pd.DataFrame) -> pd.DataFrame:
    """One table of all folded rows."""
    return TABLES[name].frame([json.loads(row) for row in every[every["table"] == name]["row"]])


def _rows(chosen: Arm, trained: Trained, asked: Asked, before: float, spent: float) -> Iterator[tuple[str, dict]]:
    system, losses = trained.system, trained.losses
    system.eval()
    operate = alu.Networks()
    gates: list[torch.Tensor] = []
    for form, operation, length, problems in _sets(asked, chosen.name):
        found = evaluation.outcomes(system, problems, evaluation.exact(operate))
        gates.append(found.gate)
        yield "accuracy", {"form": form, "operation": operation, "length": length} | _counted(found)
    if system.pointer is not None:
        yield from _compliance(system, asked, operate)
        yield from _pointers(system)
        if chosen.alu == "real":
            yield from _chained(system, asked, operate)
    for last in range(_CURVE, len(losses) + 1, _CURVE):
        yield "curves", {"step": last, "loss": sum(losses[last - _CURVE : last]) / _CURVE}
    nats, opened = evaluation.on_text(system)
    yield "runs", {
        "ended": trained.ended, "steps": len(losses), "loss": sum(losses[-_CURVE:]) / _CURVE if losses else None,
        "parameters": sum(p.numel() for p in system.parameters() if p.requires_grad) if losses else 0, "nats_before": before,
        "nats": nats if _bounded(chosen) else None, "false_gates": opened if system.pointer is not None else None,
        "gate_bits": _entropy(torch.cat(gates)) if system.pointer is not None else None,
        "flops_token": evaluation.flops(system, tasks.problems_of_test("add", LONGEST_TRAINED, 8, 0)),
        "text": text.checksum()[:12], "time_s": spent,
    }  # fmt: skip


def _lost(stopped: Diverged, chosen: Arm, asked: Asked, before: float, spent: float) -> Iterator[tuple[str, dict]]:
    """A run that diverged has nothing right."""
    counts = {"right": 0, "operands": 0, "operations": 0, "opened": 0, "outcomes": "0"}
    for form, operation, length, problems in _sets(asked, chosen.name):
        yield "accuracy", {"form": form, "operation": operation, "length": length, "problems": len(problems)} | counts
    yield "runs", {
        "ended": f"not a number at step {stopped.step}", "steps": stopped.step, "parameters": 0, "nats_before": before,
        "text": text.checksum()[:12], "time_s": spent,
    }  # fmt: skip


def _sets(asked: Asked, arm: str) -> Iterator[tuple[str, str, int, list[Problem]]]:
    for operation in OPERATIONS:
        for length in asked.lengths:
            count = asked.many if arm == MANY and asked.many and length > LONGEST_TRAINED else asked.signs
            yield "signs", operation, length, tasks.problems_of_test(operation, length, count, 0)
    for form, known in (("words", templates.TRAINING), ("held-out words", templates.HELD_OUT)):
        for operation, some in known.items():
            yield form, operation, LONGEST_TRAINED, tasks.problems_of_test(operation, LONGEST_TRAINED, asked.words, 0, some)


def _counted(found: Outcome) -> dict[str, object]:
    return {
        "problems": len(found.right), "right": int(found.right.sum()), "operands": int(found.operands.sum()),
        "operations": int(found.operation.sum()), "opened": int(found.opened.sum()),
        "outcomes": statistics.packed(found.right.tolist()),
    }  # fmt: skip


def _compliance(system: System, asked: Asked, operate: alu.Operate) -> Iterator[tuple[str, dict]]:
    for operation in evaluation.EXCHANGED:
        count = max(1, asked.signs // 4)
        every = (p for length in range(1, LONGEST + 1) for p in tasks.problems_of_test(operation, length, count, 1))
        problems = [p for p in every if p.b]  # a + 0 is a - 0
        followed = int(evaluation.follows(system, problems, operate).sum())
        kept = int(evaluation.outcomes(system, problems, evaluation.exact(operate, exchanged=True)).right.sum())
        yield "compliance", {"operation": operation, "problems": len(problems), "followed": followed, "kept": kept}


def _chained(system: System, asked: Asked, operate: alu.Operate) -> Iterator[tuple[str, dict]]:
    for operation in ("add", "subtract", "compare"):
        for length in asked.chained:
            rng = random.Random(f"chained {operation} {length}")
            pairs = [tasks.operands(rng, operation, (length, length), None) for _ in range(asked.long)]
            right = evaluation.chained(system, [tasks.in_signs(operation, a, b) for a, b in pairs], operate)
            yield "chained", {"operation": operation, "length": length, "problems": asked.long, "right": int(right.sum())}


@torch.no_grad()
def _pointers(system: System) -> Iterator[tuple[str, dict]]:
    for k, (operation, a, b, prompt, ends) in enumerate(_SHOWN):
        one = batch([Problem(operation, a, b, "shown", prompt, ends)])
        reading = system.answer(one).reading
        assert reading is not None
        for position, token in enumerate(prompt):
            weights = {"a": float(reading.a[0, position]), "b": float(reading.b[0, position])}
            yield "pointers", {"prompt": k, "position": position, "token": token.replace(" ", "_")} | weights


def _bounded(arm: Arm) -> bool:
    """Whether `System.on_text` is a bound of what the arm loses on text."""
    return arm.output == "mixture" and arm.gate != "hard_concrete"


def _entropy(gate: torch.Tensor) -> float:
    g = gate.clamp(1e-9, 1 - 1e-9)
    return float(-(g * g.log2() + (1 - g) * (1 - g).log2()).mean())
