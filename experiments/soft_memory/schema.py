"""Tables of the experiment."""

from experiments.harness.schema import boolean, integer, real, table, text

ORDER = 45
_ADDRESSING = text("addressing", "softmax, sparsemax, entmax, bits or value", "key")
_CELLS = integer("cells", "of memory", "key")
_DELTA = real("delta", "gap of the scores over the temperature", "key")
TABLES = {
    "reads": table(
        "single soft reads",
        _ADDRESSING,
        _CELLS,
        _DELTA,
        real("leak", "mass that is not on the right cell"),
        real("predicted", "by the law"),
    ),
    "needed": table(
        "the gap that a leak of a thousandth needs",
        _ADDRESSING,
        _CELLS,
        real("delta", "gap of the scores over the temperature, by the law"),
        real("leak", "measured there"),
    ),
    "horizon": table(
        "reads of which each needs the one before",
        _ADDRESSING,
        _CELLS,
        _DELTA,
        integer("reads", "one after the other", "key"),
        real("right", "mass that is where it should be"),
        real("predicted", "by the law"),
    ),
    "sums": table(
        "the soft machine jax_tensor sums an array",
        text("relaxation", "bits or value", "key"),
        text("program", "a loop, or straight code", "key"),
        integer("memory_bytes", "all of them the array", "key"),
        integer("steps", "of the machine"),
        real("predicted", "temperature at which the sum is first wrong, before any run"),
        real("right", "highest temperature tried at which it is right"),
        real("wrong", "lowest temperature tried at which it is wrong, next to it"),
    ),
    "controls": table(
        "what must hold, and what must break the law",
        text("control", "what is tried", "key"),
        real("value", "measured"),
        text("wanted", "what it has to be"),
        boolean("holds", "whether it is"),
    ),
}
