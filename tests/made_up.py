"""Result tables made up for tests of what lies behind them: figures, paper, claims. None of these numbers was measured."""

from pathlib import Path

import numpy as np
import pandas as pd
import yaml

import made_up_coprocessor
import made_up_isa
import made_up_soft_memory
from backends.core import isa
from experiments.harness import record, schema

COMPONENTS = ["component", "rows", "mismatches", "unsaturated", "smallest_margin", "weight_margin", "time_s"]
MACHINES = ("reference", "gpu_compute", "jax_tensor", "torch_neural")


def results(root: Path) -> Path:
    """A results folder with every table of every experiment; returns it."""
    noise = np.random.default_rng(0)
    for experiment, tables in (
        ("conformance", {"cases": _cases()}),
        ("alu_verification", _alu(noise)),
        ("timing_crypto", _timing()),
        ("benchmarks", _benchmarks(noise)),
        ("synthesis", _synthesis(noise)),
        ("isa_discovery", made_up_isa.tables()),
        ("coprocessor", made_up_coprocessor.tables()),
        ("soft_memory", made_up_soft_memory.tables()),
    ):
        completed = {name: _completed(schema.of(experiment)[name], frame) for name, frame in tables.items()}
        schema.check_all(experiment, completed)
        record.write(root / experiment, _facts(experiment), completed)
    return root


def gpu(root: Path) -> Path:
    """What a GPU left in a folder of its own; returns it."""
    kernel = [
        ("gpu_compute", b, p, s := 1e8 * b, 0.9 * s, 1.1 * s) for b in (1, 1 << 10, 1 << 20) for p in ("loop", "all five")
    ]
    columns = ["backend", "batch", "program", "instructions_per_s", "low", "high"]
    tables = {
        "throughput": pd.DataFrame([("gpu_compute", b, "loop", 1e6 * b, 9e5 * b, 2e6 * b) for b in (1, 1024)], columns=columns),
        "kernel": pd.DataFrame(kernel, columns=columns),
        "hardware": pd.DataFrame({"fact": ["name", "lane operations a second"], "value": ["made up", "1e15"]}),
        "evaluations": pd.DataFrame({"backend": ["gpu_compute"], "programs": [64]}),
        "addition": pd.DataFrame({"backend": ["torch_neural"] * 2, "batch": [1, 64], "additions_per_s": [1e3, 5e4]}),
        "soft_step": pd.DataFrame({"backend": ["jax_tensor"] * 2, "relaxation": ["bits", "value"], "examples": 32}),
    }
    for experiment, found in (("conformance", {"cases": _cases().query("backend != 'reference'")}), ("benchmarks", tables)):
        completed = {name: _completed(schema.of(experiment)[name], frame) for name, frame in found.items()}
        facts = _facts(experiment)
        record.write(root / experiment, facts | {"machine": facts["machine"] | {"gpu": "made-up GPU"}}, completed)
    return root


def belongs(folder: Path, of: str, role: str) -> None:
    """Write into the manifest beside the results: those in `folder` belong to the set `of` as `role`."""
    entry = {"title": "made up", "scale": "smoke", "hardware": "made up"}
    manifest = folder.parent / "manifest.yaml"
    known = yaml.safe_load(manifest.read_text()) if manifest.is_file() else {}
    manifest.write_text(yaml.safe_dump(known | {of: entry, folder.name: entry | {"of": of, "role": role}}))


