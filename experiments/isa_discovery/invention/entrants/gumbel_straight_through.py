"""Operations and programs drawn from logits together, and learned straight through the draws (`relaxed.py`, hard)."""

from functools import partial

from experiments.isa_discovery.invention.entrant import Entrant
from experiments.isa_discovery.invention.relaxed import Options, descend
from experiments.isa_discovery.invention.signals import SIGNALS, label

OPTIONS = Options(hard=True)
ENTRANTS = tuple(
    Entrant(
        label("gumbel_straight_through", signal), "gradient" if signal == "gradient" else "control",
        "operations and programs learned at hard draws", partial(descend, options=OPTIONS, signal=signal),
    )
    for signal in SIGNALS
)  # fmt: skip
