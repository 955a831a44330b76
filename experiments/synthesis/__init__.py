"""When does gradient descent find programs, and what finds them faster? One instruction set, one budget, many methods."""
