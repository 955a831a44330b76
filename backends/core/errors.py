"""How commands show errors that are the user's to fix."""

import sys
from collections.abc import Callable

from backends.interface import UserError


def exit_code(command: Callable[[], int]) -> int:
    """What a command returns; 2 for a mistake of the user or a file that cannot be used, and 130 for an interruption, each with
    one line on stderr."""
    try:
        return command()
    except (UserError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
