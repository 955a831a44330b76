"""How much of an AES key cycle counts give away, against the number of encryptions that an attacker times."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from experiments.harness.tables import Results
from figures import style

_BITS = 128
_KNOWN = ("aes_ttable", "aes_sbox", "aes_scan", "aes_bitsliced")


def draw(results: Results) -> Figure:
    """Key bits guessed right, median over keys with the range, per implementation; 0.5 of 128 is what guessing gives."""
    recovery = results.table("timing_crypto", "recovery")
    bits = recovery.assign(bits=8 * recovery["bytes_right"]).groupby(["implementation", "encryptions"])["bits"]
    points = bits.agg(["median", "min", "max"]).reset_index()
    figure, axes = plt.subplots(figsize=(style.COLUMN_IN, 2.3))
    for name, look in style.looks(_KNOWN, points["implementation"]).items():
        own = points[points["implementation"] == name]
        axes.plot(own["encryptions"], own["median"], **{**look, "label": name.replace("_", " ")})
        axes.fill_between(own["encryptions"], own["min"], own["max"], color=look["color"], alpha=0.2, linewidth=0)
    axes.set_xscale("log", base=2)
    axes.set_ylim(-4, _BITS + 4)
    axes.set_yticks(range(0, _BITS + 1, 32))
    axes.set_xlabel("encryptions timed")
    axes.set_ylabel("key bits in bytes guessed right")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure
