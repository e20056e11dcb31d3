"""Asking before text leaves this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.errors import AccessError

if TYPE_CHECKING:
    from semsearch.cli.context import Context


def ask_to_send(text: str, context: Context, *, hint: str = "") -> None:
    """Say what would leave, and ask for it.

    Args:
        text: what would leave, where to, at what cost.
        context: where to ask; `--yes` answers.
        hint: what else can be done, for who says no.

    Raises:
        AccessError: the answer is no, or there is nobody to ask.
    """
    if context.interactive:
        context.note(text)
    otherwise = f"{text} Nothing was sent, because nobody agreed to it."
    if not context.agree("Send it?", otherwise=otherwise):
        raise AccessError("Nothing was sent.", hint=hint, code="consent.refused")
