"""Numbers as people write them, for the claims table, the paper and the report."""

import math

_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))


def number(value: float) -> str:
    """Three digits, thousands apart; a power of ten only where it is shorter."""
    if not math.isfinite(value):
        return "–" if math.isnan(value) else "∞"
    if value == round(value) and abs(value) < 1e15:
        return f"{value:,.0f}"
    if 1e-3 <= abs(value) < 1e6:
        digits = 2 - math.floor(math.log10(abs(value)))
        return f"{round(value, digits):,.{max(0, digits)}f}"
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def quantity(value: float, unit: str) -> str:
    """Three digits with the unit's prefix: `quantity(0.00108, "s")` is "1.08 ms"."""
    if math.isnan(value):
        return "–"
    size, prefix = next((p for p in _PREFIXES if abs(value) >= 0.9995 * p[0]), _PREFIXES[-1])
    return f"{number(float(f'{value / size:.3g}'))} {prefix}{unit}"
