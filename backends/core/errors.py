"""The one kind of error that is the user's to mend."""


class UserError(Exception):
    """A mistake of the user: one line that names the thing and the mend. Commands exit with 2."""
