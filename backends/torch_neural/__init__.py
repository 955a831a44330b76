"""The neural computer: every arithmetic and logic result, and every decoded instruction, comes out of trained networks.

networks.py: the components. train.py: how they are trained. layout.py: what the decoder learns. wiring.py: how components
make units. cells.py: components on tensors. decoder.py, code.py, units.py, machine.py: the hard machine, exact after
thresholding. soft.py, soft_step.py, soft_memory.py: the machine without thresholds, with gradients.
"""

from typing import final

import torch

from backends.core import catalog
from backends.core.soft import SoftRun
from backends.interface import Capabilities, DifferentiableBackend, Logits, MachineConfig, Session, SoftExecution, State
from backends.torch_neural import soft
from backends.torch_neural.cells import TorchCells
from backends.torch_neural.machine import NeuralSession
from backends.torch_neural.networks import entries, load_classifier, load_weights
from backends.torch_neural.units import Units, evaluation, one_thread


@final
class TorchNeural(DifferentiableBackend):
    def __init__(self) -> None:
        self._units: dict[str, Units] = {}  # by device, loaded at first use

    def capabilities(self) -> Capabilities:
        devices = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)
        return Capabilities(devices=devices, relaxations=("bits",), extensions=True, atomics=True)

    def open(self, state: State) -> Session:
        with evaluation():
            return NeuralSession(state, self.units(state.config.device), load_classifier())

    def run_soft(self, run: SoftRun) -> SoftExecution:
        with one_thread():
            return soft.run(run, *self._soft(run.config))

    def soft_gradient(self, run: SoftRun, cotangent: SoftExecution) -> Logits:
        with one_thread():
            return soft.gradient(run, cotangent, *self._soft(run.config))

    def _soft(self, config: MachineConfig) -> tuple[TorchCells, Units]:
        catalog.check(self, config, soft=True)
        cells = TorchCells(entries(load_weights()), config.device, getattr(torch, config.dtype), exact=False)
        return cells, self.units(config.device)

    def units(self, device: str = "cpu") -> Units:
        """The units with the trained networks on a device. Raises UserError where the weights are missing."""
        if device not in self._units:
            self._units[device] = Units(TorchCells(entries(load_weights()), device))
        return self._units[device]


def create() -> DifferentiableBackend:
    return TorchNeural()
