"""How commands meet the user: errors that are theirs to fix, screens that cannot show a character, readers that have gone."""

import os
import sys
from collections.abc import Callable

from backends.interface import UserError

BROKEN_PIPE = 128 + 13
"""As a shell shows a process that SIGPIPE ended."""


def exit_code(command: Callable[[], int]) -> int:
    """What a command returns; 2 for a mistake of the user or a file that cannot be used, and 130 for an interruption, each with
    one line on stderr; 141, and silence, where nobody reads its output any more.

    What a screen's encoding does not have is shown as question marks.
    """
    for screen in (sys.stdout, sys.stderr):
        if hasattr(screen, "reconfigure"):  # not so where a test or a notebook put its own in place
            screen.reconfigure(errors="replace")
    try:
        code = command()
        if sys.stdout is not None:  # closed by who started us
            sys.stdout.flush()
        return code
    except BrokenPipeError:  # what is still to be written goes nowhere, or Python complains at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except (UserError, OSError) as error:
        file, what = getattr(error, "filename", None), getattr(error, "strerror", None)
        told = f"{file}: {what}" if file is not None and what else error  # the file comes first, as in other commands
        print(f"error: {told}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        return 130
