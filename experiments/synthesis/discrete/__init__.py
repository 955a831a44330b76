"""What discrete methods share: compiled chance, moves between codes, and the examples that they look at first."""
