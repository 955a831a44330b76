"""`python -m experiments …`."""

import sys

from experiments.harness.composition import main

sys.exit(main())
