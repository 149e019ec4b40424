"""`python -m hone` is the command `hone`."""

import sys

from hone.cli import main

sys.exit(main())
