"""Operations and arithmetic units as Verilog (IEEE 1364-2005): combinational modules, for synthesis.

Each operation of an expression is one operator of the language, of words of 32 bits. The rest is left to the synthesis tool:
constants are folded, what is computed twice is merged. Two shifts that together turn a word are said as one shift of the word
written twice, since no tool finds that.
"""

from collections.abc import Mapping

from backends.core.isa.expressions import CONSTANT, A, B, Expression, Node

_OPERATORS = {
    "add": "{x} + {y}", "sub": "{x} - {y}", "and": "{x} & {y}", "or": "{x} | {y}", "xor": "{x} ^ {y}", "mul": "{x} * {y}",
    "sll": "{x} << {y}[4:0]", "srl": "{x} >> {y}[4:0]", "sra": "$signed({x}) >>> {y}[4:0]",
    "slt": "$signed({x}) < $signed({y})", "sltu": "{x} < {y}",
    "mulh": "(64'sd0 + $signed({x}) * $signed({y})) >> 32", "mulhsu": "((64'd0 + {x} * {y}) >> 32) - ({x}[31] ? {y} : 0)",
    "mulhu": "(64'd0 + {x} * {y}) >> 32", "divu": "{y} == 0 ? 32'hffffffff : {x} / {y}", "remu": "{y} == 0 ? {x} : {x} % {y}",
    "div": "{y} == 0 ? -32'sd1 : $signed({x}) / $signed({y})", "rem": "{y} == 0 ? $signed({x}) : $signed({x}) % $signed({y})",
}  # fmt: skip
_TURN = "({{{x}, {x}}} {shift} {by}[4:0]) >> {kept}"

_UNIT = """
module {name}(input [31:0] a, b, input [{top}:0] select, output reg [31:0] y);
  wire subtract = select == 1 | select == 3 | select == 4;
  wire [32:0] sum = {{1'b0, a}} + {{1'b0, b ^ {{32{{subtract}}}}}} + subtract;
  wire below = ~sum[32], less = a[31] ^ b[31] ? a[31] : sum[31];
  wire [31:0] mirrored = {{{mirrored_a}}};
  wire [31:0] right = $signed({{select == 7 & a[31], select == 2 ? mirrored : a}}) >>> b[4:0];
  wire [31:0] left = {{{mirrored_right}}};
{parts}
  always @* case (select)
    0, 1: y = sum;
    2: y = left;
    3: y = less;
    4: y = below;
    5: y = a ^ b;
    6, 7: y = right;
    8: y = a | b;
    9: y = a & b;
{cases}
    default: y = 32'bx;
  endcase
endmodule
"""
"""The shared parts of an arithmetic unit: one adder for sums, differences and comparisons, one shifter for all shifts. select:
the place in `isa.ARITHMETIC`."""
BASE = 10
MULTIPLY = 18

_MULTIPLY = """
  wire signed [63:0] product = $signed({(select == 11 | select == 12) & a[31], a}) * $signed({select == 11 & b[31], b});
  wire signs = select == 14 | select == 16, negative = signs & (a[31] ^ b[31]);
  wire [31:0] dividend = signs & a[31] ? -a : a, divisor = signs & b[31] ? -b : b;
  wire [31:0] quotient = dividend / divisor, remainder = dividend % divisor;
"""
_MULTIPLY_CASES = """
    10: y = product;
    11, 12, 13: y = product >> 32;
    14, 15: y = b == 0 ? 32'hffffffff : negative ? -quotient : quotient;
    16, 17: y = b == 0 ? a : signs & a[31] ? -remainder : remainder;
"""
"""One multiplier for mul, mulh, mulhsu, mulhu; one divider for div, divu, rem, remu; both without a clock."""


def module(name: str, expression: Expression) -> str:
    """A module with the inputs a and b and the output y, each of 32 bits."""
    names = ["a", "b", *(f"v{number}" for number in range(2, len(expression.nodes) + 2))]
    lines = [f"  wire [31:0] {names[k]} = {_value(expression, k, names)};" for k in range(2, len(names))]
    body = "\n".join(lines)
    return f"module {name}(input [31:0] a, b, output [31:0] y);\n{body}\n  assign y = {names[-1]};\nendmodule\n"


def _value(expression: Expression, number: int, names: list[str]) -> str:
    operation, x, y = expression.nodes[number - 2]
    if operation == CONSTANT:
        return f"32'h{x:x}"
    turn = _turn(expression, number)
    if turn is not None:
        word, by, left = turn
        return _TURN.format(x=names[word], by=names[by], shift="<<" if left else ">>", kept=32 if left else 0)
    return _OPERATORS[operation].format(x=names[x], y=names[y])


def _turn(expression: Expression, number: int) -> tuple[int, int, bool] | None:
    """Where the value is `x << s | x >> t` and s + t is a multiple of 32: (x, s, True) or (x, t, False)."""
    operation, *sides = _node(expression, number)
    shifts = {_node(expression, side).operation: _node(expression, side) for side in sides if operation == "or"}
    if shifts.keys() != {"sll", "srl"} or shifts["sll"].x != shifts["srl"].x:
        return None
    left, right = (_amount(expression, shifts[kind].y) for kind in ("sll", "srl"))
    if _opposite(expression, left, right):
        return shifts["sll"].x, left, True
    return (shifts["sll"].x, right, False) if _opposite(expression, right, left) else None


def _node(expression: Expression, number: int) -> Node:
    return expression.nodes[number - 2] if number > B else Node("operand", A)


def _constant(expression: Expression, number: int) -> int | None:
    operation, word, _ = _node(expression, number)
    return word if operation == CONSTANT else None


def _amount(expression: Expression, number: int) -> int:
    """The value without `& 31`, which a shift does anyway."""
    operation, x, y = _node(expression, number)
    for value, mask in ((x, y), (y, x)):
        if operation == "and" and _constant(expression, mask) == 31:
            return _amount(expression, value)
    return number


def _opposite(expression: Expression, amount: int, other: int) -> bool:
    """Whether `other` is a multiple of 32 less `amount`."""
    operation, x, y = _node(expression, other)
    word = _constant(expression, x) if operation == "sub" else None
    return word is not None and word % 32 == 0 and _amount(expression, y) == amount


def unit(name: str, multiplies: bool, added: Mapping[str, Expression]) -> str:
    """The arithmetic unit of RV32E, or RV32EM where it multiplies, with the operations of these module names added: an input
    `select` says which result is `y`."""
    first = MULTIPLY if multiplies else BASE
    top = max(first + len(added) - 1, 1).bit_length() - 1
    parts = [f"  wire [31:0] y_{part}; {part} is_{part}(.a(a), .b(b), .y(y_{part}));" for part in added]
    cases = [f"    {first + k}: y = y_{part};" for k, part in enumerate(added)]
    mirrored_a, mirrored_right = (", ".join(f"{word}[{bit}]" for bit in range(32)) for word in ("a", "right"))
    text = _UNIT.format(
        name=name, top=top, mirrored_a=mirrored_a, mirrored_right=mirrored_right,
        parts="\n".join([_MULTIPLY * multiplies, *parts]), cases="\n".join([_MULTIPLY_CASES * multiplies, *cases]),
    )  # fmt: skip
    return "".join(module(part, expression) for part, expression in added.items()) + text
