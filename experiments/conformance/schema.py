"""Tables of the experiment."""

from experiments.harness.schema import integer, real, table, text

ORDER = 10
TABLES = {
    "cases": table(
        "one row a machine and kind of case; a case is one instance",
        text("backend", "the machine", "key"),
        text("device", "where it ran", "key"),
        text("kind", "value, trap, timing, soft limit, gradient", "key"),
        integer("cases", "how many were run"),
        integer("passed", "equal to the judge in every field"),
        integer("failed", "all others"),
        text("first_failure", "where the first of those goes wrong", "missing"),
        real("time_s", "of all of them", "timing"),
    )
}
