"""Machines compared case by case; the cases and the comparison are `backends.conformance`."""
