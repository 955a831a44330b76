"""How XLA compiles this machine: on a processor, with what keeps the speed of the code and halves the time of compiling it.

A soft step with all operations is one large graph, and most of the time of a short run goes into compiling it. What is left out
on a processor are the emitters of fused loops and the costly passes of LLVM.
"""

from collections.abc import Callable, Mapping
from functools import cached_property, update_wrapper
from typing import Any

import jax

ON_A_PROCESSOR = {
    "xla_backend_optimization_level": 1,
    "xla_llvm_disable_expensive_passes": True,
    "xla_cpu_use_fusion_emitters": False,
}
OPTIMISED = {name: value for name, value in ON_A_PROCESSOR.items() if name != "xla_backend_optimization_level"}
"""For a loop over scalars, which the lower level makes a twentieth to a tenth slower."""


class jit:
    """`jax.jit` with these settings where JAX runs on a processor, and JAX's own elsewhere. options: of `jax.jit`."""

    def __init__(self, function: Callable, settings: Mapping[str, Any] = ON_A_PROCESSOR, **options) -> None:
        self.function, self.settings, self.options = function, settings, options
        update_wrapper(self, function)

    @cached_property
    def compiled(self) -> Callable:  # what JAX runs on is known, and it is started, when something is called first
        settings = dict(self.settings) if jax.default_backend() == "cpu" else None
        return jax.jit(self.function, compiler_options=settings, **self.options)

    def __call__(self, *arguments, **named):
        return self.compiled(*arguments, **named)
