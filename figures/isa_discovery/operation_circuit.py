"""The operation that saves most among those of four instructions or more, as a circuit: words flow from left to right."""

import ast
from dataclasses import dataclass, field

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from figures import style

_SIGNED = {">>s": "@", "<s": "<", "/s": "//"}
"""Operators of `notation` that Python does not have, as others of the same precedence or in parentheses anyway."""
_NAMES = {
    ast.Add: "+", ast.Sub: "−", ast.LShift: "«", ast.RShift: "»", ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor",
    ast.Mult: "×", ast.MatMult: "» signed", ast.Div: "÷", ast.FloorDiv: "÷ signed", ast.Mod: "mod", ast.Lt: "<",
}  # fmt: skip
_LEAST = 4


@dataclass
class Circuit:
    """names: of the gates, by number. wires: (from, to)."""

    names: list[str] = field(default_factory=list)
    wires: list[tuple[int, int]] = field(default_factory=list)
    _known: dict[str, int] = field(default_factory=dict)

    def add(self, node: ast.expr) -> int:
        """A gate for a part of the expression, one for all equal parts."""
        key = ast.dump(node)
        if key not in self._known:
            name, operands = _parts(node)
            sources = [self.add(operand) for operand in operands]
            self._known[key] = len(self.names)
            self.wires += [(source, len(self.names)) for source in sources]
            self.names.append(name)
        return self._known[key]

    def depths(self) -> list[int]:
        """The longest way to each gate."""
        found = [0] * len(self.names)
        for source, gate in self.wires:
            found[gate] = max(found[gate], found[source] + 1)
        return found


def _parts(node: ast.expr) -> tuple[str, list[ast.expr]]:
    if isinstance(node, ast.BinOp):
        return _NAMES[type(node.op)], [node.left, node.right]
    if isinstance(node, ast.Compare):
        return _NAMES[type(node.ops[0])], [node.left, *node.comparators]
    if isinstance(node, ast.Call):
        return ast.unparse(node.func), node.args
    return ast.unparse(node), []


def draw(results: Results) -> Figure:
    rows = results.fullest("isa_discovery").table("isa_discovery", "operations")
    row = next(r for r in rows.itertuples() if r.nodes >= _LEAST)
    text = row.expression
    for ours, pythons in _SIGNED.items():
        text = text.replace(ours, pythons)
    circuit = Circuit()
    circuit.add(ast.parse(text, mode="eval").body)
    figure, axes = plt.subplots(figsize=(style.COLUMN_IN, 1.6))
    _place(axes, circuit)
    axes.set_title(f"{row.operation}: {row.programs} programs, {row.uses} places")
    axes.axis("off")
    return figure


def _place(axes: Axes, circuit: Circuit) -> None:
    """Gates in columns by depth, evenly spread."""
    depths = circuit.depths()
    columns = [[g for g, depth in enumerate(depths) if depth == d] for d in range(max(depths) + 1)]
    at = {g: (d, (k + 1) / (len(column) + 1)) for d, column in enumerate(columns) for k, g in enumerate(column)}
    for source, gate in circuit.wires:
        arrow = {"arrowstyle": "-|>", "color": style.INK, "lw": 0.7, "shrinkA": 11, "shrinkB": 11}
        axes.annotate("", at[gate], at[source], arrowprops=arrow)
    for gate, place in at.items():
        given = depths[gate] == 0
        box = {"boxstyle": "round" if given else "square", "fc": style.PALE if given else "white", "ec": style.INK, "lw": 0.7}
        axes.text(*place, circuit.names[gate], ha="center", va="center", bbox=box)
    axes.set(xlim=(-0.4, max(depths) + 0.4), ylim=(0, 1))
