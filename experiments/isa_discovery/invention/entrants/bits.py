"""Soft operations and soft programs on words of expected bits, as in the differentiable machines' relaxation `bits`
(`relaxed.py`, soft)."""

from experiments.isa_discovery.invention.relaxations import relaxations

ENTRANTS = relaxations("bits", "soft operations and programs of expected bits", hard=False)
