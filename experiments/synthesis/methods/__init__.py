"""One file a method; `experiments/synthesis/search.py` says what a method is."""
