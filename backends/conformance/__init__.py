"""Conformance: one case table, at which every machine must leave the same execution as `reference`.

`cases` lists operations, traps and program files, `extensions` added operations, `atomics` those of extension A, `generate`
makes random programs, `soft` compares soft runs at temperature 0 and gradients, `oracle` is the judge of `reference` itself,
`compare` compares executions, `diagnosis` tells where a case goes wrong, `table` runs it all and prints the verdict.
"""
