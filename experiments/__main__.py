"""`python -m experiments …`."""

import sys

from experiments.app import main

sys.exit(main())
