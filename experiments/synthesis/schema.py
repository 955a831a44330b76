"""Tables of the experiment."""

from experiments.harness.schema import boolean, integer, real, table, text

ORDER = 40
_TASK = text("task", "its name", "key")
_METHOD = text("method", "label of the method and its options", "key")
_SEED = integer("seed", "of the examples and the method", "key")
_EVALUATIONS = real("evaluations", "executions of an instruction on an example that were spent")
TABLES = {
    "runs": table(
        "one row a search",
        _TASK,
        text("group", "of the task"),
        integer("shortest", "instructions of the shortest known solution"),
        _METHOD,
        text("family", "of the method"),
        _SEED,
        boolean("found", "whether a program fits all examples that the method saw"),
        boolean("right", "whether it holds on held-out examples and is not refuted"),
        integer("tested", "held-out examples"),
        text("proof", "proven, refuted, undecided or tested", "missing"),
        text("counterexample", "input words on which it is wrong", "missing"),
        integer("length", "instructions of the program, unneeded ones taken out"),
        text("program", "its assembly", "missing"),
        real("gap", "discretisation gap: loss of the hard program less that of the soft one", "missing"),
        _EVALUATIONS,
        real("wall_s", "of the search", "timing"),
        integer("restarts", "independent beginnings"),
        real("budget_evaluations", "executions that end the search"),
        real("budget_s", "about how many seconds they take on one core, by the method's rate"),
    ),
    "tasks": table(
        "spaces, and how rare solutions are in them",
        _TASK,
        text("group", "of the task"),
        integer("shortest", "instructions of the shortest known solution"),
        integer("length", "instructions of a program of the space, at most"),
        integer("operations", "that it may use"),
        integer("registers", "that it may use"),
        real("log10_space", "how many programs there are"),
        integer("solutions", "among the samples"),
        integer("samples", "programs drawn at random"),
        real("density_low", "of solutions, 95 % Wilson interval"),
        real("density_high", "of solutions, 95 % Wilson interval"),
    ),
    "traces": table(
        "how some searches went",
        _TASK,
        _METHOD,
        _SEED,
        real("evaluations", "spent so far", "key"),
        real("temperature", "of the choices", "missing"),
        real("loss", "of the soft program, or of the draws", "missing"),
        real("wrong_bits", "of an example", "missing"),
    ),
    "schedules": table(
        "straight-through descent under schedules of temperature",
        _TASK,
        text("schedule", "its name", "key"),
        real("first_temperature", "bits"),
        real("last_temperature", "bits"),
        _SEED,
        boolean("right", "whether the program holds on held-out examples and is not refuted"),
        _EVALUATIONS,
        real("wall_s", "of the search", "timing"),
    ),
}
