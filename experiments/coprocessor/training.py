"""Training: the base on text and problems, and an arm from a base to a plateau.

A plateau is reached when the mean loss on the answers over a window of steps differs from that of the window before by less
than a share that is stated, after three windows at least. Then, or after the most steps, the learning rate falls to nothing
over one more window.
"""

import random
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch.nn import functional

from backends.interface import UserError
from experiments.coprocessor import tasks, text
from experiments.coprocessor.alphabet import ASCII, Vocabulary
from experiments.coprocessor.arms import Arm
from experiments.coprocessor.batches import Batch, batch
from experiments.coprocessor.system import System
from experiments.coprocessor.transformer import LanguageModel, Size, Transformer

OnStep = Callable[[int], None]
"""Called after each step with its number."""
BASE = Path(__file__).with_name("base.safetensors")
CLIP, BASE_RATE = 1.0, 2e-3


@dataclass(frozen=True)
class Schedule:
    """most: steps, at most. window: of the plateau; least: the share by which the loss has to change. problems, words: of a
    step, and the share in words. texts, length: of the running text in a step."""

    most: int
    window: int = 50
    least: float = 0.02
    problems: int = 48
    words: float = 0.5
    texts: int = 4
    length: int = 64


def _nothing(step: int) -> None:
    pass


class Diverged(Exception):
    """A loss that is not a number."""

    def __init__(self, arm: str, step: int) -> None:
        super().__init__(f"{arm}: the loss is not a number at step {step}")
        self.step = step


@dataclass
class Trained:
    """ended: `plateau`, `most steps` or `untrained`. losses: one a step."""

    system: System
    ended: str = "untrained"
    losses: list[float] = field(default_factory=list)


def base(size: Size, seed: int, steps: int, on_step: OnStep = _nothing) -> Transformer:
    """A language model of running text and of problems of training with their answers, from scratch."""
    torch.manual_seed(seed)
    model, source = (
        Transformer(size),
        _Source(f"base {seed}", Schedule(steps, problems=32, texts=16, length=128), size.positions),
    )
    optimizer = torch.optim.AdamW([{"params": list(model.parameters()), "lr": BASE_RATE, "most": BASE_RATE}])
    for step in range(steps):
        _set_rate(optimizer, min(1, (step + 1) / 100) * (1 - step / steps))
        problems, words = source.problems(), source.texts()
        everything = _next_loss(model, problems.tokens, source.first(problems.tokens), problems.prompted[:, 1:])
        loss = everything + _next_loss(model, words, source.first(words))
        _step(optimizer, loss)
        on_step(step)
    return model


def save(model: Transformer, file: Path) -> None:
    own = {k: v.contiguous() for k, v in model.state_dict().items() if k != "head.weight"}
    save_file(own, file, {k: str(v) for k, v in vars(model.size).items()})


def load(file: Path = BASE) -> Transformer:
    """A base from its file. Raises UserError where it is missing, or of another architecture."""
    if not file.is_file():
        raise UserError(f"{file} is not there: make coprocessor-base trains it")
    try:
        with safe_open(file, "pt") as opened:
            made = opened.metadata() or {}
        model = Transformer(Size(**{k: int(v) for k, v in made.items()}))
        weights = load_file(file)
        model.load_state_dict(weights | {"head.weight": weights["embedding.weight"]})
    except (TypeError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise UserError(f"{file} is not a model of this suite: {str(error).splitlines()[0]}") from None
    return model


def train(
    arm: Arm, model: LanguageModel, seed: int, schedule: Schedule, vocabulary: Vocabulary = ASCII, on_step: OnStep = _nothing
) -> Trained:
    """The arm from this base, which is changed in place. Raises Diverged."""
    torch.manual_seed(seed)
    backbone = list(model.parameters())
    trained = Trained(System(model, arm, torch.Generator().manual_seed(seed), vocabulary))
    if not arm.factor:
        return trained
    system, source = trained.system, _Source(f"arm {seed}", schedule, model.size.positions, vocabulary)
    own = {id(p) for p in backbone}
    put_in = [p for p in system.parameters() if p.requires_grad and id(p) not in own]
    groups = ((put_in, arm.rate), ([p for p in backbone if p.requires_grad], arm.backbone))
    optimizer = torch.optim.AdamW([{"params": some, "lr": rate, "most": rate} for some, rate in groups if some])
    for step, share in enumerate(_shares(trained, schedule, arm.factor)):
        _set_rate(optimizer, share)
        problems, words = source.problems(), source.texts()
        answers, rest = system.loss(problems, source.first(problems.tokens))
        loss = answers + rest + system.on_text(words, source.first(words))[0].mean()
        if not torch.isfinite(loss):
            raise Diverged(arm.name, step)
        _step(optimizer, loss)
        trained.losses.append(float(answers.detach()))
        on_step(step)
    return trained


def _shares(trained: Trained, schedule: Schedule, factor: int) -> Iterator[float]:
    """Of each step, what share of the learning rate; until the plateau or the most steps, and the window in which it falls."""
    window, most = schedule.window * factor, schedule.most * factor - schedule.window
    for step in range(most):
        if step >= 3 * window and step % schedule.window == 0:
            before, after = (sum(trained.losses[step - k * window :][:window]) for k in (2, 1))
            if abs(after - before) < schedule.least * before:
                trained.ended = "plateau"
                break
        yield min(1, (step + 1) / 30)
    else:
        trained.ended = "most steps"
    for step in range(schedule.window):
        yield 1 - step / schedule.window


class _Source:
    """What steps are made of, the same for the same seed."""

    def __init__(self, name: str, schedule: Schedule, positions: int, vocabulary: Vocabulary = ASCII) -> None:
        self._rng, self._generator = random.Random(name), torch.Generator().manual_seed(zlib.crc32(name.encode()))
        self._schedule, self._positions, self._vocabulary = schedule, positions, vocabulary

    def problems(self) -> Batch:
        return batch(tasks.training(self._rng, self._schedule.problems, self._schedule.words), self._vocabulary)

    def texts(self) -> torch.Tensor:
        return text.windows(self._generator, self._schedule.texts, self._schedule.length + 1, self._vocabulary)

    def first(self, tokens: torch.Tensor) -> torch.Tensor:
        """A random position of each row's first token."""
        most = self._positions - tokens.shape[1]
        if most < 0:
            raise UserError(
                f"the model has {self._positions} positions, and a prompt {tokens.shape[1]} tokens: take a longer one"
            )
        return torch.randint(most + 1, (len(tokens),), generator=self._generator, device="cpu").to(tokens.device)


def _next_loss(
    model: Transformer, tokens: torch.Tensor, first: torch.Tensor, counted: torch.Tensor | None = None
) -> torch.Tensor:
    logits = model.head(model.hidden(tokens[:, :-1], first)[1])
    loss = functional.cross_entropy(logits.transpose(1, 2), tokens[:, 1:], reduction="none")
    return loss.mean() if counted is None else (loss * counted).sum() / counted.sum()


def _set_rate(optimizer: torch.optim.Optimizer, share: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = share * group["most"]


def _step(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], CLIP)
    optimizer.step()
