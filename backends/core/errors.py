"""The one kind of error that is the user's to mend, and how commands show it."""

import sys
from collections.abc import Callable


class UserError(Exception):
    """A mistake of the user: one line that names the thing and the mend. Commands exit with 2."""


def exit_code(command: Callable[[], int]) -> int:
    """What a command returns; 2 for a mistake of the user and 130 for an interruption, each with one line on stderr."""
    try:
        return command()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
