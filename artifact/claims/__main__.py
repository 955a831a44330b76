"""`python -m artifact.claims`."""

import sys

from artifact.claims import main

sys.exit(main())
