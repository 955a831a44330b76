"""Injected faults that the verification must find, and the unmodified control that it must pass.

One weight: reflected at the threshold. One row: the outputs of one row of a truth table inverted. One wire: two neighbouring
bits crossed at the input of a component, which no enumeration of components can see. A fault is detected if the enumeration
of its component shows a mismatch, or if a lemma of an operation that uses the component is refuted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from backends.torch_neural import wiring
from backends.torch_neural.networks import COMPONENTS, Classifier, entries
from experiments.alu_verification.components import enumerate_classifier, enumerate_component
from experiments.alu_verification.prove import prove

# An operation whose proof runs through the component.
USER = {
    "not": "slt", "and": "and", "or": "or", "xor": "xor", "equal": "beq", "select": "remu", "half": "add", "sum": "sub",
    "full": "mul", "fill": "sra", "carry": "sltu", "route": "sll", "source": "srl", "byte_product": "mul",
}  # fmt: skip
ROWS = ("carry", "full", "select", "byte_product", "source", "operation")
WIRES = ("sum", "half", "carry", "full", "select", "xor", "route", "source")


@dataclass(frozen=True)
class CrossedWire:
    """Cells in which bits `bit` and `bit + 1` of one component's first word are crossed; all else is the cells' own."""

    cells: wiring.Cells
    component: str
    bit: int = 1

    def _cross(self, component: str, inputs: Sequence[wiring.Bits]) -> list[wiring.Bits]:
        crossed = list(inputs)
        wide = [i for i, bits in enumerate(inputs) if bits.shape[-1] > self.bit + 1]
        if component == self.component and wide:
            order = np.arange(inputs[wide[0]].shape[-1])
            order[[self.bit, self.bit + 1]] = order[[self.bit + 1, self.bit]]
            crossed[wide[0]] = inputs[wide[0]][..., order]
        return crossed

    def gate(self, name: str, *inputs: wiring.Bits) -> wiring.Bits:
        return self.cells.gate(name, *self._cross(name, inputs))

    def pair(self, name: str, *inputs: wiring.Bits) -> tuple[wiring.Bits, wiring.Bits]:
        return self.cells.pair(name, *self._cross(name, inputs))

    def routes(self, amount: wiring.Bits) -> wiring.Bits:
        return self.cells.routes(*self._cross("route", [amount]))

    def attend(self, routes: wiring.Bits, sources: wiring.Bits) -> wiring.Bits:
        return self.cells.attend(routes, *self._cross("source", [sources]))

    def byte_products(self, a: wiring.Bits, b: wiring.Bits) -> wiring.Bits:
        return self.cells.byte_products(a, b)

    def constant(self, bit: int, like: wiring.Bits) -> wiring.Bits:
        return self.cells.constant(bit, like)

    def cat(self, parts: Sequence[wiring.Bits], axis: int = 0) -> wiring.Bits:
        return self.cells.cat(parts, axis)

    def flip(self, bits: wiring.Bits) -> wiring.Bits:
        return self.cells.flip(bits)


def faults(weights: dict[str, np.ndarray], classifier: Classifier, seed: int) -> pd.DataFrame:
    """Columns fault (none, weight, row, wire), where, detected, detected_by. weights: raw weights by component."""
    rng = np.random.default_rng(seed)
    rows = [("none", "control", *_examine(weights, name, name)) for name in USER]
    control = ("none", "unmodified", any(r[2] for r in rows), "; ".join(filter(None, (r[3] for r in rows))))
    found = [control]
    for kind, name, changed in _changed(weights, rng):
        found.append((kind, name, *_examine(changed, name, name)))
    found.append(("weight", "classifier", *_classifier(classifier)))
    found += [("wire", name, *_examine(weights, name, "", name)) for name in WIRES]
    return pd.DataFrame(found, columns=["fault", "where", "detected", "detected_by"])


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


def _examine(weights: dict[str, np.ndarray], component: str, enumerated: str, crossed: str = "") -> tuple[bool, str]:
    """(detected, by what): enumerate the component and prove an operation that uses it."""
    table = entries(weights)
    by = []
    if enumerated and enumerate_component(table, enumerated).mismatches:
        by.append("enumeration")
    if component in USER:
        wrap = (lambda cells: CrossedWire(cells, crossed)) if crossed else lambda cells: cells
        lemmas = prove(table, (USER[component],), wrap)
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
