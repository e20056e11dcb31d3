"""`semsearch repair`: make again what can be made here, and say what cannot."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from semsearch.errors import EXIT_OK, EXIT_PARTIAL, DamagedError

if TYPE_CHECKING:
    import argparse

    from semsearch.cli.context import Context
    from semsearch.engine.care import RepairJob
    from semsearch.records import Health, IndexReport


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `repair` takes."""
    parser.add_argument("--dry-run", action="store_true", help="show the plan, change nothing")
    parser.add_argument("--wait", action="store_true", help="wait while another process indexes")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Show the plan, mend, and offer to bring back what has to be read again or paid for."""
    from semsearch.cli.index import WaitTold
    from semsearch.cli.progress import CountedLine
    from semsearch.engine import care

    wait = WaitTold(context) if arguments.wait else None
    with (
        CountedLine(context, "checking") as line,
        care.prepare_repair(context.engine, line.tell, wait=wait) as job,
    ):
        line.close()
        if job.health is None:
            return _start_over(job, context, dry_run=arguments.dry_run)
        if arguments.dry_run or not job.health.damaged:
            return _tell(job.health, context)
        if not context.json:
            _tell(job.health, context)
        try:
            mended = job.mend()
        except DamagedError as error:
            return _start_over(job, context, error)
    return _finish(mended, context)


def _tell(health: Health, context: Context) -> int:
    """The plan alone."""
    from semsearch.present import care as present

    if context.json:
        _print(context, present.repair_data(health))
    elif health.damaged:
        context.out(present.health_text(health, context.style(), cwd=os.getcwdb()))
    else:
        context.out("The index is whole; there is nothing to repair.")
    return EXIT_OK


def _finish(mended: Health, context: Context) -> int:
    """Say what was done, and bring back what was lost if somebody agrees to its cost."""
    from semsearch.cli.index import print_report
    from semsearch.present import care as present

    lost = bool(mended.files or mended.losses)
    if not context.json:
        context.out(present.mended_text(mended))
    report = _index(context) if lost and _wants_back(mended, context) else None
    if context.json:
        _print(context, present.repair_data(mended, done=True, report=report))
        return EXIT_OK if report is None else _status(report)
    if report is not None:
        return print_report(report, [], context)
    if lost:
        context.note("`semsearch index` brings back what was lost; it shows the cost first.")
    return EXIT_OK


def _wants_back(mended: Health, context: Context) -> bool:
    if not (context.agreed or context.interactive):
        return False
    from semsearch.present.care import losses_text

    lines = losses_text(mended.losses) or ["nothing has to be embedded again"]
    return context.agree(
        "Index now, to bring them back (" + "; ".join(lines) + ")?",
        otherwise="Nothing was sent.",
    )


def _index(context: Context) -> IndexReport:
    """An ordinary run over every root: it reads what is missing, and embeds what has no vector."""
    from semsearch.cli.index import consent, run_job, usable_choice
    from semsearch.engine.job import JobOptions

    choice = usable_choice(context, [], install=False)
    with context.engine.index_job([], choice, JobOptions()) as job:
        consent(job, context)
        return run_job(job, context)


def _start_over(
    job: RepairJob, context: Context, unmended: DamagedError | None = None, *, dry_run: bool = False
) -> int:
    """Replace a file that cannot be mended by what can be read of it, if somebody agrees.

    Raises:
        DamagedError: nobody does; nothing was changed.
    """
    from semsearch.present import care as present

    error = unmended or job.unreadable
    assert error is not None
    question = f"{error.message} Save what can be read into a new index, and move this one aside?"
    willing = not dry_run and (context.agreed or context.interactive)
    if not (willing and context.agree(question, otherwise=question)):
        raise DamagedError(
            error.message,
            hint="`semsearch repair --yes` saves what can be read into a new index and moves this "
            "file aside with its log; nothing is deleted.",
            code=error.code,
        ) from error
    aside = job.replace()
    if context.json:
        _print(context, present.repair_data(job.health, aside=aside))
    else:
        context.out(present.aside_text(aside, context.style()))
    return EXIT_OK


def _print(context: Context, data: dict[str, Any]) -> None:
    from semsearch.present import envelope

    context.out(envelope.plain("repair", data))


def _status(report: IndexReport) -> int:
    if report.stopped_by is not None:
        return report.stopped_by.exit_status
    return EXIT_PARTIAL if report.failed else EXIT_OK
