"""The benchmarks of `benchmarks/` as an experiment, so that their tables are recorded like all others."""
