"""The `--json` envelope: one object, ASCII only, fields in a fixed order.

Version 1 of the envelope may gain fields, never lose or change one.
"""

from __future__ import annotations

import binascii
import json
import math
import re
import time

from semsearch.errors import Cancelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, Final

    from semsearch.errors import SemsearchError
    from semsearch.records import (
        DaySpend,
        Estimate,
        Finding,
        Forgotten,
        Hit,
        IndexReport,
        IndexStatus,
        ModelChoice,
        Problem,
        SearchResult,
        Space,
        SpaceStatus,
    )
    from semsearch.settings import Origin, Setting, Value

    _Object = dict[str, Any]

VERSION: Final = 1
"""The envelope's version, its first field."""

_SURROGATES: Final = re.compile("[\ud800-\udfff]")


def search(result: SearchResult, *, full: bool = False, command: str = "search") -> str:
    """Hits of `search` or `similar`; `text` is null unless `full`."""
    data = {
        "query": result.query.raw,
        "mode": result.mode,
        "space": _space(result.space, result.coverage),
        "hits": [_hit(hit, full=full) for hit in result.hits],
        "timing_ms": {stage: _number(spent, 3) for stage, spent in result.timing_ms.items()},
        "cost_usd": _number(result.cost_usd, 9),
        "reranked_by": result.reranked_by or None,
    }
    return _envelope(command, data, warnings=result.notices)


def index(report: IndexReport, warnings: Sequence[str] = (), *, command: str = "index") -> str:
    """What an index run did, or with `plan` would do; its error is what stopped it early."""
    data: _Object = {"plan": True} if report.plan else {}
    data |= {
        "roots": [_path(path) for path in report.roots],
        "files": {
            "seen": report.seen,
            "new": report.new,
            "changed": report.changed,
            "moved": report.moved,
            "gone": report.gone,
            "unchanged": report.unchanged,
            "skipped": dict(sorted(report.skipped.items())),
            "failed": report.failed,
        },
        "chunks": {
            "total": report.chunks_total,
            "added": report.chunks_added,
            "removed": report.chunks_removed,
            "embedded": report.embedded,
            "reused": report.reused,
        },
        "api": {
            "requests": report.requests,
            "inputs": report.inputs,
            "tokens": report.tokens,
            "cost_usd": _number(report.cost_usd, 9),
        },
        "space": _space(report.space),
        "problems": [problem_fields(problem) for problem in report.problems],
        "interrupted": report.interrupted,
        "elapsed_s": _number(report.elapsed_s, 3),
    }
    if report.estimate is not None:
        data["estimate"] = _estimate(report.estimate)
    stopped_by = report.stopped_by
    if stopped_by is None and report.interrupted:
        stopped_by = Cancelled("The run was interrupted.", hint="The next run goes on from here.")
    return _envelope(command, data, warnings=warnings, error=stopped_by)


def status(report: IndexStatus, warnings: Sequence[str] = ()) -> str:
    """What is indexed, by which models, how fresh, what it cost."""
    data = {
        "index": _path(report.path),
        "size_bytes": report.size_bytes,
        "roots": [
            {
                "path": _path(one.root.path),
                **_path_bytes(one.root.path),
                "files": one.files,
                "chunks": one.chunks,
                "missing": one.missing,
                "spent_usd": _number(one.spent_usd, 9),
            }
            for one in report.roots
        ],
        "files": dict(sorted(report.files.items())),
        "chunks": report.chunks,
        "spaces": [_space_status(space) for space in report.spaces],
        "indexed": time_text(report.indexed_ns),
        "spent_usd": _number(report.spent_usd, 9),
        "calls_without_cost": report.calls_without_cost,
        "tokens": report.tokens,
        "saved": {
            "tokens": report.saved_tokens,
            "cost_usd": _number(report.saved_usd, 9),
        },
        "days": [day_fields(one) for one in report.days],
        "by_root": [
            {
                "day": one.day,
                "host": one.host,
                "model": one.model,
                "root": None if one.path is None else _path(one.path),
                "tokens": one.tokens,
                "cost_usd": _number(one.cost_usd, 9),
            }
            for one in report.by_root
        ],
        "wanted": _space(report.wanted),
        "problems": [problem_fields(problem) for problem in report.problems],
    }
    return _envelope("status", data, warnings=warnings)


def models(choices: Iterable[ModelChoice], warnings: Sequence[str] = ()) -> str:
    """The models on offer, with what the index holds of each."""
    rows = [
        {
            "id": info.id,
            "name": info.name,
            "dimensions": info.dimensions,
            "matryoshka": list(info.matryoshka),
            "context_tokens": info.context_tokens,
            "usd_per_million_tokens": _number(info.usd_per_million_tokens, 6),
            "modalities": list(info.modalities),
            "space": None if one.space is None else _space_status(one.space),
            "query_form": one.query_form,
            "document_form": one.document_form,
            "latency_ms": _number(one.latency_ms, 1),
        }
        for one in choices
        for info in (one.info,)
    ]
    return _envelope("models", {"models": rows}, warnings=warnings)


def forget(removed: Iterable[Forgotten], warnings: Sequence[str] = ()) -> str:
    """What was removed, path by path."""
    rows = [
        {
            "path": _path(one.path),
            **_path_bytes(one.path),
            "files": one.files,
            "chunks": one.chunks,
            "passages": one.passages,
            "roots": one.roots,
        }
        for one in removed
    ]
    return _envelope("forget", {"removed": rows}, warnings=warnings)


def config(
    rows: Iterable[tuple[Setting, Value, Origin]], path: str, warnings: Sequence[str] = ()
) -> str:
    """Settings with where their values come from."""
    settings = [
        {
            "name": setting.name,
            "value": _setting_value(value),
            "origin": origin,
            "default": _setting_value(setting.default),
            "help": setting.help,
            "environment": setting.alias or setting.environment,
        }
        for setting, value, origin in rows
    ]
    return _envelope("config", {"path": path, "settings": settings}, warnings=warnings)


