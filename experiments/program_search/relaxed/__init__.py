"""Straight-line programs in static single assignment form as distributions, which descend through a differentiable machine.

descent: what a descent is made of, in any framework: losses and steps. jax_descent, torch_descent: on each machine.
rounds: restarts side by side, with an account of what they execute.
"""
