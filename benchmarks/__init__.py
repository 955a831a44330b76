"""Speed, always as a ratio to a baseline of the same run. `make bench` writes the tables."""
