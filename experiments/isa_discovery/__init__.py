"""Which instructions should the machine have? Operations selected exactly on real code, and the code that uses them, run.

machine_code: control flow of an executable. dataflow: what a block computes. candidates: subgraphs that one operation could
replace. operations: what these compute, equal ones proven equal. selection: the best few, by integer programming; checker: an
independent look at its answer. layout: the rewritten executable; proof: its blocks compute the same.
area: gates of operations and of units with them, from verilog by synthesis; gate_tables: those that come with the suite.
corpus: the programs, by family; compilers: what Clang makes of ratified extensions. selection_tables: what is selected on the
corpus, run and proven; comparison_tables: what that is worth elsewhere; controls, generalisation: what they ask.
invention: where the best instructions are known, what finds them.
"""
