"""The control: the descent of `annealed` at one temperature, which is all that it differs in.

A fixed temperature alone does not keep choices soft: they sharpen as the logits spread, and Adam lets logits grow by its rate
in every iteration. In relaxation `value` the temperature of 1 at which annealing begins keeps them soft enough; in relaxation
`bits` it takes 10, about what Adam can add to a logit in a whole descent. Programs are read off from soft choices too, which
is a random search: a control may succeed where solutions are common.
"""

from dataclasses import replace

from experiments.program_search.methods import annealed

METHOD = replace(
    annealed.METHOD, name="fixed_temperature", family="control", about="descent through the soft machine at one temperature",
    given={"first_temperature": 1.0, "last_temperature": 1.0},
)  # fmt: skip
VARIANTS = (
    METHOD.variant("fixed_temperature", 11, given={"relaxation": "value"}),
    METHOD.variant("fixed_temperature_bits", 16, given={"first_temperature": 10.0, "last_temperature": 10.0}),
)
