"""Instructions invented where the optimum is known: which few operations make the programs of given tasks shortest.

case: operations, tasks, and what a set of operations costs. boolean, words, transducers: the cases. formulas, straight_line:
shortest programs over a set, exact. optima: all best sets. entrants: the methods, one a file, at equal executions. tables: what
the experiment records; controls, assigned_roles: what must come out, and what regression on assigned roles is worth.
"""
