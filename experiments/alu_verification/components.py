"""Every trained component of `torch_neural` on its whole input domain, through the code that evaluates it; and the decoder
that is composed of some, on words chosen to meet every row of each."""

import time
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import torch

from backends.core import isa
from backends.core.isa.instruction_set import named
from backends.interface import REGISTERS
from backends.torch_neural import layout
from backends.torch_neural.cells import TorchCells, evaluate
from backends.torch_neural.decoder import Decoder
from backends.torch_neural.networks import COMPONENTS, Classifier, entries
from backends.torch_neural.train import score_gaps, targets
from experiments.alu_verification.schema import TABLES

_ALL_KEYS = 1 << len(layout.KEY)


@dataclass(frozen=True)
class Enumeration:
    """One component on all `rows` of its domain.

    mismatches: rows with a thresholded output that is wrong. unsaturated: rows with an output that is not exactly 0 or 1
    before the threshold. smallest_margin: smallest distance of an output before the threshold from 1/2 (classifier: half
    the smallest distance between the right score and the next). weight_margin: smallest distance of a weight beyond its
    saturation.
    """

    component: str
    rows: int
    mismatches: int
    unsaturated: int
    smallest_margin: float
    weight_margin: float
    time_s: float


def outputs(entries: dict[str, np.ndarray], name: str) -> np.ndarray:
    """What the network gives before the threshold on its whole domain, `[rows, outputs]` float32."""
    cells, component = TorchCells(entries, exact=False), COMPONENTS[name]
    digits = torch.arange(component.rows) // component.states ** torch.arange(component.inputs)[:, None] % component.states
    if name == "source":
        routes, sources = torch.eye(32).repeat_interleave(33, 1), torch.eye(33).repeat(1, 32)  # every pair alone
        return cells.attend(routes, sources).reshape(32, 32, 33).movedim(0, 1).reshape(1024, 33).numpy()
    if component.inputs > 3:
        return cells.table(name, digits.float()).T.numpy()
    states = [digits == state for state in range(1, component.states)]
    inputs = torch.stack(states, 1).flatten(0, 1).float()
    return torch.stack([evaluate(terms, inputs.unbind(), {}) for terms in cells.terms[name]], 1).numpy()


def enumerate_component(entries: dict[str, np.ndarray], name: str, weights: dict[str, np.ndarray] | None = None) -> Enumeration:
    """Compare one component with its specification on every row. weights: the raw weights, for their margin."""
    start = time.perf_counter()
    found, wanted = outputs(entries, name), targets(name)
    wrong = ((found > 0.5) != (wanted == 1)).any(1)
    margin = float(np.abs(found - 0.5).min())
    beyond = np.nan if weights is None else float(((weights[name] - 0.5) * (2 * wanted - 1)).min() - 0.5)
    return Enumeration(
        name, len(wanted), int(wrong.sum()), int((found != wanted).any(1).sum()), margin, beyond, time.perf_counter() - start
    )


@torch.inference_mode()
def enumerate_classifier(classifier: Classifier) -> Enumeration:
    """The classifier on all 2^17 patterns of opcode, funct3 and funct7."""
    start = time.perf_counter()
    patterns = torch.from_numpy(np.arange(_ALL_KEYS)[:, None] >> np.arange(17) & 1).float()
    gaps = score_gaps(classifier, patterns, torch.from_numpy(layout.classes()))
    return Enumeration(
        "classifier", _ALL_KEYS, int((gaps <= 0).sum()), 0, float(gaps.min()) / 2, np.nan, time.perf_counter() - start
    )


def decoder_words() -> np.ndarray:
    """Words that meet every row of every component of the decoder: all opcodes, all counters, all fields one by one."""
    keys = np.arange(_ALL_KEYS, dtype=np.uint32)
    words = np.bitwise_or.reduce([(keys >> np.uint32(i) & 1) << np.uint32(bit) for i, bit in enumerate(layout.KEY)])
    free = np.uint32(sum(1 << bit for bit in range(32) if bit not in layout.KEY))
    upper, fields = np.arange(1 << 12, dtype=np.uint32) << np.uint32(20), np.array([0, 1, 16], np.uint32)
    parts = upper, fields << np.uint32(15), np.arange(8, dtype=np.uint32) << np.uint32(12), fields << np.uint32(7)
    system = np.bitwise_or.reduce(np.meshgrid(*parts)).ravel() | np.uint32(0x73)
    legal = np.array([op.match for op in isa.OPERATIONS], np.uint32)[:, None]
    open_bits = ~np.array([op.mask for op in isa.OPERATIONS], np.uint32)[:, None]
    single = legal | open_bits & (np.uint32(1) << np.arange(32, dtype=np.uint32))
    return np.concatenate((words, words | free, system, single.ravel()))


@torch.inference_mode()
def decoder(entries: dict[str, np.ndarray], classifier: Classifier) -> pd.DataFrame:
    """The table `decoder`: as it is composed, against `isa.decode` on `decoder_words()`, a sample of the 2^32 words."""
    rows, words = [], decoder_words()
    for name, registers in ((name, n) for name, n in REGISTERS.items() if not named(name).atomic):  # those are not learned
        start = time.perf_counter()
        found, wanted = Decoder(TorchCells(entries), classifier, registers).decode(words), isa.decode(words, registers)
        wrong = np.any([getattr(found, field) != column for field, column in asdict(wanted).items()], axis=0)
        rows.append((name, "sampled", len(words), int(wrong.sum()), time.perf_counter() - start))
    return TABLES["decoder"].frame(rows)


def components(weights: dict[str, np.ndarray], classifier: Classifier) -> pd.DataFrame:
    """One row per component, columns as in `Enumeration`. weights: raw weights by component."""
    table = entries(weights)
    rows = [enumerate_component(table, name, weights) for name in COMPONENTS]
    return pd.DataFrame([asdict(row) for row in (*rows, enumerate_classifier(classifier))])
