"""A language model with what an arm puts into it, its loss on problems and text, and what it answers."""

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from experiments.coprocessor import straight_through
from experiments.coprocessor.alphabet import ASCII, SYMBOLS, Vocabulary
from experiments.coprocessor.arms import Arm
from experiments.coprocessor.batches import Batch
from experiments.coprocessor.pointer import (
    Joint,
    Operands,
    PointerAlu,
    Reading,
    by_likeliest,
    by_pairs,
    carry_or_pairs,
    following,
)
from experiments.coprocessor.replica import Expert, Mixed, Wider
from experiments.coprocessor.tasks import LONGEST, OPERATIONS
from experiments.coprocessor.transformer import LanguageModel

_LEAST = 1e-6
_LOGITS = 20.0
_STEPS = 24
"""Symbols of an answer, at most, that the frozen random network has outputs for."""
_JOINTS: dict[str, Joint] = {"carries": carry_or_pairs, "pairs": by_pairs, "straight_through": by_likeliest}
"""How the ALU computes in training, by the arm's path."""


class RandomAlu(nn.Module):
    """A frozen random network in the ALU's place: digits and operation in, symbols out."""

    def __init__(self, places: int, operations: int) -> None:
        super().__init__()
        inputs = 20 * places + operations
        self.layers = nn.Sequential(nn.Linear(inputs, 256), nn.Tanh(), nn.Linear(256, _STEPS * len(SYMBOLS)))
        nn.init.normal_(self.layers[2].weight, std=0.5)
        self.requires_grad_(False)

    def forward(self, operands: Operands, chosen: torch.Tensor, steps: int) -> torch.Tensor:
        inputs = torch.cat((operands.a.flatten(1), operands.b.flatten(1), chosen), 1)
        return self.layers(inputs).view(len(chosen), _STEPS, -1)[:, :steps].softmax(-1)


@dataclass(frozen=True)
class Answered:
    """probabilities: `[N, S, 128]` of each token of the answer, given those before it. alu: `[N, S]`, what the ALU alone gives
    the right symbol. gate: `[N]`. reading, operands: of the pointers. scores: `[N, T]`, of the gate everywhere."""

    probabilities: torch.Tensor
    alu: torch.Tensor | None = None
    gate: torch.Tensor | None = None
    reading: Reading | None = None
    operands: Operands | None = None
    scores: torch.Tensor | None = None


