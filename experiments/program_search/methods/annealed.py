"""Annealed softmax: programs descend through the soft machine while the temperature of their choices falls.

Gradient alone, from random logits. A warm start, with the logits biased toward the problem's hint, is an ablation.
"""

from experiments.program_search.relaxed import rounds

METHOD = rounds.method("annealed", "descent through the soft machine at a falling temperature")
VARIANTS = (
    METHOD.variant("annealed_bits", 1),
    METHOD.variant("annealed_value", 6, given={"relaxation": "value"}),
    METHOD.variant("annealed_neural", 14, given={"backend": "torch_neural"}),
    METHOD.variant("warm_start", 12, family="ablation", hinted=True),
)
