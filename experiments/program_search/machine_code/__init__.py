"""Programs as machine code: with registers that are reused, branches, loops and memory.

instructions: packed instructions from choices. gradient_proposals, markov_chain: stochastic search. adjoint_scores,
branch_choices, execution_scores, straight_through: descent. instruction_sets, exhaustive: all codes in order.
loop_counters, loop_sketches: codes whose slots have roles.
"""
