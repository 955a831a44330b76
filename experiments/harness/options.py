"""Values of a configuration, checked: names of known things, and counts."""

from collections.abc import Iterable

from backends.interface import UserError


def chosen_of(wanted, known: Iterable[str], what: str) -> tuple[str, ...]:
    """Names that the configuration asks for, in the known order. Raises UserError for one that is not known, and for none."""
    names = list(known) if wanted == "all" else [wanted] if isinstance(wanted, str) else list(wanted)
    for name in names:
        if name not in known:
            raise UserError(f"unknown {what} '{name}': all, or some of {', '.join(known)}")
    if not names:
        raise UserError(f"no {what} is named: give all, or some of {', '.join(known)}")
    return tuple(k for k in known if k in names)


def count_of(wanted, default: int, what: str, least: int) -> int:
    if wanted is None:
        return default
    if type(wanted) is not int or wanted < least:
        raise UserError(f"experiment.{what}={wanted}: give a whole number from {least}, or null for what the scale says")
    return wanted
