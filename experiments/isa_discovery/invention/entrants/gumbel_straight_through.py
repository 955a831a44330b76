"""Operations and programs drawn from logits together, and learned straight through the draws (`relaxed.py`, hard)."""

from experiments.isa_discovery.invention.relaxations import relaxations

ENTRANTS = relaxations("gumbel_straight_through", "operations and programs learned at hard draws", hard=True)
