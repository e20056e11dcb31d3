"""The application with a bug in it, to see what its report tells."""

from __future__ import annotations

import sys

from semsearch import settings
from semsearch.tui.app import SemsearchApp
from semsearch.tui.terminal import show


class Crashing(SemsearchApp):
    """Fails a moment after it is ready, with something private at hand."""

    CSS_PATH = "../../semsearch/tui/semsearch.tcss"

    def on_ready(self) -> None:
        self.set_timer(0.1, self.fail)

    def fail(self) -> None:
        private = "diary-entry-4711"
        raise ValueError(private)


if __name__ == "__main__":
    sys.exit(show(Crashing(settings.load())))
