"""Noisy clocks: the native build on the processor's counter, the machines from outside, and the test for both."""