def _completed(declared: schema.Table, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with arbitrary values in the columns of its schema that it does not have."""
    rng, made = np.random.default_rng(0), {}
    for column in declared.columns:
        numbers = np.arange(len(frame)) if column.key else rng.integers(1, 100, len(frame))
        made[column.name] = {
            "text": np.array([f"{column.name} {n}" for n in numbers], object), "integer": numbers,
            "real": numbers + rng.random(len(frame)), "boolean": numbers % 2 == 0,
        }[column.kind]  # fmt: skip
    return pd.DataFrame(made).assign(**frame.reset_index(drop=True))


def _facts(experiment: str) -> dict:
    return {
        "experiment": experiment, "scale": "smoke", "key": "made up", "config": {}, "seed": 0,
        "code": {"commit": "0" * 40, "dirty": False}, "packages": {"python": "3.11"},
        "machine": {"system": "made up", "cpu": "made up", "cores": 2, "memory_bytes": 1 << 33, "gpu": None, "threads": {}},
        "started": "2000-01-01T00:00:00Z", "wall_time_s": 12.5, "peak_memory_bytes": 1 << 29,
    }  # fmt: skip


def _cases() -> pd.DataFrame:
    soft = ("soft limit", "gradient")
    kinds = {m: ("value", "trap", "timing", *(soft if m in ("jax_tensor", "torch_neural") else ())) for m in MACHINES}
    rows = [(m, "cpu", kind, 1000, 1000, 0, "", 1.5) for m in MACHINES for kind in kinds[m]]
    columns = ["backend", "device", "kind", "cases", "passed", "failed", "first_failure", "time_s"]
    return pd.DataFrame(rows, columns=columns)


def _alu(noise) -> dict[str, pd.DataFrame]:
    names = ("carry_combine", "full_adder", "truth_tables", "byte_product", "shift_router", "decoder")
    components = [(n, 2 ** (i + 3), 0, 0, 0.5, 0.3 - 0.01 * i, 0.1) for i, n in enumerate(names)]
    proofs = [(op, "the whole operation", "proven", "holds", "", 0.5) for op in isa.ARITHMETIC]
    faults = [("none", "unmodified", False, "")]
    faults += [(w, "carry", True, "enumeration and proof of add") for w in ("weight", "row")]
    faults += [("wire", "carry", True, "proof of add")]
    operations = [
        (m, op, 32, "proven" if m == "torch_neural" else "sampled", 0 if m == "torch_neural" else 10**6, 0, 1.0)
        for m in MACHINES
        for op in isa.ARITHMETIC
    ]
    speed = {"reference": 1e-5, "gpu_compute": 1e-6, "jax_tensor": 5e-5, "torch_neural": 1e-4}
    latency = [
        (m, op, b, t := speed[m] * (1 + noise.random()) * (b**0.6), t * 0.9, t * 1.2)
        for m in MACHINES
        for op in isa.ARITHMETIC
        for b in (1, 4096)
    ]
    return {
        "components": pd.DataFrame(components, columns=COMPONENTS),
        "decoder": pd.DataFrame({"isa": ["rv32em"], "evidence": ["sampled"], "cases": [1000], "mismatches": [0]}),
        "proofs": pd.DataFrame(proofs, columns=["operation", "lemma", "method", "result", "detail", "time_s"]),
        "faults": pd.DataFrame(faults, columns=["fault", "where", "detected", "detected_by"]),
        "operations": pd.DataFrame(
            operations, columns=["backend", "operation", "bits", "evidence", "cases", "mismatches", "time_s"]
        ),
        "latency": pd.DataFrame(latency, columns=["backend", "operation", "batch", "median_s", "low_s", "high_s"]),
    }


def _timing() -> dict[str, pd.DataFrame]:
    aes, policies = (("aes_ttable", "aes_sbox", "aes_scan", "aes_bitsliced"), ("warm", "flushed", "evictions", "background"))
    leaks = [
        (name, m, "cache" if p else "flat", p, 64 if p else 0, 16, 2, 1233, 1500, 1600, 0.0, 100, 1, None if p else 1, 0)
        for name in (*aes, "compare_early")
        for m in ("reference", "gpu_compute")
        for p in ("", *policies)
    ]
    sweep = [
        (i, p, n, 1 << 15, 0, 64, 8, 1500, 1600, 0.0, 10 * n * (i == "aes_ttable"), 4096, 5.0)
        for i in aes for p in policies for n in (16, 64)
    ]  # fmt: skip
    sweep += [(i, "flushed", 64, 1 << 15, 16, 64, 8, 1500, 1600, 0.0, 7, 4096, 5.0) for i in aes[:2]]
    recovery = [
        (i, 64, k, 1 << n, n, 16 if i == "aes_ttable" and n > 15 else 1, i == "aes_ttable" and n > 15, n,
         50 if "table" in i else 1, 2.0)
        for i in (*aes, "aes_ttable_shuffled") for k in range(3) for n in (14, 16, 18)
    ]  # fmt: skip
    dudect = [
        ("native", i, f"{i}, flushed", "tsc", s, 10**n, 2.0**n, 2.0)
        for i in ("aes_ttable", "aes_bitsliced", "compare_early") for s in (0, 1) for n in (3, 4, 5)
    ]  # fmt: skip
    dudect += [(m, "compare_constant", "compare constant", "monotonic", 0, 100, 1.5, 2.0) for m in MACHINES]
    constant = [
        (i, f, level, "proven", 0, "", "", 5000, 40, 1000, 1, 1)
        for i, f in (*((i, "aes128_encrypt") for i in aes), ("primitives", "ct_select"), ("primitives", "select_naive"))
        for level in ("-O0", "-O2")
    ]
    columns = {
        "vectors": ["backend", "implementation", "suite", "cases", "passed", "instructions"],
        "functions": ["function", "level", "expected", "verdict", "lines_right", "distinct_traces", "outcome"],
        "constant_time": [
            "implementation", "function", "level", "verdict", "violations", "first_line", "kinds", "instructions",
            "public_inputs", "secrets_tried", "distinct_pcs", "distinct_accesses",
        ],
        "leaks": [
            "implementation", "backend", "timing", "policy", "line_bytes", "secrets", "repeats", "instructions",
            "cycles_min", "cycles_max", "within_sd", "between_cycles", "distinct_pcs", "distinct_accesses", "disagreements",
        ],
        "sweep": [
            "implementation", "policy", "line_bytes", "capacity_bytes", "table_offset", "secrets", "repeats", "cycles_min",
            "cycles_max",
            "within_sd", "between_cycles", "measurements", "max_t",
        ],
        "recovery": [
            "implementation", "line_bytes", "key", "encryptions", "relations_right", "bytes_right", "found", "candidates",
            "distinct_cycles", "time_s",
        ],
        "dudect": ["machine", "implementation", "condition", "clock", "seed", "measurements", "max_t", "mean_difference"],
        "variance": ["implementation", "clock", "calls", "median", "variation", "spread"],
    }  # fmt: skip
    rows = {
        "vectors": [("gpu_compute", i, "FIPS-197", 10, 10, 1233) for i in aes],
        "functions": [("branch", "-O2", "violations", "violations", True, 2, "right"),
                      ("mask", "-O2", "proven", "proven", True, 1, "right")],
        "constant_time": constant, "leaks": leaks, "sweep": sweep, "recovery": recovery, "dudect": dudect,
        "variance": [(i, "tsc", 1000, 500.0, 0.1, 0.5) for i in aes],
    }  # fmt: skip
    return {name: pd.DataFrame(rows[name], columns=columns[name]) for name in columns}


METHODS = {
    "straight_through": "gradient", "annealed_bits": "gradient", "annealed_value": "gradient",
    "hybrid": "hybrid", "mcmc": "discrete",
    "enumeration": "discrete", "smt": "discrete", "sketches": "discrete", "fixed_temperature": "control",
    "fixed_temperature_bits": "control", "hybrid_without_gradient": "ablation", "warm_start": "ablation",
}  # fmt: skip
"""Sketches are of loops alone."""
TASKS = {
    "increment": ("control", 1), "add": ("elementary", 1), "mul": ("elementary", 1), "square_plus": ("elementary", 2),
    "max": ("elementary", 5), "min": ("elementary", 5), "abs": ("elementary", 3), "swap": ("elementary", 3),
    **{f"p{k:02}": ("hackers_delight", 2 + k // 5) for k in range(1, 13)},
    "sum_to_n": ("loops", 3), "sum_array": ("loops", 4), "bubble_sort": ("loops", 8),
}  # fmt: skip


def _synthesis(noise) -> dict[str, pd.DataFrame]:
    """Gradient, hybrid and discrete methods succeed, but for sorting; the control does on the planted task alone."""
    runs, seeds = [], range(4)
    for task, (group, shortest) in TASKS.items():
        for method, family in METHODS.items():
            for seed in seeds if method != "sketches" or group == "loops" else ():
                right = (task != "bubble_sort" or method == "hybrid") and (family != "control" or group == "control")
                proof = ("tested" if group == "loops" else "proven") if right else ""
                spent = (1e4 if method == "hybrid" else 1e5) * 4.0**shortest * (1 + noise.random())
                program = ("xor a0, a0, a1; " * 3).removesuffix("; ") if task == "swap" else "add a0, a0, a1"
                gap = 0.5 if family == "gradient" else np.nan
                runs.append(
                    (task, group, shortest, method, family, seed, right, right, 1024, proof, "", spent, spent / 1e6, 3,
                     shortest * right, program if right else "", gap, 1e9, 60.0)
                )  # fmt: skip
    tasks = [(t, g, n, n + 1, 19, 5, 4.3 * n, 0, 10**6, 0.0, 3.8e-6) for t, (g, n) in TASKS.items()]
    traces = [
        ("max", m, s, 1e4 * k, 2.0**-k, 8.0 / k, max(0, 6 - k) + s)
        for m in ("straight_through", "annealed_bits") for s in seeds for k in range(1, 10)
    ]  # fmt: skip
    schedules = [
        ("abs", f"{first:g} to {last:g}", first, last, s, first > last, 1e5, 1.0)
        for first, last in ((1.0, 0.1), (10.0, 0.1), (1.0, 1.0), (10.0, 10.0)) for s in seeds
    ]  # fmt: skip
    columns = {
        "runs": [
            "task", "group", "shortest", "method", "family", "seed", "found", "right", "tested", "proof", "counterexample",
            "evaluations", "wall_s", "restarts", "length", "program", "gap", "budget_evaluations", "budget_s",
        ],
        "tasks": [
            "task", "group", "shortest", "length", "operations", "registers", "log10_space", "solutions", "samples",
            "density_low", "density_high",
        ],
        "traces": ["task", "method", "seed", "evaluations", "temperature", "loss", "wrong_bits"],
        "schedules": ["task", "schedule", "first_temperature", "last_temperature", "seed", "right", "evaluations", "wall_s"],
    }  # fmt: skip
    rows = {"runs": runs, "tasks": tasks, "traces": traces, "schedules": schedules}
    return {name: pd.DataFrame(rows[name], columns=columns[name]) for name in columns}


def _benchmarks(noise) -> dict[str, pd.DataFrame]:
    speed = {"reference": 1e4, "gpu_compute": 4e8, "jax_tensor": 2e3, "torch_neural": 4e3}
    throughput = [
        (m, b, p, s := speed[m] * b**0.5 * (1 + 0.1 * noise.random()), 0.9 * s, 1.1 * s)
        for m in MACHINES
        for b in (1, 64, 256, 1024, 16384)
        for p in ("loop", "mix")
    ]
    core, against = "gpu_compute, one core, ", "C switch interpreter, -O3"
    ratios = [(f"{core}loop", 1.1, 1.0, 1.2, against), (f"{core}mixed", 0.95, 0.9, 1.0, against)]
    ratios += [("gpu_compute, 2 cores, batch 1024", 1.8, 1.7, 1.9, "one core")]
    ratios += [(f"{core}loop, plain", 1.4, 1.3, 1.5, f"with {kind}") for kind in ("taint", "a trace", "a cache")]
    soft = [(m, r, "float64", 1e5, 9e4, 1.1e5) for m in MACHINES[2:] for r in ("bits", "value")]
    return {
        "throughput": pd.DataFrame(throughput, columns=["backend", "batch", "program", "instructions_per_s", "low", "high"]),
        "ratios": pd.DataFrame(ratios, columns=["name", "value", "low", "high", "baseline"]),
        "profile": pd.DataFrame(
            [(b, i, 1e6, 0.9e6, 1.1e6) for b in ("jax_tensor", "gpu_compute") for i in ("add", "lw")],
            columns=["backend", "instruction", "instructions_per_s", "low", "high"],
        ),
        "floor": pd.DataFrame({"backend": ["jax_tensor"], "operations_per_step": [250], "bytes_per_step": [44]}),
        "soft_step": pd.DataFrame(
            soft, columns=["backend", "relaxation", "dtype", "program_example_steps_per_s", "low", "high"]
        ),
    }
