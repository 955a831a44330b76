"""Made-up tables of instruction discovery."""

import pandas as pd

MACHINES = ("reference", "gpu_compute", "jax_tensor", "torch_neural")


def tables() -> dict[str, pd.DataFrame]:
    """A rotation pays most; greedy loses a tenth, and one ratified operation is found that none expected."""
    share = {"exact": 1.0, "marginal_greedy": 0.9, "random": 0.2, "second_solver": 1.0}
    selections = [
        (m, alike, k, seed, 100 * k, 2.0 * k * f, 2.5 * k * f, m in ("exact", "second_solver"))
        for m, f in share.items() for k in (1, 4, 8) for seed in range(3 if m == "random" else 1)
        for alike in (("program", "instruction") if m == "exact" else ("program",))
    ]  # fmt: skip
    operations = [
        ("rori", "(a << (32 - imm)) | (a >> imm)", True, 5, 9, 3, 4.5),
        ("op2", "(a >>s 31) ^ mulhu(a, b)", False, 4, 3, 1, 1.5),
    ]  # fmt: skip
    measured = [(m, p, 100, 90, 90) for m in MACHINES for p in ("crc32", "sha256")]
    ratified = [
        ("ror", "reachable", True, True, True),
        ("pack", "reachable", False, True, False),
        ("max", "branch", True, True, False),
    ]
    methods = {
        "exact": ("exact", 0),
        "descent": ("gradient", 4),
        "descent_permuted": ("control", 4),
        "annealing": ("discrete", 2),
    }
    entrants = [
        (case, m, family, 1.0 if m == "exact" else 0.1, 1e6, True, seed, 5e5, 100 + worse * (seed % 2), 100,
         worse * (seed % 2), worse * (seed % 2) == 0, f"1000:150 400000:{100 + worse * (seed % 2)}")
        for case in ("boolean_4", "words_4") for m, (family, worse) in methods.items()
        for seed in range(1 if m == "exact" else 4)
    ]  # fmt: skip
    families = ("coding", "crypto", "crypt")
    kinds = ("training", "training, operations of two programs or more", "all other families")
    generalisation = [
        (f, 2, 8, kind, 5.0 - k, 6.0 - k, 9.0, True) for k, kind in enumerate(kinds) for f in families[: 3 - k // 2]
    ]
    columns = {
        "programs": ["program", "family", "held_out", "instructions"],
        "selections": ["method", "alike", "count", "seed", "saved", "mean_percent", "all_percent", "optimal"],
        "operations": ["operation", "expression", "immediate", "nodes", "uses", "programs", "mean_percent"],
        "measured": ["backend", "program", "before", "predicted", "after"],
        "proofs": ["program", "blocks", "proven"],
        "machines": ["backend", "operation", "cases", "mismatches"],
        "ratified": ["operation", "declared", "corpus", "control", "selected"],
        "limits": ["limits", "uses", "operations", "mean_percent"],
        "generalisation": [
            "family",
            "programs",
            "count",
            "trained_on",
            "reduction_percent",
            "all_percent",
            "own_optimum_percent",
            "optimal",
        ],
        "front": ["point", "kind", "operations", "gates_alone", "unit_gates", "mean_percent", "optimal"],
        "clang": ["program", "base", "clang_extended", "selected"],
        "optima": ["case", "operations", "tasks", "sets", "optima", "best_cost"],
        "entrants": [
            "case",
            "method",
            "family",
            "share",
            "budget",
            "usual",
            "seed",
            "executions",
            "cost",
            "best",
            "regret_percent",
            "hit",
            "history",
        ],
        "controls": ["control", "statement", "value", "expected", "holds"],
    }
    rows = {
        "programs": [("crc32", "coding", False, 100), ("sha256", "crypto", False, 200), ("crypt", "crypt", True, 300)],
        "selections": selections, "operations": operations, "measured": measured,
        "proofs": [("crc32", 3, 3), ("sha256", 7, 7)], "ratified": ratified,
        "machines": [(m, "rori", 305, 0) for m in MACHINES],
        "limits": [("as chosen", 900, 300, 16.0), ("one input", 400, 100, 9.0)],
        "front": [("within 50 gates", "selected", 2, 48.0, 1100.0, 4.0, True), ("Zba", "ratified", 3, None, 1800.0, 1.0, True),
                  ("rv32e", "base", 0, 0.0, 1000.0, 0.0, True)],
        "clang": [("crc32", 100, 95, 90), ("sha256", 200, 180, 150)],
        "generalisation": generalisation,
        "entrants": entrants,
        "optima": [("boolean_4", 11, 256, 561, 3, 657)],
        "controls": [
            ("planted corpus", "what marginal_greedy loses, in percent", 35.0, "at least 10", True),
            *(
                ("assigned_roles", f"{role}, 3 points: share of held-out pairs right", 0.1, "below 1", True)
                for role in ("add", "mul")
            ),
        ],
    }  # fmt: skip
    return {name: pd.DataFrame(rows[name], columns=columns[name]) for name in columns}
