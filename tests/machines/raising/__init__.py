"""A machine that raises: it takes a remainder by zero. Conformance must say where, and go on."""

from backends.wrong import Wrong

from backends.interface import Backend


def create() -> Backend:
    return Wrong("remu", lambda w, a, b: a % b)