def doctor(findings: Iterable[Finding]) -> str:
    """What was looked at; `healthy` when nothing failed."""
    rows = [
        {
            "name": one.name,
            "state": one.state,
            "detail": one.detail,
            "hint": one.hint,
        }
        for one in findings
    ]
    healthy = all(row["state"] != "failed" for row in rows)
    return _envelope("doctor", {"healthy": healthy, "findings": rows})


def plain(
    command: str,
    data: _Object,
    warnings: Sequence[str] = (),
    *,
    error: SemsearchError | None = None,
) -> str:
    """Any other command's data: strings, numbers, booleans, None, lists and objects of them."""
    return _envelope(command, data, warnings=warnings, error=error)


def path_fields(path: bytes) -> _Object:
    """`path`, and `path_bytes` where the name is not valid UTF-8, for data built elsewhere."""
    return {"path": _path(path), **_path_bytes(path)}


def day_fields(one: DaySpend) -> _Object:
    """What one model at one host cost on one day."""
    return {
        "day": one.day,
        "host": one.spend.host,
        "model": one.spend.model,
        "calls": one.spend.calls,
        "inputs": one.spend.inputs,
        "tokens": one.spend.tokens,
        "cost_usd": _number(one.spend.cost_usd, 9),
    }


def error(command: str, problem: SemsearchError, warnings: Sequence[str] = ()) -> str:
    """A command that failed."""
    return _envelope(command, None, warnings=warnings, error=problem)


def _envelope(
    command: str,
    data: _Object | None,
    *,
    warnings: Sequence[str] = (),
    error: SemsearchError | None = None,
) -> str:
    whole = {
        "semsearch": VERSION,
        "command": command,
        "ok": error is None,
        "warnings": list(warnings),
        "error": None if error is None else _error(error),
        "data": data,
    }
    return json.dumps(_clean(whole), ensure_ascii=True, allow_nan=False)


def _error(problem: SemsearchError) -> _Object:
    return {
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint,
        "exit": problem.exit_status,
    }


def _hit(hit: Hit, *, full: bool) -> _Object:
    return {
        "rank": hit.rank,
        "path": _path(hit.path),
        **_path_bytes(hit.path),
        "root": _path(hit.root),
        "start_line": hit.start_line,
        "end_line": hit.end_line,
        "page": hit.page,
        "breadcrumb": list(hit.breadcrumb),
        "cosine": _number(hit.cosine, 6),
        "score": _number(hit.score, 6),
        "ranks": {"semantic": hit.semantic_rank, "lexical": hit.lexical_rank},
        "snippet": hit.snippet,
        "text": hit.text if full else None,
        "kind": hit.kind,
        "modified": time_text(hit.modified_ns),
        "stale": hit.stale,
        "rerank_score": _number(hit.rerank_score, 6),
        "band": hit.band,
        "snippet_by": hit.snippet_by,
    }


def _space(space: Space | None, coverage: float | None = None) -> _Object | None:
    if space is None:
        return None
    described: _Object = {
        "model": space.key.model,
        "dimensions": space.key.dimensions,
        "endpoint": space.key.endpoint,
    }
    if coverage is not None:
        described["coverage"] = _number(coverage, 6)
    return described


def _space_status(status: SpaceStatus) -> _Object:
    share = status.covered / status.chunks if status.chunks else 0.0
    described = _space(status.space, share)
    assert described is not None
    return described | {
        "state": status.space.state,
        "active": status.active,
        "covered": status.covered,
        "chunks": status.chunks,
        "size_bytes": status.size_bytes,
        "unchecked_providers": list(status.unchecked),
    }


def _estimate(estimate: Estimate) -> _Object:
    return {
        "files": estimate.files,
        "chunks": estimate.chunks,
        "inputs": estimate.inputs,
        "tokens": estimate.tokens,
        "cost_usd": _number(estimate.cost_usd, 9),
        "host": estimate.host,
    }


def problem_fields(problem: Problem) -> _Object:
    """Something about one path the user should know."""
    return {
        "path": _path(problem.path),
        **_path_bytes(problem.path),
        "reason": problem.reason,
        "hint": problem.hint,
    }


def _setting_value(value: Value) -> str | float | bool | list[str]:
    return list(value) if isinstance(value, tuple) else value


def _path(path: bytes) -> str:
    return path.decode("utf-8", "replace")


def _path_bytes(path: bytes) -> _Object:
    """The exact bytes in base64, for a name that is not valid UTF-8; nothing otherwise."""
    try:
        path.decode("utf-8")
    except UnicodeDecodeError:
        return {"path_bytes": binascii.b2a_base64(path, newline=False).decode("ascii")}
    return {}


def _number(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def time_text(nanoseconds: int | None) -> str | None:
    """ISO 8601 in UTC, to the second; None for a date no calendar has."""
    if nanoseconds is None:
        return None
    try:
        utc = time.gmtime(nanoseconds // 1_000_000_000)
    except (OverflowError, OSError, ValueError):
        return None
    date = f"{utc.tm_year:04}-{utc.tm_mon:02}-{utc.tm_mday:02}"
    return f"{date}T{utc.tm_hour:02}:{utc.tm_min:02}:{utc.tm_sec:02}Z"


def _clean(value: Any) -> Any:  # noqa: ANN401 - whatever a command has to say
    """Only what JSON has: no surrogates (strict readers refuse them), no infinities, no bytes."""
    if isinstance(value, str):
        return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, bytes):
        return _path(value)
    if isinstance(value, dict):
        return {_clean(str(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
