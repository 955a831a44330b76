"""`gpu_compute`: the machine at the hardware's speed: the discrete one, one instance a thread, thousands in one launch, and in
`soft/` the differentiable one."""

from backends.gpu_compute.machine import GpuCompute
from backends.interface import Backend


def create() -> Backend:
    return GpuCompute()
