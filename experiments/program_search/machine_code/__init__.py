"""Programs as machine code: with registers that are reused, branches, loops and memory.

instructions: what slots may hold. gradient_proposals, markov_chain: stochastic search. adjoint_scores,
branch_choices, execution_scores, straight_through: descent. exhaustive: all codes in order.
loop_counters, loop_sketches: codes whose slots have roles.
"""
