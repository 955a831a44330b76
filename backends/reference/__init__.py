"""`reference`: the executable specification and the oracle, in plain Python. Slow and obvious."""

from backends.interface import Backend
from backends.reference.machine import ALU, BRANCH, Reference

__all__ = ["ALU", "BRANCH", "Reference", "create"]


def create() -> Backend:
    return Reference()
