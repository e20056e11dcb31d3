"""`semsearch quickstart`: from nothing to an answer, without a key."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from semsearch.cli import search as search_command
from semsearch.cli.index import print_report, run_job
from semsearch.cli.models import install_model

if TYPE_CHECKING:
    import argparse

    from semsearch.cli.context import Context

QUESTION = "my baking turned out heavy and flat"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `quickstart` takes."""
    parser.add_argument("question", nargs="*", help=f"default: {QUESTION}")
    search_command.add_output_arguments(parser)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Install the model if it is missing, index the sample folder, answer a question.

    The sample has an index of its own, so that the user's own is not mixed with it.
    """
    from semsearch.engine.job import JobOptions
    from semsearch.engine.sample import sample_choice, sample_engine, sample_folder

    search_command.check_output(arguments)
    engine = context.use_engine(sample_engine(context.settings))
    choice = sample_choice()
    if not engine.is_installed(choice):
        install_model(context, source=None)
    with engine.index_job([sample_folder()], choice, JobOptions()) as job:
        report = run_job(job, context)
    if report.stopped_by is not None:
        return print_report(report, [], context)
    files = report.new + report.changed + report.unchanged
    context.note(f"{files} documents of the sample folder are indexed in {engine.index_path}")
    question = " ".join(arguments.question) or QUESTION
    context.note(f"question: {question}\n")
    result = engine.search(question, limit=arguments.limit or 3, cwd=os.getcwdb())
    status = search_command.print_result(result, arguments, context)
    context.note(
        '\nyour own files:  semsearch index ~/notes   then   semsearch search "…"\n'
        "what else it can do:  semsearch --help"
    )
    return status
