"""Figures: one script each in the folder of its experiment, `draw(results) -> Figure`, drawn from recorded tables only.

`python -m figures` draws all of them as SVG and PDF. A new figure is a new file with a function `draw`.
"""
