"""Search for programs: short codes of RISC-V instructions that turn given inputs into given outputs.

Rooms, each imports those above it alone:

    space, assembly            which codes there are, as tables for compiled code, without idle instructions; their text
    problem, budget            examples and a space; executions, the unit that searches are limited by
    random_numbers             for compiled code, with a state of one's own
    evaluation                 many codes on many examples, compiled; machine_check: one code on the hard machines
    equivalence                is a code equal to a meaning on all inputs?
    ssa/                       programs in static single assignment form, where no slot can spoil what another one needs
    machine_code/              programs as machine code, with branches and memory
    relaxed/                   programs as distributions, which descend through a differentiable machine
    methods/                   a file a method, with its name, family, options and what it fits

Glossary. *Code*: `[L, 5]` int32, a program of L slots (`space`). *Slot*: the place of an instruction. *Example*: words that go
in and words that must come out. *Search*: one thread that looks for a code which is right on all examples. *Execution*: one
instruction of one code on one example; a step backward counts as two. *Draw*: a program as it is chosen from logits.
*Prior*: the logits without evidence. *Score* of an alternative: how many wrong bits it would add by first order.

    from experiments.program_search import methods
    from experiments.program_search.budget import Budget
    outcome = methods.get("enumeration").search(problem, Budget(1e8), numpy.random.default_rng(0))
"""
