"""The pointer ALU inside a model of Hugging Face: `inject(model, tokenizer)`, then `generate` as ever.

Hooks read the embeddings and the last hidden states and change the logits. Where no gate opens, the logits are the model's own,
bit for bit. With a key-value cache the features of earlier tokens are kept here, so generation with and without it agrees, one
text after another. Beams, which reorder a cache, are not followed.
"""

import json
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from backends.interface import UserError
from experiments.coprocessor import alphabet, alu, reading
from experiments.coprocessor.arms import Arm
from experiments.coprocessor.gates import GATES
from experiments.coprocessor.hugging_face import Adapted, Tokens
from experiments.coprocessor.pointer import PointerAlu
from experiments.coprocessor.system import System
from experiments.coprocessor.tasks import LONGEST, OPERATIONS

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_WEIGHTS, _OPTIONS = "coprocessor.safetensors", "coprocessor.json"


class Injection:
    """What was put into a model. pointer: readable, with its gates. written: after a call, of each row, the (position, gate,
    token) of what the ALU wrote into the last logits."""

    def __init__(self, model: "PreTrainedModel", tokens: Tokens, pointer: PointerAlu, operate: alu.Operate) -> None:
        self.model, self.tokens, self.pointer, self.operate = model, tokens, pointer, operate
        self.written: list[list[tuple[int, float, int]]] = []
        self._ids: torch.Tensor | None = None
        self._features: torch.Tensor | None = None
        self._cache: Any = None
        pointer.eval()
        self._handles = [
            model.base_model.register_forward_pre_hook(self._begin, with_kwargs=True),
            model.base_model.register_forward_hook(self._keep, with_kwargs=True),
            model.get_output_embeddings().register_forward_hook(self._write),
        ]

    def remove(self) -> None:
        """The model is as before."""
        for handle in self._handles:
            handle.remove()

    def _begin(self, backbone: nn.Module, args: tuple, kwargs: Mapping[str, Any]) -> None:
        cache = kwargs.get("cache", kwargs.get("past_key_values"))  # the name depends on the version of transformers
        length = 0 if cache is None else cache.get_seq_length()
        if length == 0:
            self._ids, self._features, self._cache = None, None, cache
        elif self._ids is None or length != self._ids.shape[1] or cache is not self._cache:
            raise UserError("a cache that the coprocessor has not seen from its beginning: generate one text after another")

    def _keep(self, backbone: nn.Module, args: tuple, kwargs: Mapping[str, Any], output: Any) -> None:
        ids = kwargs.get("input_ids", args[0] if args else None)
        if ids is None:
            raise UserError("inputs_embeds without input_ids: the coprocessor reads digits off tokens")
        mask = kwargs.get("attention_mask")
        if isinstance(mask, torch.Tensor) and mask.ndim == 2 and not mask.all():
            raise UserError(
                "rows of different lengths in one batch: padding moves the places of digits; generate one at a time"
            )
        made = self.pointer.features(self.model.get_input_embeddings()(ids), output[0])
        begun = self._ids is not None and self._features is not None
        self._ids = torch.cat((self._ids, ids), 1) if begun else ids
        self._features = torch.cat((self._features, made), 1) if begun else made

    def _write(self, head: nn.Module, args: tuple, logits: torch.Tensor) -> torch.Tensor:
        assert self._ids is not None and self._features is not None
        before = self._ids.shape[1] - logits.shape[1]
        self.written = [self._row(ids, features) for ids, features in zip(self._ids, self._features, strict=True)]
        changed = logits
        for row, some in enumerate(self.written):
            for position, gate, token in some:
                if position >= before:
                    changed = logits.clone() if changed is logits else changed
                    mixed = (1 - gate) * logits[row, position - before].float().softmax(-1)
                    mixed[token] += gate
                    changed[row, position - before] = mixed.log().to(logits)
        return changed

    @torch.no_grad()
    def _row(self, ids: torch.Tensor, features: torch.Tensor) -> list[tuple[int, float, int]]:
        """What the ALU writes into one row: from each position at which a gate opens, as long as the tokens follow it; of two
        that write at one place the later one."""
        found: dict[int, tuple[float, int]] = {}
        for start in torch.nonzero(self.pointer.scores(features) > 0)[:, 0].tolist():
            gate, tokens = self.answer(ids, features, start)
            for k, token in enumerate(tokens[: len(ids) - start]):
                if ids[start + 1 : start + 1 + k].tolist() != tokens[:k]:
                    break
                found[start + k] = gate, token
        return [(position, *written) for position, written in sorted(found.items())]

    def answer(self, ids: torch.Tensor, features: torch.Tensor, start: int) -> tuple[float, list[int]]:
        """The gate, and the tokens that the ALU writes behind a position; none where the pointers mean no numbers."""
        read = self.pointer.read(features[None], torch.tensor([start]))
        digits = alphabet.digits(self.tokens, ids[None])
        operation = self.pointer.operations[int(read.operation.argmax())]
        a, b = (int(w[0].argmax()) for w in (read.a, read.b))
        if min(digits[0, a], digits[0, b]) < 0:
            return 0.0, []
        lengths = reading.lengths(digits)[0]
        numbers = [int("".join(str(int(d)) for d in digits[0, end + 1 - lengths[end] : end + 1])) for end in (a, b)]
        return float(self.pointer.opened(read)), self._tokens_of(operation, *numbers)

    def _tokens_of(self, operation: str, a: int, b: int) -> list[int]:
        if operation in ("divide", "remainder") and b == 0:
            return []
        try:
            value = np.array([alu.chained(self.operate, operation, a, b)], dtype=object)
        except UserError as refused:  # a long number in a text is no reason to stop writing it
            warnings.warn(f"{refused}; the model answers alone", stacklevel=2)
            return []
        return self.tokens.symbols[alu.symbols(operation, value)[0]].tolist()