class System(nn.Module):
    """base: changed in place. generator: of what an arm draws at random in training."""

    def __init__(self, base: LanguageModel, arm: Arm, generator: torch.Generator, vocabulary: Vocabulary = ASCII) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.tokens: torch.Tensor
        self.register_buffer("tokens", vocabulary.symbols.to(base.head.weight.device), persistent=False)
        self.base, self.arm, self.generator, width = base, arm, generator, base.size.width
        pointer = PointerAlu(width, tuple(OPERATIONS), arm.gate, LONGEST)
        self.pointer = pointer if arm.mechanism == "pointer" else None
        self.random = RandomAlu(LONGEST, len(OPERATIONS)) if arm.alu == "random" else None
        self.symbols = nn.Parameter(base.head.weight[self.tokens].detach().clone()) if arm.output == "residual" else None
        self._train_some()
        block = base.blocks[-1]
        if arm.mechanism == "replica":
            block.mlp = Mixed(block.mlp, Expert(width, arm.alu, arm.capped, arm.normalised))
        elif arm.mechanism == "mlp":
            block.mlp = Wider(block.mlp, width, sum(p.numel() for p in pointer.parameters()))

    def _train_some(self) -> None:
        if self.arm.trained != "all":
            self.base.requires_grad_(False)
        if self.arm.trained == "last":
            for part in (self.base.blocks[-1], self.base.norm, self.base.head):
                part.requires_grad_(True)

    def answer(self, batch: Batch, first: torch.Tensor | int = 0, joint: Joint | None = None) -> Answered:
        """joint: how the ALU computes, if not as in training."""
        embedded, hidden = self.base.hidden(batch.tokens, first)
        rows = hidden[torch.arange(len(hidden))[:, None], batch.answered]
        if self.pointer is None:
            return Answered(self.base.head(rows).float().softmax(-1))
        features = self.pointer.features(embedded, hidden)
        found = self._given(self.pointer.read(features, batch.start), batch)
        operands = Operands.of(found, batch.digits, self.pointer.places)
        if self.arm.alu == "others":
            operands = operands.of_others()
        symbols = self._following(operands, found, batch, joint)
        gate = torch.ones_like(found.score) if self.arm.oracle != "none" else self.pointer.opened(found)
        right = symbols.gather(2, batch.answer[..., None])[..., 0]
        mixed = self.mixed(rows, symbols, gate[:, None, None])
        return Answered(mixed, right, gate, found, operands, self.pointer.scores(features))

    def mixed(self, rows: torch.Tensor, symbols: torch.Tensor, gate: torch.Tensor) -> torch.Tensor:
        """Probabilities `[…, 128]` from last hidden states `[…, width]`, the ALU's symbols `[…, 15]` and a gate `[…, 1]`."""
        if self.symbols is not None:
            return self.base.head((rows + gate * symbols @ self.symbols).to(rows)).float().softmax(-1)
        logits = self.base.head(rows).float()
        tokens = symbols @ functional.one_hot(self.tokens, logits.shape[-1]).to(symbols)
        if self.arm.output == "logits":
            return (logits + _LOGITS * gate * tokens).softmax(-1)
        written = gate * tokens
        return written + (1 - written.sum(-1, keepdim=True)) * logits.softmax(-1)

    def _given(self, found: Reading, batch: Batch) -> Reading:
        """With what an oracle tells in place of what was read."""
        if self.arm.oracle == "none":
            return found
        operation = functional.one_hot(batch.operation, len(OPERATIONS)).to(found.a)
        opened = torch.full_like(found.score, torch.inf)
        if self.arm.oracle == "routing":
            return Reading(found.a, found.b, operation, opened)
        a, b = functional.one_hot(batch.ends, batch.tokens.shape[1]).to(found.a).unbind(1)
        return Reading(a, b, operation, opened)

    def _following(self, operands: Operands, found: Reading, batch: Batch, joint: Joint | None) -> torch.Tensor:
        chosen = found.operation
        if self.random is not None:
            return self.random(operands, chosen, batch.answer.shape[1])
        if self.arm.alu == "permuted":
            order = torch.rand(chosen.shape, generator=self.generator, device="cpu").argsort(1).to(chosen.device)
            chosen = chosen.gather(1, order)
        symbols = following(operands, tuple(OPERATIONS), chosen, batch.answer, joint or _JOINTS[self.arm.path])
        return torch.zeros_like(symbols) if self.arm.alu == "zero" else symbols

    def loss(self, batch: Batch, first: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Nats a symbol of the answers; and what else is asked: that the gate is closed everywhere else, and that the ALU
        explains the answers."""
        found, count = self.answer(batch, first), batch.counted.sum()
        chances = found.probabilities.gather(2, self.tokens[batch.answer][..., None])[..., 0]
        answers = -((chances + _LEAST).log() * batch.counted).sum() / count
        if found.alu is None or found.scores is None:
            return answers, torch.zeros(())
        elsewhere = batch.prompted & (torch.arange(batch.tokens.shape[1]) != batch.start[:, None])
        closed = (functional.softplus(found.scores) * elsewhere).sum() / elsewhere.sum()
        return answers, closed + self._explained(found, batch) + self._told(found, batch)

    def _explained(self, found: Answered, batch: Batch) -> torch.Tensor:
        """What the ALU alone lacks to give the answer, so that it learns before the gate opens."""
        assert found.alu is not None and found.operands is not None and found.reading is not None
        if self.arm.path != "straight_through":
            return -((found.alu + _LEAST).log() * batch.counted).sum() / batch.counted.sum()
        candidates = found.operands.candidates
        every = torch.stack([straight_through.errors(name, *candidates, batch.answer) for name in OPERATIONS], 1)
        return (found.reading.operation * every).sum(1).mean()

    def _told(self, found: Answered, batch: Batch) -> torch.Tensor:
        """The loss of pointers and operation where they are told."""
        assert found.reading is not None
        told = batch.labelled if self.arm.signal == "few" else torch.full_like(batch.labelled, self.arm.signal == "full")
        reading, rows = found.reading, torch.arange(len(told))
        right = (
            reading.a[rows, batch.ends[:, 0]], reading.b[rows, batch.ends[:, 1]], reading.operation[rows, batch.operation],
        )  # fmt: skip
        return -sum(((p + _LEAST).log() * told).sum() for p in right) / told.sum().clamp(min=1)

    def on_text(self, tokens: torch.Tensor, first: torch.Tensor | int = 0) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Nats a token, and the scores of the gate, `[N, T - 1]` each. At most, of a mixture whose gate is no more than its
        score's sigmoid, since what a gate that opens by mistake gives the right token is not counted."""
        embedded, hidden = self.base.hidden(tokens[:, :-1], first)
        loss = functional.cross_entropy(self.base.head(hidden).float().transpose(1, 2), tokens[:, 1:], reduction="none")
        if self.pointer is None:
            return loss, None
        scores = self.pointer.scores(self.pointer.features(embedded, hidden))
        return loss + functional.softplus(scores), scores
