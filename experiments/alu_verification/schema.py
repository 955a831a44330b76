"""Tables of the experiment."""

from experiments.harness.schema import boolean, integer, real, table, text

ORDER = 20
TABLES = {
    "operations": table(
        "what is known of each operation on each machine",
        text("backend", "the machine", "key"),
        text("operation", "of two words", "key"),
        integer("bits", "of the operands", "key"),
        text("evidence", "proven, enumerated or sampled", "key"),
        integer("cases", "pairs of operands that were run; a proof runs none"),
        integer("mismatches", "wrong results; of a proof, lemmas refuted"),
        real("time_s", "to know it", "timing"),
    ),
    "latency": table(
        "time of one operation",
        text("backend", "the machine", "key"),
        text("operation", "of two words", "key"),
        integer("batch", "instances at once", "key"),
        real("median_s", "of a whole batch", "timing"),
        real("low_s", "the fastest", "timing"),
        real("high_s", "the slowest", "timing"),
    ),
    "components": table(
        "every trained component on its whole input domain",
        text("component", "its name", "key"),
        integer("rows", "inputs, all that there are"),
        integer("mismatches", "rows that come out wrong"),
        integer("unsaturated", "entries that training left between 0 and 1"),
        real("smallest_margin", "distance of an output from the threshold, at least"),
        real("weight_margin", "change of a weight that no output notices, at least", "missing"),
        real("time_s", "of the enumeration", "timing"),
    ),
    "decoder": table(
        "the decoder composed of components, against the table of instructions",
        text("isa", "its instruction set", "key"),
        text("evidence", "sampled"),
        integer("cases", "words decoded"),
        integer("mismatches", "decoded otherwise than the table says"),
        real("time_s", "of the decoding", "timing"),
    ),
    "proofs": table(
        "lemmas from which the composition follows",
        text("operation", "that needs the lemma", "key"),
        text("lemma", "its statement", "key"),
        text("method", "proven or enumerated"),
        text("result", "holds, refuted or unknown"),
        text("detail", "counterexample, or the solver's reason", "missing"),
        real("time_s", "of the solver", "timing"),
    ),
    "faults": table(
        "deliberate faults, and what finds them",
        text("fault", "its kind; none: the control", "key"),
        text("where", "the component or wire", "key"),
        boolean("detected", "whether anything finds it"),
        text("detected_by", "what finds it", "missing"),
    ),
}
