"""`python -m etabli`."""

import sys

from etabli.cli import main

if __name__ == "__main__":
    sys.exit(main())
