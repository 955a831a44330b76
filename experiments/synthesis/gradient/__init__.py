"""Gradients of programs: at hard samples (`vertices.py`, `paths.py`, `walk.py`) and through the soft machines."""
