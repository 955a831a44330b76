"""Figures of the experiment."""
