"""Entry point: `semsearch` and `python -m semsearch`."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> NoReturn:
    """Run the command line and end the process with its exit status.

    Two habits of the interpreter cost a short command a tenth of its time and bring it nothing:
    looking for reference cycles while modules are loaded, and taking every module apart at the end.
    Whatever has to be closed is closed by then.
    """
    gc.set_threshold(50_000)
    try:
        from semsearch.cli.main import main as run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        status = 130  # before the command line could take it, or after it had ended
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            continue  # nobody reads it any more
    os._exit(status)


if __name__ == "__main__":
    main()
