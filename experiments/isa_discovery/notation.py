"""Expressions as text."""

from backends.core.isa.expressions import CONSTANT, Expression
from backends.core.isa.words import signed

_INFIX = {
    "add": "+", "sub": "-", "sll": "<<", "srl": ">>", "sra": ">>s", "and": "&", "or": "|", "xor": "^", "mul": "*", "slt": "<s",
    "sltu": "<", "divu": "/", "remu": "%", "div": "/s", "rem": "%s",
}  # fmt: skip


def text(expression: Expression, operands: tuple[str, str] = ("a", "b")) -> str:
    """As C would say it; `>>s`, `<s`, `/s`, `%s` take their operands as signed."""
    said = [*operands]
    for operation, x, y in expression.nodes:
        if operation == CONSTANT:
            said.append(_word(x))
        elif operation in _INFIX:
            said.append(f"({said[x]} {_INFIX[operation]} {said[y]})")
        else:
            said.append(f"{operation}({said[x]}, {said[y]})")
    last = said[-1]
    return last[1:-1] if last.startswith("(") else last


def _word(value: int) -> str:
    return str(signed(value)) if abs(signed(value)) < 4096 else f"{value:#x}"
