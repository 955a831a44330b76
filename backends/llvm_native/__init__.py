"""`llvm_native`: guest code translated to the host's by LLVM, function by function, where a program is hot."""

from backends.interface import Backend
from backends.llvm_native.machine import LlvmNative


def create() -> Backend:
    return LlvmNative()
