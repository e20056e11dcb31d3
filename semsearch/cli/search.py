"""`semsearch search`: ask a question."""

from __future__ import annotations

import os
import sys

from semsearch.cli.arguments import path_text
from semsearch.cli.context import write_out
from semsearch.errors import EXIT_NO_HITS, EXIT_OK, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from semsearch.cli.context import Context
    from semsearch.records import SearchResult


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `search` takes."""
    parser.add_argument(
        "query", nargs="+", metavar="QUERY", help='words, "a phrase", -word, filters'
    )
    parser.add_argument(
        "--mode",
        choices=("hybrid", "semantic", "lexical"),
        help="rank by both (default), by meaning alone, or by words alone",
    )
    parser.add_argument("--model", metavar="M", help="search the vectors of this model")
    parser.add_argument(
        "--in",
        dest="folders",
        action="append",
        default=[],
        type=path_text,
        metavar="FOLDER",
        help="only below it",
    )
    parser.add_argument(
        "--type", dest="types", action="append", default=[], metavar="md,py", help="only these"
    )
    parser.add_argument("--after", metavar="D", help="changed since, e.g. 2024-06 or 7d")
    parser.add_argument("--before", metavar="D", help="changed before")
    parser.add_argument("--per-file", action="store_true", help="one hit per file, files ranked")
    parser.add_argument(
        "--rerank",
        metavar="M",
        default="",
        help="let this rerank model of the server order the hits",
    )
    add_output_arguments(parser)


def add_output_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare how hits are printed; `similar` takes the same."""
    parser.add_argument("-n", dest="limit", type=int, metavar="N", help="hits wanted (default 10)")
    parser.add_argument(
        "--diverse", action="store_true", default=None, help="prefer hits that differ"
    )
    parser.add_argument("--full", action="store_true", help="whole passages, not snippets")
    parser.add_argument("--explain", action="store_true", help="why each hit is where it is")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--plain", action="store_true", help="`path:line: text`, a line per hit")
    output.add_argument("--paths", action="store_true", help="only paths, each once")
    parser.add_argument("-0", dest="nul", action="store_true", help="with --paths: end with NUL")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Search and print the hits."""
    check_output(arguments)
    if arguments.rerank:
        _agree_to_rerank(arguments.rerank, context)
    result = context.engine.search_arguments(
        arguments.query,
        folders=arguments.folders,
        types=arguments.types,
        after=arguments.after,
        before=arguments.before,
        per_file=arguments.per_file,
        rerank=arguments.rerank,
    )
    return print_result(result, arguments, context)


def _agree_to_rerank(model: str, context: Context) -> None:
    """Ask where passages of the index never went to this host; without an answer none goes."""
    from semsearch.errors import SemsearchError

    try:
        outlay = context.engine.rerank_outlay(model)
    except SemsearchError:
        return  # the search answers all the same, and says what is the matter
    if not outlay.needs_consent or not (context.agreed or context.interactive):
        return
    question = (
        f"Each search with --rerank sends its first {outlay.passages:,} passages and the question "
        f"to {outlay.host}. Agree, for every folder of the index?"
    )
    if context.agree(question, otherwise=question):
        context.engine.grant_consent(outlay.host)


def check_output(arguments: argparse.Namespace) -> None:
    """Refuse flags that would be without effect; before anything is asked for or paid.

    Raises:
        UsageError: there is one.
    """
    if arguments.nul and not arguments.paths:
        raise UsageError("-0 says how paths end, and none are asked for.", hint="Add --paths.")
    for form in ("plain", "paths"):
        for more in ("full", "explain"):
            if getattr(arguments, form) and getattr(arguments, more):
                raise UsageError(
                    f"--{more} shows more of a hit than --{form} has room for.",
                    hint="Leave one of the two out; --json --full has everything.",
                )


def print_result(result: SearchResult, arguments: argparse.Namespace, context: Context) -> int:
    """Write hits in the form asked for; returns the exit status."""
    cwd = os.getcwdb()
    if context.json:
        from semsearch.present import envelope

        context.out(envelope.search(result, full=arguments.full, command=context.command))
        return EXIT_OK if result.hits else EXIT_NO_HITS
    from semsearch.present import human

    if arguments.paths:
        terminal = sys.stdout.isatty()
        write_out(human.search_paths(result, cwd=cwd, nul=arguments.nul, terminal=terminal))
    elif arguments.plain:
        context.out(human.search_plain(result, cwd=cwd))
    else:
        style = context.style()
        context.out(
            human.search_text(
                result, style, cwd=cwd, full=arguments.full, explain=arguments.explain
            )
        )
    style = context.style(sys.stderr.isatty())
    for notice in result.notices:
        context.note(human.notice_text(notice, style))
    if not result.hits:
        context.note("no hits")
    return EXIT_OK if result.hits else EXIT_NO_HITS
