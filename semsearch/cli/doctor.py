"""`semsearch doctor`: check what semsearch stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from semsearch.errors import EXIT_OK, EXIT_PARTIAL

if TYPE_CHECKING:
    import argparse

    from semsearch.cli.context import Context


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Nothing beyond the global options."""


def run(_arguments: argparse.Namespace, context: Context) -> int:
    """Look, and print one line each; 3 when something failed."""
    from semsearch.records import Finding

    faults = [Finding("settings", "failed", fault.message, fault.hint) for fault in context.faults]
    findings = [*faults, *context.engine.findings()]
    if context.json:
        from semsearch.present import envelope

        context.out(envelope.doctor(findings))
    else:
        from semsearch.present.reports import findings_text

        context.out(findings_text(findings, context.style()))
    failed = any(finding.state == "failed" for finding in findings)
    return EXIT_PARTIAL if failed else EXIT_OK
