"""Soft operations and soft programs on words of expected bits, as in the differentiable machines' relaxation `bits`
(`relaxed.py`, soft)."""

from functools import partial

from experiments.isa_discovery.invention.entrant import Entrant
from experiments.isa_discovery.invention.relaxed import Options, descend
from experiments.isa_discovery.invention.signals import SIGNALS, label

OPTIONS = Options(hard=False)
ENTRANTS = tuple(
    Entrant(
        label("bits", signal), "gradient" if signal == "gradient" else "control",
        "soft operations and programs of expected bits", partial(descend, options=OPTIONS, signal=signal),
    )
    for signal in SIGNALS
)  # fmt: skip
