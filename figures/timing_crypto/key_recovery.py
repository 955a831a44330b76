"""How much of an AES key cycle counts give away, against the number of encryptions that an attacker times."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from figures import style

_BITS = 128
_KNOWN = ("aes_ttable", "aes_sbox", "aes_scan", "aes_bitsliced", "aes_ttable_shuffled", "aes_sbox_shuffled")


def draw(results: Results) -> Figure:
    """Key bits guessed right, median over keys with the range, per implementation; 0.5 of 128 is what guessing gives."""
    recovery = results.table("timing_crypto", "recovery")
    bits = (8 * recovery["bytes_right"]).groupby([recovery["implementation"], recovery["encryptions"]])
    points = bits.agg(median="median", low="min", high="max").reset_index()
    figure, axes = plt.subplots(figsize=(style.COLUMN_IN, 2.3))
    for name, look in style.looks(_KNOWN, points["implementation"]).items():
        own = points[points["implementation"] == name]
        style.band(axes, own, "encryptions", {**look, "label": name.replace("_", " ")})
    axes.set_xscale("log", base=2)
    axes.set(xlabel="encryptions timed", ylabel="key bits in bytes guessed right")
    axes.set(ylim=(-4, _BITS + 4), yticks=range(0, _BITS + 1, 32))
    style.legend(figure, columns=2)
    return figure
