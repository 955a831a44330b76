"""Gradient descent on the logits of programs: at hard samples (`vertices.py`), and through the soft machine."""
