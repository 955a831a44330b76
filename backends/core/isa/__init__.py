"""The one place that knows instructions.

table: formats, encodings, what an operation reads, writes and means. words, formulas: what meanings are computed on.
encoding: decoding and encoding. packing: a decoded instruction in 64 bits. instruction_set: an ISA as an object that can be
extended. registers: names.
"""

from backends.core.isa.encoding import Decoded, decode, encode, immediate
from backends.core.isa.registers import REGISTER_NAMES, register_number
from backends.core.isa.table import (
    ARITHMETIC,
    ATOMICS,
    FORMATS,
    ILLEGAL,
    NUMBER,
    OPERATIONS,
    REGISTER_FORM,
    SOFT_OPERATIONS,
    Operation,
)

__all__ = [
    "ARITHMETIC", "ATOMICS", "FORMATS", "ILLEGAL", "NUMBER", "OPERATIONS", "REGISTER_FORM", "REGISTER_NAMES", "SOFT_OPERATIONS",
    "Decoded", "Operation", "decode", "encode", "immediate", "register_number",
]  # fmt: skip
