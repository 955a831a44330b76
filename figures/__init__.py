"""Figures: one script each, `draw(results) -> Figure`, drawn from recorded tables only.

`python -m figures` draws all of them as SVG and PDF. A new figure is a new file here with a function `draw`.
"""
