"""`reference`: the executable specification and the oracle, in plain Python. Slow and obvious."""

from backends.interface import Backend
from backends.reference.machine import Reference


def create() -> Backend:
    return Reference()
