"""Timing leaks of cryptographic code: proven absent, measured, and exploited where they are real.

Leaks are differences between secrets, in a stated observer's clock. `python -m experiments.timing_crypto check` is the exact
constant-time verifier as a command for any C function.
"""
