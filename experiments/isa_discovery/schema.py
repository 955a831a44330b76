"""Tables of the experiment."""

from experiments.harness.schema import boolean, integer, real, table, text

ORDER = 45
TABLES = {
    "programs": table(
        "what operations are selected on, and what is held out",
        text("program", "its file", "key"),
        text("family", "of what it computes"),
        boolean("held_out", "from selection"),
        integer("instructions", "executed"),
        integer("slots", "instructions that it has"),
        integer("blocks", "that ran"),
    ),
    "selections": table(
        "how much is saved by operations that a method chooses",
        text("method", "that chooses", "key"),
        text("alike", "what counts alike: each program, or each instruction", "key"),
        integer("count", "operations, at most", "key"),
        integer("seed", "of the method; 0 where it has none", "key"),
        integer("saved", "instructions, where each program counts alike weighted so that it has as many"),
        real("mean_percent", "instructions saved, mean over programs"),
        real("all_percent", "instructions saved, of those of all programs"),
        boolean("optimal", "whether the method shows that nothing saves more"),
        real("time_s", "of the choice", "timing"),
    ),
    "operations": table(
        "the best few together",
        text("operation", "its name", "key"),
        text("expression", "what it computes, of a and b or an immediate"),
        boolean("immediate", "whether its second operand is one"),
        integer("nodes", "of the expression, constants among them"),
        integer("uses", "places in the code"),
        integer("programs", "that use it"),
        real("mean_percent", "instructions saved, mean over programs, jumps over free room not taken off"),
    ),
    "measured": table(
        "programs rewritten to use these operations, as counted by a machine; output and exit code are the same",
        text("backend", "the machine", "key"),
        text("program", "its file", "key"),
        integer("before", "instructions executed"),
        integer("predicted", "with the operations"),
        integer("after", "with the operations, as counted"),
    ),
    "proofs": table(
        "rewritten blocks, proven to compute what the block did",
        text("program", "its file", "key"),
        integer("blocks", "rewritten"),
        integer("proven", "of these"),
    ),
    "machines": table(
        "each of these operations alone on a machine, sampled",
        text("backend", "the machine", "key"),
        text("operation", "its name", "key"),
        integer("cases", "pairs of operands"),
        integer("mismatches", "other than the expression says"),
    ),
    "ratified": table(
        "operations that RISC-V has ratified, found again",
        text("operation", "its name", "key"),
        text("declared", "before the run: reachable, or what keeps it out"),
        boolean("corpus", "whether it is a candidate in the corpus"),
        boolean("control", "whether it is one in a program that computes all reachable ones"),
        boolean("selected", "whether it is among the best sixteen"),
    ),
    "limits": table(
        "what is saved with an ingredient taken away",
        text("limits", "of candidates", "key"),
        integer("uses", "places where something could be replaced"),
        integer("operations", "that could be added"),
        real("mean_percent", "instructions saved, mean over programs"),
        real("all_percent", "instructions saved, of those of all programs"),
    ),
    "controls": table(
        "what must lose, find nothing, or be refused",
        text("control", "and what is counted", "key"),
        real("value", "found"),
        text("expected", "what it has to be"),
        boolean("holds", "whether it is"),
    ),
}
