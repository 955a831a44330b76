"""Models of Hugging Face as the suite's systems take them: where their layers are, and which token is which.

GPT-2, Llama and Qwen, and what is built like them. `transformers` is an extra: pip install transformers.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from torch import nn

from backends.interface import UserError
from experiments.coprocessor.alphabet import SYMBOLS
from experiments.coprocessor.transformer import Size, Transformer

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_FITS = "GPT-2, Llama, Qwen and their like"
_BLOCKS, _NORMS = ("h", "layers"), ("ln_f", "norm")


class Adapted(nn.Module):
    """A causal language model. Raises UserError where it has not the layers that are needed.

    It has the parts that `transformer.Transformer` has: `hidden`, `head`, `norm`, `blocks` with an `mlp` each, `size`.
    """

    def __init__(self, model: "PreTrainedModel") -> None:
        super().__init__()
        self.model = model
        backbone, config = model.base_model, model.config
        self.blocks, self.norm = _part(backbone, _BLOCKS), _part(backbone, _NORMS)
        self.head, self.embedding = model.get_output_embeddings(), model.get_input_embeddings()
        if self.head is None or not hasattr(self.blocks[-1], "mlp"):
            lacking = "output embeddings" if self.head is None else "an 'mlp' in its blocks"
            raise UserError(f"{type(model).__name__} has no {lacking}: the coprocessor fits {_FITS}")
        self.size = Size(
            config.hidden_size, config.num_hidden_layers, config.num_attention_heads, config.max_position_embeddings
        )

    def hidden(self, tokens: torch.Tensor, first: torch.Tensor | int = 0) -> tuple[torch.Tensor, torch.Tensor]:
        """As `LanguageModel` says."""
        places = (torch.arange(tokens.shape[1]) + torch.as_tensor(first).reshape(-1, 1)).expand(tokens.shape)
        found = self.model.base_model(input_ids=tokens, position_ids=places, use_cache=False)
        return self.embedding(tokens), found.last_hidden_state


def _part(backbone: nn.Module, names: tuple[str, ...]) -> Any:
    for name in names:
        if hasattr(backbone, name):
            return getattr(backbone, name)
    raise UserError(f"{type(backbone).__name__} has no {' or '.join(names)}: the coprocessor fits {_FITS}")


class Tokens:
    """The vocabulary of a tokenizer. Raises UserError where digits are not tokens of their own."""

    def __init__(self, tokenizer: "PreTrainedTokenizerBase") -> None:
        self._tokenizer = tokenizer
        if not tokenizer.is_fast:
            raise UserError("the tokenizer is a slow one, which does not say where its tokens are: load a fast one")
        longer = [len(self.encode(f"={n:02}")[0]) - len(self.encode(f"={n // 10}")[0]) for n in range(100)]
        if set(longer) != {1}:
            raise UserError(
                "the tokenizer joins digits: take a model whose tokenizer splits them, as those of Llama 2 and Qwen do, "
                "or train one with tokenizers.pre_tokenizers.Digits(individual_digits=True)"
            )
        end = tokenizer.eos_token_id
        if end is None:
            raise UserError("the tokenizer has no token for the end: set tokenizer.eos_token")
        singles = [self.encode(f"1{symbol}")[0][-1] for symbol in SYMBOLS[:-1]]
        if len(set(singles)) < len(singles):
            raise UserError(
                "two of the characters 0 to 9, '-', '<', '=', '>' are the same token: the tokenizer does not know them"
            )
        self.size, self.symbols = len(tokenizer), torch.tensor([*singles, end])

    def encode(self, text: str) -> tuple[list[int], list[int]]:
        found = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        places = [0] * len(text)
        for place, (first, last) in enumerate(found["offset_mapping"]):
            places[first:last] = [place] * (last - first)
        return found["input_ids"], places


def needed() -> None:
    """Raises UserError where transformers is not installed."""
    if find_spec("transformers") is None:
        raise UserError("transformers, an extra, is not installed: pip install transformers")


def load(folder: Path) -> tuple["PreTrainedModel", "PreTrainedTokenizerBase"]:
    """A model, in full precision, and its tokenizer from a folder on this machine; nothing is fetched. Raises UserError."""
    needed()
    from transformers import AutoModelForCausalLM, AutoTokenizer

    if not (folder / "config.json").is_file():
        raise UserError(f"{folder}/config.json is not there: name a folder with a model as save_pretrained leaves it")
    try:
        model, told = AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, output_loading_info=True, dtype=torch.float32
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise UserError(
            f"{folder}: its config.json and its weights are not of one model: {str(error).strip().splitlines()[0]}"
        ) from None
    if told["missing_keys"]:
        raise UserError(f"{folder}: its weights lack {sorted(told['missing_keys'])[0]}, which config.json asks for")
    return model, tokenizer


def tokenizer() -> "PreTrainedTokenizerBase":
    """A tokenizer whose tokens are ASCII codes, as the suite's own model has them."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    known = {chr(code): code for code in range(128)}
    made = Tokenizer(models.WordLevel(known, unk_token="?"))
    made.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    made.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=made, eos_token="\n", unk_token="?", clean_up_tokenization_spaces=False)


def exported(model: Transformer) -> "PreTrainedModel":
    """The suite's own model as a GPT-2, the same function."""
    from transformers import GPT2Config, GPT2LMHeadModel

    size = model.size
    config = GPT2Config(
        vocab_size=128, n_positions=size.positions, n_embd=size.width, n_layer=size.depth, n_head=size.heads,
        activation_function="gelu", resid_pdrop=0, embd_pdrop=0, attn_pdrop=0, bos_token_id=10, eos_token_id=10,
    )  # fmt: skip
    made, own = GPT2LMHeadModel(config), model.state_dict()
    names = {"before_attention": "ln_1", "before_mlp": "ln_2", "attention": "attn.c_attn", "out": "attn.c_proj",
             "mlp.0": "mlp.c_fc", "mlp.2": "mlp.c_proj"}  # fmt: skip
    moved = {"transformer.wte.weight": own["embedding.weight"], "transformer.wpe.weight": own["positions.weight"],
             "lm_head.weight": own["embedding.weight"]}  # fmt: skip
    for kind in ("weight", "bias"):
        moved[f"transformer.ln_f.{kind}"] = own[f"norm.{kind}"]
        for k in range(size.depth):
            for ours, theirs in names.items():
                value = own[f"blocks.{k}.{ours}.{kind}"]
                moved[f"transformer.h.{k}.{theirs}.{kind}"] = value.T if value.ndim == 2 else value
    made.load_state_dict(moved)
    return made.eval()
