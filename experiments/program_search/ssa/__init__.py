"""Straight-line programs on registers in static single assignment form: every slot writes a register of its own.

form: what a slot may choose. lowering: from such programs to codes, by register_allocation. kernel: running and
differentiating them, compiled. straight_through, markov_chain: searches on that. value_bank, bottom_up: enumeration of values.
"""
