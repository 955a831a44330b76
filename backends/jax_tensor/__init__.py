"""The tensor computer on JAX: state is a pytree of tensors, every step one pure jitted function.

`hard` is the machine at temperature 0, where every choice has crystallised to an index.
"""

from collections.abc import Sequence

import jax

from backends.interface import Backend, Batch, Capabilities, Execution, MachineConfig, Program, UserError
from backends.jax_tensor import hard


def _devices() -> dict[str, jax.Device]:
    """The first device of each platform, under the name that users give."""
    found = {"cuda" if d.platform == "gpu" else d.platform: d for d in reversed(jax.devices())}
    return {"cpu": jax.devices("cpu")[0]} | found


def _device(name: str) -> jax.Device:
    devices = _devices()
    if name not in devices:
        raise UserError(f"jax_tensor has no device '{name}' here: one of {', '.join(devices)}")
    return devices[name]


class JaxTensor(Backend):
    def capabilities(self) -> Capabilities:
        return Capabilities(devices=tuple(_devices()))

    def run(
        self, program: Program | Sequence[Program], batch: Batch, config: MachineConfig, max_steps: int
    ) -> Execution:
        return hard.run(program, batch, config, max_steps, _device(config.device))


def create() -> Backend:
    return JaxTensor()
