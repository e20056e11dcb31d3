"""Entry point: `semsearch` and `python -m semsearch`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line and return its exit status."""
    from semsearch.cli.main import main as run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
