"""Tables and text on stdout."""

import sys
from typing import final

from rich.console import Console


@final
class Screen(Console):
    """What every command prints tables on: as wide as the terminal, or `width` where it is none."""

    def __init__(self, width: int = 120, **options) -> None:
        super().__init__(width=None if sys.stdout.isatty() else width, **options)

    def on_broken_pipe(self) -> None:
        """Leave it to `errors.exit_code`."""
        raise BrokenPipeError
