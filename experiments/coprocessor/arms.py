"""The arms of the experiment: what is put into the model, what of it is taken away, what is trained, and what it is told.

All arms see the same problems in the same order for the same seed.
"""

from dataclasses import dataclass, replace

from experiments.coprocessor import schema

MECHANISMS = ("none", "mlp", "pointer", "replica")
ALUS = ("real", "zero", "others", "permuted", "random")
"""real; its output zeroed; fed another example's operands; operations exchanged at random for each example; a frozen random
network of the same shape."""
ORACLES = ("none", "routing", "all")
"""What is given instead of learned: nothing; the operation and the gate; the operands as well."""
PATHS = ("carries", "pairs", "straight_through")
TRAINED = ("coprocessor", "last", "all")
OUTPUTS = ("mixture", "logits", "residual")
SIGNALS = ("answers", "few", "full")
"""Answers only; the operands and the operation of one example in a hundred as well; of all."""


@dataclass(frozen=True)
class Arm:
    """factor: steps of training, in those of others; 0: none. capped, normalised: the faults of the published mechanism. rate,
    backbone: of learning, of what is put in and of the model; those of the replica are the published ones. Where the last block
    is trained so is the head, which in a model of the suite is the embedding as well."""

    name: str
    mechanism: str = "pointer"
    alu: str = "real"
    oracle: str = "none"
    path: str = "carries"
    trained: str = "all"
    gate: str = "sigmoid"
    output: str = "mixture"
    signal: str = "answers"
    factor: int = 1
    capped: bool = True
    normalised: bool = True
    rate: float = 2e-3
    backbone: float = 2e-4


_POINTER, _REPLICA = Arm("pointer"), Arm("replica", "replica", trained="last", rate=1e-3, backbone=5e-5)
_MENDED = replace(_REPLICA, name="replica_mended", capped=False, normalised=False)
_ALL = (
    Arm("untouched", "none", factor=0),
    Arm("fine_tuned", "none"),
    Arm("fine_tuned_longer", "none", factor=4),
    Arm("mlp", "mlp"),
    _POINTER,
    replace(_POINTER, name="pointer_zero", alu="zero"),
    replace(_POINTER, name="pointer_others", alu="others"),
    replace(_POINTER, name="pointer_permuted", alu="permuted"),
    replace(_POINTER, name="pointer_random", alu="random"),
    replace(_POINTER, name="oracle_routing", oracle="routing"),
    replace(_POINTER, name="oracle_all", oracle="all"),
    replace(_POINTER, name="pointer_alone", trained="coprocessor"),
    replace(_POINTER, name="pointer_last", trained="last"),
    replace(_POINTER, name="pointer_few", signal="few"),
    replace(_POINTER, name="pointer_full", signal="full"),
    replace(_POINTER, name="pointer_pairs", path="pairs"),
    replace(_POINTER, name="pointer_straight_through", path="straight_through"),
    replace(_POINTER, name="pointer_capped", gate="capped"),
    replace(_POINTER, name="pointer_confident", gate="confident"),
    replace(_POINTER, name="pointer_hard_concrete", gate="hard_concrete"),
    replace(_POINTER, name="pointer_logits", output="logits"),
    replace(_POINTER, name="pointer_residual", output="residual"),
    replace(_POINTER, name="pointer_alone_full", trained="coprocessor", signal="full"),
    _REPLICA,
    replace(_REPLICA, name="replica_zero", alu="zero"),
    replace(_REPLICA, name="replica_others", alu="others"),
    _MENDED,
    replace(_MENDED, name="replica_mended_zero", alu="zero"),
    replace(_REPLICA, name="replica_base", mechanism="none"),
)
_GATES = ("sigmoid", "capped", "confident", "hard_concrete", "logits", "residual")
"""The last two are ways out, with the first gate: a switch on the logits, and what is added to the residual stream."""
_CROSSED = tuple(
    Arm(
        f"{schema.CROSSED}{trained}_{gate}_{signal}", trained=trained, signal=signal,
        gate="sigmoid" if gate in OUTPUTS else gate, output=gate if gate in OUTPUTS else "mixture",
    )
    for row, trained in enumerate(TRAINED)
    for column, gate in enumerate(_GATES)
    for signal in (SIGNALS[(row + column) % len(SIGNALS)],)
)  # fmt: skip
"""A third of the factorial design: every gate with everything that is trained once, the signals as in a Latin square."""
ARMS = {arm.name: arm for arm in (*_ALL, *_CROSSED)}
"""By name. `replica_base` trains what the replica trains, without it."""
CROSSED = tuple(arm.name for arm in _CROSSED)
