"""The tensor computer on JAX: state is a pytree of tensors, every step one pure jitted function.

`hard` is the machine at temperature 0, where every choice is an index; `soft` is the machine above it, in
the words of a relaxation (`bits`, `value`). This file fits both to the interface of all machines.
"""

from typing import final

import jax

from backends.core import caches, catalog
from backends.core.soft import SoftRun
from backends.interface import TIMINGS, Capabilities, DifferentiableBackend, Logits, Session, SoftExecution, State
from backends.jax_tensor import hard, soft, soft_run

if not jax.config.jax_compilation_cache_dir:  # unless whoever runs this has said where
    jax.config.update("jax_compilation_cache_dir", str(caches.folder(f"jax-{caches.processor()}")))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)  # what is small is there many times


def _devices() -> dict[str, jax.Device]:
    """The first device of each platform, under the name that users give."""
    found = {"cuda" if d.platform == "gpu" else d.platform: d for d in reversed(jax.devices())}
    return {"cpu": jax.devices("cpu")[0]} | found


@final
class JaxTensor(DifferentiableBackend):
    def capabilities(self) -> Capabilities:
        devices, relaxations = tuple(_devices()), tuple(soft.RELAXATIONS)
        return Capabilities(devices, relaxations, TIMINGS, extensions=True, atomics=True)

    def _device(self, asked: State | SoftRun) -> jax.Device:
        catalog.check(self, asked.config)
        return _devices()[asked.config.device]

    def open(self, state: State) -> Session:
        return hard.JaxSession(state, self._device(state))

    def run_soft(self, run: SoftRun) -> SoftExecution:
        return soft_run.run(run, self._device(run))

    def soft_gradient(self, run: SoftRun, cotangent: SoftExecution) -> Logits:
        return soft_run.gradient(run, cotangent, self._device(run))


def create() -> DifferentiableBackend:
    return JaxTensor()
