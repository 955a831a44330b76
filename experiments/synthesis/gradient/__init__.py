"""Gradients of programs: descent on logits at hard samples (`vertices.py`, `paths.py`) and through the soft machines, and walks."""
