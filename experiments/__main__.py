"""`python -m experiments …`."""

import sys

from backends.core.errors import exit_code
from experiments.harness.composition import main

sys.exit(exit_code(main))
