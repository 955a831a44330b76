"""Hydra configuration groups; a package so that Hydra finds it."""
