"""Tables of the experiment. Everything measured is a timing."""

from experiments.harness.schema import integer, real, table, text

ORDER = 50
_BACKEND = text("backend", "the machine", "key")
_RANGE = (real("low", "the slowest round", "timing"), real("high", "the fastest round", "timing"))
_SPEED = real("instructions_per_s", "median of the rounds", "timing")
TABLES = {
    "throughput": table(
        "instructions a second by machine and batch",
        _BACKEND,
        integer("batch", "instances at once", "key"),
        text("program", "that runs", "key"),
        integer("steps", "instructions of each instance, as many as fill a round", "timing"),
        _SPEED,
        *_RANGE,
    ),
    "ratios": table(
        "speed as a ratio to a baseline in the same run",
        text("name", "what is measured", "key"),
        real("value", "median of the rounds", "timing"),
        *_RANGE,
        text("baseline", "what it is compared with", "key"),
    ),
    "profile": table(
        "instructions a second by kind of instruction", _BACKEND, text("instruction", "its kind", "key"), _SPEED, *_RANGE
    ),
    "floor": table(
        "what a step of the tensor computer has to do",
        _BACKEND,
        real("operations_per_step", "by XLA's own count"),
        real("bytes_per_step", "by XLA's own count"),
    ),
    "hardware": table(
        "the accelerator, and what it does at most", text("fact", "what is said", "key"), text("value", "in words or digits")
    ),
    "kernel": table(
        "instructions a second of the step's kernel alone, the instances on the GPU",
        _BACKEND,
        text("program", "that all run; all five: neighbours run different ones", "key"),
        integer("batch", "instances at once", "key"),
        integer("steps", "instructions of each instance in a launch", "timing"),
        _SPEED,
        *_RANGE,
    ),
    "evaluations": table(
        "runs of short programs on examples, as a search asks for them",
        _BACKEND,
        integer("programs", "different ones in a batch", "key"),
        integer("examples", "on which each runs"),
        real("runs_per_s", "median of the rounds", "timing"),
        *_RANGE,
    ),
    "addition": table(
        "neural additions of two words",
        _BACKEND,
        integer("batch", "pairs at once", "key"),
        real("additions_per_s", "median of the rounds", "timing"),
        *_RANGE,
    ),
    "soft_step": table(
        "training steps of the soft machine, forward and backward",
        _BACKEND,
        text("relaxation", "bits or value", "key"),
        text("dtype", "of the logits", "key"),
        text("operations", "all, or how many a program may use", "key"),
        integer("examples", "of a batch", "key"),
        integer("slots", "of a program"),
        integer("steps", "of a run"),
        integer("restarts", "programs that train side by side", "key"),
        real("program_example_steps_per_s", "median of the rounds", "timing"),
        *_RANGE,
    ),
}
