"""`semsearch eval`: how good are searches of these files, and is a dearer model worth it?"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, cast

from semsearch.cli.arguments import path_text
from semsearch.cli.consent import ask_to_send
from semsearch.cli.context import existing_path
from semsearch.errors import EXIT_OK, UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from semsearch.cli.context import Context
    from semsearch.engine.evaluating import EvaluationPlan, EvaluationRequest
    from semsearch.records import Mode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `eval` takes."""
    parser.add_argument(
        "folder",
        nargs="?",
        type=path_text,
        metavar="FOLDER",
        help="a judged collection: queries.tsv (id, question), qrels.tsv (id, path, grade), and "
        "the documents in docs/ or beside them, indexed before; without it your own marks are "
        "used, or questions made of headings",
    )
    parser.add_argument(
        "--queries", type=path_text, metavar="FILE", help="questions: id, tab, text"
    )
    parser.add_argument(
        "--qrels", type=path_text, metavar="FILE", help="judgments: id, path, grade; or TREC's"
    )
    parser.add_argument(
        "--known-items", action="store_true", help="questions made of titles and headings"
    )
    parser.add_argument(
        "--modes", metavar="M,M", help="of hybrid, semantic and lexical (default: all)"
    )
    parser.add_argument(
        "--spaces",
        metavar="M,M",
        help="models by name, MODEL:DIMENSIONS where one has several sizes (default: all that "
        "cover the index)",
    )
    parser.add_argument("--limit", type=int, metavar="N", help="at most N questions")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Measure and print."""
    from semsearch.engine.evaluating import evaluate, plan
    from semsearch.present import evaluation as present

    engine = context.engine
    planned = plan(engine, _request(arguments))
    _agree_to_send(planned, context)
    tell, close = _progress(context)
    try:
        done = evaluate(engine, planned, tell)
    finally:
        close()
    if context.json:
        from semsearch.present import envelope

        context.out(envelope.plain("eval", present.evaluation_data(done), done.notices))
        return EXIT_OK
    for notice in done.notices:
        context.note("note: " + notice)
    context.out(present.evaluation_text(done, context.style()))
    return EXIT_OK


def _request(arguments: argparse.Namespace) -> EvaluationRequest:
    from semsearch.engine.evaluating import ALL_MODES, EvaluationRequest

    if arguments.limit is not None and arguments.limit < 1:
        raise UsageError("--limit takes a number from 1 on.")
    folder = None if arguments.folder is None else existing_path(arguments.folder)
    queries, qrels = arguments.queries, arguments.qrels
    if folder is not None:
        queries = queries or os.path.join(os.fsdecode(folder), "queries.tsv")
        qrels = qrels or os.path.join(os.fsdecode(folder), "qrels.tsv")
    return EvaluationRequest(
        queries=None if queries is None else existing_path(queries),
        qrels=None if qrels is None else existing_path(qrels),
        documents=folder,
        known_items=arguments.known_items,
        modes=_modes(arguments.modes) if arguments.modes else ALL_MODES,
        spaces=tuple(_listed(arguments.spaces or "")),
        limit=arguments.limit,
    )


def _modes(value: str) -> tuple[Mode, ...]:
    from semsearch.engine.evaluating import ALL_MODES

    modes = _listed(value)
    for mode in modes:
        if mode not in ALL_MODES:
            raise UsageError(
                f"There is no mode {mode!a}.", hint=f"Modes are {', '.join(ALL_MODES)}."
            )
    return cast("tuple[Mode, ...]", tuple(dict.fromkeys(modes)))


def _listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _agree_to_send(planned: EvaluationPlan, context: Context) -> None:
    """Ask before questions are sent anywhere.

    Raises:
        AccessError: the answer is no, or there is nobody to ask.
    """
    from semsearch.present.evaluation import query_outlays_text

    text = query_outlays_text(planned.outlays)
    if text:
        if context.agreed and not context.interactive:
            context.note(text)
        ask_to_send(text, context)


def _progress(context: Context) -> tuple[Callable[[str, int, int], None], Callable[[], None]]:
    """What to call as the work goes on, and when it is over."""
    if context.quiet or context.json or not sys.stderr.isatty():
        return (lambda _what, _done, _total: None), (lambda: None)
    from semsearch.text import cut, one_line

    width = context.style(stream_is_terminal=True).width - 1

    def tell(what: str, done: int, total: int) -> None:
        sys.stderr.write("\r\x1b[2K" + cut(f"{one_line(what)}: {done:,}/{total:,}", width))
        sys.stderr.flush()

    def close() -> None:
        sys.stderr.write("\r\x1b[2K")
        sys.stderr.flush()

    return tell, close