def inject(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    pointer: PointerAlu | None = None,
    operate: alu.Operate | None = None,
) -> Injection:
    """Put a pointer ALU into a causal language model.

    pointer: a trained one; without, an untrained one. operate: the ALU, without it the certified networks of `torch_neural`.
    Raises UserError for a model without the layers, and for a tokenizer that joins digits.
    """
    adapted = Adapted(model)
    made = pointer or PointerAlu(adapted.size.width, tuple(OPERATIONS), places=LONGEST)
    return Injection(model, Tokens(tokenizer), made, operate or alu.Networks())


def system(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase", chosen: Arm) -> System:
    """To be evaluated as the suite's own model is."""
    return System(Adapted(model), chosen, torch.Generator().manual_seed(0), Tokens(tokenizer))


def save(trained: System, tokenizer: "PreTrainedTokenizerBase", folder: Path) -> None:
    """The model with every layer that was trained, the tokenizer, and the coprocessor beside them. Raises UserError for an arm
    whose coprocessor is more than its pointer."""
    assert trained.pointer is not None and isinstance(trained.base, Adapted)
    if trained.arm.output != "mixture" or trained.random is not None:
        raise UserError(f"{trained.arm.name}: what it puts into the model is more than a pointer, and is not kept")
    trained.base.model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    save_file(trained.pointer.state_dict(), folder / _WEIGHTS)
    (folder / _OPTIONS).write_text(json.dumps(asdict(trained.arm)) + "\n", encoding="utf-8")


def arm(folder: Path) -> Arm:
    """The arm that `save` left. Raises UserError where there is none, or what is there is none."""
    file = folder / _OPTIONS
    if not file.is_file():
        raise UserError(f"{file} is not there: python -m experiments.coprocessor train leaves it")
    try:
        return Arm(**json.loads(file.read_text(encoding="utf-8")))
    except (TypeError, ValueError) as error:
        raise UserError(f"{file}: {error}") from None


def load(folder: Path, width: int) -> PointerAlu:
    """The coprocessor that `save` left. Raises UserError where there is none, or it is of another architecture."""
    gate, file = arm(folder).gate, folder / _WEIGHTS
    if gate not in GATES:
        raise UserError(f"{folder / _OPTIONS}: no gate is called '{gate}': one of {', '.join(GATES)}")
    pointer = PointerAlu(width, tuple(OPERATIONS), gate, LONGEST)
    try:
        pointer.load_state_dict(load_file(file))
    except FileNotFoundError:
        raise UserError(f"{file} is not there: python -m experiments.coprocessor train leaves it") from None
    except SafetensorError as error:
        raise UserError(f"{file} is damaged: {error}") from None
    except RuntimeError as error:
        raise UserError(f"{file} is of another architecture: {str(error).splitlines()[-1].strip()}") from None
    return pointer.eval()
