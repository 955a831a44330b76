"""What of the arithmetic of every machine is proven, enumerated and sampled; injected faults; latency per operation.

`torch_neural`: every trained component on its whole domain, and the composition proven. Every machine: all pairs of 8-bit
operands and sampled pairs of words, through the machine's own instructions.
"""

from dataclasses import dataclass
from functools import partial

import pandas as pd

from backends.core import catalog, isa
from backends.interface import Backend
from backends.torch_neural.networks import entries, load_classifier, load_weights
from experiments.alu_verification.components import components, decoder
from experiments.alu_verification.faults import faults
from experiments.alu_verification.latency import latency
from experiments.alu_verification.prove import prove
from experiments.alu_verification.sample import exhaustive_8bit, random_pairs
from experiments.alu_verification.schema import TABLES
from experiments.harness.parts import Part, run_parts

NEURAL = "torch_neural"
CERTIFIED = ("components", "decoder", "proofs", "faults")


@dataclass(frozen=True)
class Scale:
    """Pairs are per operation: of `torch_neural`, which is proven besides; of `gpu_compute`; of the other machines. timed:
    the operations of which the latency is taken, in these batches."""

    neural_pairs: int
    compiled_pairs: int
    sampled_pairs: int
    proved: tuple[str, ...]
    enumerated: tuple[str, ...]
    timed: tuple[str, ...]
    latency_batches: tuple[int, ...]


SCALES = {
    "smoke": Scale(
        5_000, 5_000, 5_000, ("add", "sltu", "sra", "mul", "divu"), ("add", "mul", "div", "sra"), ("add", "mul"), (1, 64)
    ),
    "quick": Scale(60_000, 1_000_000, 20_000, isa.ARITHMETIC, isa.ARITHMETIC, isa.ARITHMETIC, (1, 1024)),
    "full": Scale(1_000_000, 1_000_000_000, 1_000_000, isa.ARITHMETIC, isa.ARITHMETIC, isa.ARITHMETIC, (1, 1024, 16384)),
}


def run(cfg) -> dict[str, pd.DataFrame]:
    """`operations` and `latency` of every machine; with `torch_neural` also the tables that certify it."""
    scale, machines = SCALES[cfg.scale], {name: catalog.create(name, cfg.device) for name in cfg.backends}
    certified = CERTIFIED if NEURAL in machines else ()
    parts = [Part(table, partial(_certified, table, scale, cfg.seed)) for table in certified]
    for name, machine in machines.items():
        parts.append(Part(f"operations_{name}", partial(_tested, cfg, scale, name, machine)))
        batches = scale.latency_batches[: 1 if name == "reference" else None]  # which runs a batch one after another
        measure = partial(latency, name, machine, batches, cfg.seed, scale.timed, cfg.device)
        parts.append(Part(f"latency_{name}", measure, timed=True))
    found = run_parts(cfg, parts)
    proven = [_proven(found["proofs"])] if "proofs" in found else []
    tested, timed = ([found[f"{what}_{name}"] for name in machines] for what in ("operations", "latency"))
    joined = partial(pd.concat, ignore_index=True)
    return {"operations": joined([*proven, *tested]), "latency": joined(timed), **{t: found[t] for t in certified}}


def _certified(table: str, scale: Scale, seed: int) -> pd.DataFrame:
    """One of the tables of the trained networks."""
    weights, classifier = load_weights(), load_classifier()
    if table == "components":
        return components(weights, classifier)
    if table == "decoder":
        return decoder(entries(weights), classifier)
    return prove(entries(weights), scale.proved) if table == "proofs" else faults(weights, classifier, seed)


def _proven(proofs: pd.DataFrame) -> pd.DataFrame:
    """One row per operation of which every lemma holds, and per operation with a lemma refuted; unknown is neither."""
    rows = []
    for operation, lemmas in proofs.groupby("operation", sort=False):
        refuted = int((lemmas["result"] == "refuted").sum())
        if refuted or (lemmas["result"] == "holds").all():
            rows.append((NEURAL, operation, 32, "proven", 0, refuted, lemmas["time_s"].sum()))
    return TABLES["operations"].frame(rows)


def _tested(cfg, scale: Scale, name: str, machine: Backend) -> pd.DataFrame:
    pairs = {NEURAL: scale.neural_pairs, "gpu_compute": scale.compiled_pairs}.get(name, scale.sampled_pairs)
    enumerated = exhaustive_8bit(name, machine, scale.enumerated, cfg.device)
    return pd.concat((enumerated, random_pairs(name, machine, pairs, cfg.seed, cfg.device)), ignore_index=True)
