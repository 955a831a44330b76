"""Injected faults that the verification must find, and the unmodified control that it must pass.

One weight: reflected at the threshold. One row: the outputs of one row of a truth table inverted. One wire: two neighbouring
bits crossed at the input of a component, which no enumeration of components can see. A fault is detected if the enumeration
of its component shows a mismatch, or if a lemma of an operation that uses the component is refuted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch

from backends.torch_neural.networks import COMPONENTS, Classifier, entries
from experiments.alu_verification.components import enumerate_classifier, enumerate_component
from experiments.alu_verification.prove import prove
from experiments.alu_verification.schema import TABLES
from experiments.alu_verification.symbolic import SymbolicCells

# An operation whose proof runs through the component.
USER = {
    "not": "slt", "and": "and", "or": "or", "xor": "xor", "equal": "beq", "select": "remu", "half": "add", "sum": "sub",
    "full": "mul", "fill": "sra", "carry": "sltu", "route": "sll", "source": "srl", "byte_product": "mul",
}  # fmt: skip
ROWS = ("carry", "full", "select", "byte_product", "source", "operation")
WIRES = ("sum", "half", "carry", "full", "select", "xor", "route", "source")


@dataclass(frozen=True)
class CrossedWire(SymbolicCells):
    """Cells in which bits 1 and 2 of one component's first word are crossed."""

    component: str

    def _cross(self, component: str, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        crossed = list(inputs)
        wide = [i for i, bits in enumerate(inputs) if bits.shape[-1] > 2]
        if component == self.component and wide:
            order = np.arange(inputs[wide[0]].shape[-1])
            order[[1, 2]] = 2, 1
            crossed[wide[0]] = inputs[wide[0]][..., order]
        return crossed

    def _output(self, name: str, inputs: Sequence[np.ndarray], output: int) -> np.ndarray:
        return super()._output(name, self._cross(name, inputs), output)

    def routes(self, amount: np.ndarray) -> np.ndarray:
        return super().routes(*self._cross("route", [amount]))

    def attend(self, routes: np.ndarray, sources: np.ndarray) -> np.ndarray:
        return super().attend(routes, *self._cross("source", [sources]))


def faults(weights: dict[str, np.ndarray], classifier: Classifier, seed: int) -> pd.DataFrame:
    """The table `faults`. weights: raw weights by component."""
    found, by = zip(*(_examine(weights, name) for name in USER), strict=True)
    rows = [("none", "unmodified", any(found), "; ".join(filter(None, by)))]
    for kind, name, changed in _changed(weights, np.random.default_rng(seed)):
        rows.append((kind, name, *_examine(changed, name)))
    rows.append(("weight", "classifier", *_classifier(classifier)))
    rows += [("wire", name, *_examine(weights, name, crossed=True)) for name in WIRES]
    return TABLES["faults"].frame(rows)


def _changed(weights: dict[str, np.ndarray], rng: np.random.Generator) -> Iterator[tuple[str, str, dict[str, np.ndarray]]]:
    """(kind, component, weights with the fault): one weight of every component, and one row of some."""
    for name, component in COMPONENTS.items():
        row, output = rng.integers(component.rows), rng.integers(component.outputs)
        yield "weight", name, {**weights, name: _reflected(weights[name], (row, output))}
    for name in ROWS:
        yield "row", name, {**weights, name: _reflected(weights[name], (rng.integers(len(weights[name])), slice(None)))}


def _reflected(weight: np.ndarray, place: tuple) -> np.ndarray:
    changed = weight.copy()
    changed[place] = 1 - changed[place]
    return changed


def _examine(weights: dict[str, np.ndarray], component: str, crossed: bool = False) -> tuple[bool, str]:
    """(detected, by what): enumerate the component and prove an operation that uses it; only that with a crossed wire."""
    table = entries(weights)
    by = []
    if not crossed and enumerate_component(table, component).mismatches:
        by.append("enumeration")
    if component in USER:
        lemmas = prove(table, (USER[component],), partial(CrossedWire, component=component) if crossed else SymbolicCells)
        if (lemmas["result"][lemmas["method"] == "proven"] == "refuted").any():
            by.append(f"proof of {USER[component]}")
    return bool(by), " and ".join(by)


def _classifier(classifier: Classifier) -> tuple[bool, str]:
    """The classifier with its weightiest connection to a score reversed."""
    faulty = Classifier()
    faulty.load_state_dict(classifier.state_dict())
    with torch.no_grad():
        weight = faulty.scores.weight.view(-1)
        weight[weight.abs().argmax()] *= -1
    wrong = enumerate_classifier(faulty).mismatches > 0
    return wrong, "enumeration" if wrong else ""
