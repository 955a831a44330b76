"""Register names of the RISC-V calling convention."""

REGISTER_NAMES = (
    *("zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5"),
    *("a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"),
)
_NUMBERS = {n: i for i, n in enumerate(REGISTER_NAMES)} | {f"x{i}": i for i in range(32)} | {"fp": 8}


def register_number(name: str) -> int:
    """Number of a register named `a0`, `x10` or `fp`. Raises KeyError."""
    return _NUMBERS[name]
