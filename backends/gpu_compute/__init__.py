"""`gpu_compute`: the discrete machine at the hardware's speed, one instance a thread, thousands in one launch."""

from backends.gpu_compute.machine import GpuCompute
from backends.interface import Backend


def create() -> Backend:
    return GpuCompute()
