"""Import argparse without gettext, which with `locale` is a twentieth of a one-shot search.

argparse looks up each of its messages in a catalog. Python ships none for it, our own messages are
English, so all that is gained is the search for a file that is not there.
"""

from __future__ import annotations

import sys
from types import ModuleType


class _Catalog(ModuleType):
    """The two functions argparse takes from gettext."""

    @staticmethod
    def gettext(message: str) -> str:
        return message

    @staticmethod
    def ngettext(singular: str, plural: str, count: int) -> str:
        return singular if count == 1 else plural


if "gettext" in sys.modules:
    import argparse
else:
    sys.modules["gettext"] = _Catalog("gettext")
    try:
        import argparse
    finally:
        del sys.modules["gettext"]

__all__ = ["argparse"]
