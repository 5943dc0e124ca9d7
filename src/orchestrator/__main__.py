"""`python -m orchestrator`: how scripts reach the program of the very interpreter that runs them."""

from __future__ import annotations

import sys

from orchestrator.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
