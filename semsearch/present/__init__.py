"""Records into text for people or JSON for programs; pure, nothing is printed here."""

from __future__ import annotations

from semsearch.present.style import PLAIN, Style

__all__ = ["PLAIN", "Style"]
