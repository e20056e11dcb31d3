"""`semsearch index`: bring the index up to date."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from semsearch.cli.arguments import path_text
from semsearch.cli.consent import ask_to_send
from semsearch.cli.context import existing_path
from semsearch.cli.progress import ProgressLine
from semsearch.errors import EXIT_INTERRUPTED, EXIT_OK, EXIT_PARTIAL
from semsearch.records import IndexReport, Problem, Progress

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from types import FrameType

    from semsearch.cli.context import Context
    from semsearch.engine.building import BuildJob
    from semsearch.engine.choice import Choice
    from semsearch.engine.job import IndexJob


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `index` takes."""
    parser.add_argument(
        "paths", nargs="*", type=path_text, metavar="PATH", help="folders or files to add"
    )
    parser.add_argument("--model", metavar="M", help="embed with this model (`local`: embedded)")
    parser.add_argument("--dimensions", type=int, metavar="N", help="vector size, where it varies")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done and sent")
    parser.add_argument(
        "--max-cost", type=float, metavar="USD", help="stop before it costs more (0: pay nothing)"
    )
    parser.add_argument("--rehash", action="store_true", help="read every file again")
    parser.add_argument("--retry-failed", action="store_true", help="try again what failed")
    parser.add_argument("--wait", action="store_true", help="wait while another process indexes")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Plan, ask where something would leave, run, report."""
    from semsearch.engine.job import JobOptions

    paths = [existing_path(path) for path in arguments.paths]
    warnings: list[str] = []
    choice = usable_choice(context, warnings, install=not arguments.dry_run)
    options = JobOptions(
        rehash=arguments.rehash,
        retry_failed=arguments.retry_failed,
        remove_many=context.agreed,
        dry_run=arguments.dry_run,
        wait=WaitTold(context) if arguments.wait else None,
    )
    with context.engine.index_job(paths, choice, options) as job:
        if arguments.dry_run:
            report = job.estimate()
        else:
            consent(job, context)
            report = run_job(job, context)
    return print_report(report, warnings, context)


def note_drift(context: Context) -> list[str]:
    """Say, after text was sent, which models another provider has answered for; returns it."""
    notices = context.engine.drift_notices()
    for notice in notices:
        context.note("note: " + notice)
    return notices


def usable_choice(context: Context, warnings: list[str], *, install: bool) -> Choice | None:
    """The model to embed with; None, with a warning, when only keywords are possible now."""
    from semsearch.engine.choice import EMBEDDED_DOWNLOAD

    choice = context.engine.choice()
    if context.engine.is_installed(choice):
        return choice
    if context.settings.flag("offline"):
        warnings.append(
            "The embedded model is not installed, and offline is set: keyword search only. "
            "Install it later with `semsearch models install`, then index again."
        )
    elif install and _wants_install(context):
        from semsearch.cli.models import install_model

        install_model(context, source=None)
        return choice
    else:
        warnings.append(
            "The embedded model is not installed: keyword search only. "
            f"`semsearch models install` fetches it ({EMBEDDED_DOWNLOAD}, once); then index again."
        )
    context.note("note: " + warnings[-1])
    return None


def run_job(job: IndexJob | BuildJob, context: Context) -> IndexReport:
    """Run a prepared job with progress; the first Ctrl-C ends it in order, the second at once."""
    line = ProgressLine(enabled=not (context.quiet or context.json), width=context.style().width)
    report: IndexReport | None = None
    with _stop_on_signal(job):
        try:
            for event in job.run():
                if isinstance(event, Progress):
                    line.show(event)
                elif isinstance(event, Problem):
                    if context.verbose:
                        line.interrupt(f"{os.fsdecode(event.path)}: {event.reason}")
                else:
                    report = event
        finally:
            line.close()
    assert report is not None
    return report


def print_report(report: IndexReport, warnings: list[str], context: Context) -> int:
    """Write what happened; returns the exit status."""
    if context.json:
        from semsearch.engine.care import known_problems
        from semsearch.present import envelope

        if not report.plan:  # a script reads the whole list, people what is new
            standing = known_problems(context.engine.store(), report.problems)
            report = report._replace(problems=standing)
        context.out(envelope.index(report, warnings))
    else:
        from semsearch.present import human, reports

        style = context.style()
        if not context.quiet:
            context.out(reports.index_text(report, style, cwd=os.getcwdb()))
            if context.verbose and not report.plan:
                from semsearch.cli.status import print_paths

                context.out("\n")
                print_paths(report.roots, context)
        if report.stopped_by is not None and not report.interrupted:
            context.warn(human.error_text(report.stopped_by, style))
    if report.interrupted:
        return EXIT_INTERRUPTED
    if report.stopped_by is not None:
        return report.stopped_by.exit_status
    unseen = any(one.path in report.roots for one in report.problems)
    return EXIT_PARTIAL if report.failed or unseen else EXIT_OK


def _wants_install(context: Context) -> bool:
    if not (context.agreed or context.interactive):
        return False
    from semsearch.engine.choice import EMBEDDED_DOWNLOAD

    question = f"The embedded model is not installed. Fetch it now ({EMBEDDED_DOWNLOAD}, once)?"
    return context.agree(question, otherwise="")


def consent(job: IndexJob, context: Context) -> None:
    """Show what would leave and ask, once per root and host.

    Raises:
        AccessError: the answer is no, or there is nobody to ask.
    """
    if not job.needs_consent:
        return
    if not context.agreed:  # who agreed beforehand need not wait for every file to be read twice
        _ask(job, context)
    job.grant_consent()


def _ask(job: IndexJob, context: Context) -> None:
    from semsearch.present.reports import estimate_text

    report = job.estimate()
    assert report.estimate is not None
    hint = "For keyword search alone, or the embedded model: --model local."
    ask_to_send(estimate_text(report.estimate), context, hint=hint)


@contextmanager
def _stop_on_signal(job: IndexJob | BuildJob) -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        if job.stop.is_set():
            raise KeyboardInterrupt
        job.stop.set()

    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), stop) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


class WaitTold:
    """Called while another process indexes: says so once, and goes on waiting."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._told = False

    def __call__(self) -> bool:
        """Go on waiting."""
        if not self._told:
            self._context.note("another process is indexing; waiting for it")
            self._told = True
        return True
