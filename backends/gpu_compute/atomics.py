"""Atomic operations of one instance."""

import numpy as np

from backends.core.isa import ATOMICS
from backends.core.state import NO_RESERVATION
from backends.gpu_compute.compiling import inlined
from backends.interface import Cause

# Module constants, because Numba freezes those into the code; the order is the table's.
(LR, SC, AMOSWAP, AMOADD, AMOXOR, AMOAND, AMOOR, AMOMIN, AMOMAX, AMOMINU, AMOMAXU) = (row.number for row in ATOMICS)
_MISALIGNED, _OUTSIDE = int(Cause.MISALIGNED_ATOMIC), int(Cause.ACCESS_OUTSIDE_MEMORY)


@inlined
def exchanged(op, old, b):
    """The word that an atomic operation puts in the place of the old one; `sc.w`: where it stores."""
    if op == AMOADD:
        return np.uint32(old + b)
    if op == AMOXOR:
        return old ^ b
    if op == AMOAND:
        return old & b
    if op == AMOOR:
        return old | b
    if op == AMOMIN:
        return old if np.int32(old) < np.int32(b) else b
    if op == AMOMAX:
        return b if np.int32(old) < np.int32(b) else old
    if op == AMOMINU:
        return old if old < b else b
    if op == AMOMAXU:
        return b if old < b else old
    return b


@inlined
def atomic(instance, rd, op, a, b):
    """An atomic operation on the word at address a: the cause of a trap, 0 for none, and whether it stored to `tohost`."""
    offset = np.uint32(a - np.uint32(instance.base))
    if a & np.uint32(3):
        return _MISALIGNED, False
    if offset >= np.uint32(len(instance.memory)):
        return _OUTSIDE, False
    place, stores = offset >> np.uint32(2), op != LR
    old = instance.words[place]
    instance.x[rd] = old
    if op == LR:
        instance.reserved[0] = a
    if op == SC:
        stores = instance.reserved[0] == np.int64(a)
        instance.x[rd] = not stores
        instance.reserved[0] = NO_RESERVATION
    if stores:
        instance.words[place] = exchanged(op, old, b)
    return 0, stores and offset == instance.tohost
