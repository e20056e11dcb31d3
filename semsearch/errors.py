"""One tree of errors; each knows its code, a hint, whether to retry, and its exit status.

    SemsearchError                  70  our own bug unless a subclass says otherwise
    ├── UsageError                   2  usage.*      command line, query, missing path
    │   └── SettingsError            2  settings.*   unknown key, bad value, odd file
    ├── AccessError                  4  auth.*       key, consent or credit
    ├── BusyError                    5  index.busy   another process is indexing
    ├── DamagedError                 6  index.*      not readable as an index
    ├── NewerIndexError              7  index.newer  written by a newer semsearch
    ├── StorageError                 3  storage.*    disk full, I/O error, read-only
    ├── EmbeddingError               8  api.*        the embedding side failed for good
    │   ├── RequestRefused           8  api.refused  this input is refused; others may pass
    │   ├── ModelUnavailable         8  model.*      nobody serves it now, or it is not installed
    │   │   └── ModelUnknown         2  model.unknown  the server has no model of that name
    │   └── MalformedReply           8  api.malformed
    ├── FileProblem                  3  file.*       one file cannot be read or understood
    └── Cancelled                  130  cancelled

A message is one sentence that says what happened and why; the hint says what to do next.
Neither ever holds a key or unsanitised text from outside.
"""

from __future__ import annotations

EXIT_OK = 0
EXIT_NO_HITS = 1
EXIT_USAGE = 2
EXIT_PARTIAL = 3
EXIT_ACCESS = 4
EXIT_BUSY = 5
EXIT_DAMAGED = 6
EXIT_NEWER = 7
EXIT_API = 8
EXIT_BUG = 70
EXIT_INTERRUPTED = 130


class SemsearchError(Exception):
    """Root of every error raised on purpose."""

    code: str = "bug"
    exit_status: int = EXIT_BUG
    retryable: bool = False
    requests: int = 0
    """HTTP requests the failed call made; `tokens` and `cost_usd` is what was billed for replies
    that were of no use, None when nothing was said about it."""
    tokens: int | None = None
    cost_usd: float | None = None

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: str | None = None,
        retryable: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code is not None:
            self.code = code
        if retryable is not None:
            self.retryable = retryable


class UsageError(SemsearchError):
    """The command line or the query asks for something that does not exist."""

    code = "usage.invalid"
    exit_status = EXIT_USAGE


class SettingsError(UsageError):
    """A setting is unknown or has a value it cannot have."""

    code = "settings.invalid"


class AccessError(SemsearchError):
    """No key, a refused key, no credit, or no consent."""

    code = "auth.refused"
    exit_status = EXIT_ACCESS


class BusyError(SemsearchError):
    """Another process is changing the index."""

    code = "index.busy"
    exit_status = EXIT_BUSY
    retryable = True


class DamagedError(SemsearchError):
    """The file is not a readable index."""

    code = "index.damaged"
    exit_status = EXIT_DAMAGED


class NewerIndexError(SemsearchError):
    """The index was written by a newer version of semsearch."""

    code = "index.newer"
    exit_status = EXIT_NEWER


class StorageError(SemsearchError):
    """The disk is full, read-only or failing; what was committed is kept."""

    code = "storage.failed"
    exit_status = EXIT_PARTIAL


class EmbeddingError(SemsearchError):
    """Embedding failed for good: retries are used up or would not help."""

    code = "api.failed"
    exit_status = EXIT_API

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: str | None = None,
        retryable: bool | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message, hint=hint, code=code, retryable=retryable)
        self.status = status
        """HTTP status (or the code of an error inside a 200), when there was one."""


class RequestRefused(EmbeddingError):
    """The server refuses this request as it is (400, 413, 422, moderation); halving may help."""

    code = "api.refused"


class ModelUnavailable(EmbeddingError):
    """No provider serves the model under the current preferences, or it is not installed."""

    code = "model.unavailable"


class ModelUnknown(ModelUnavailable):
    """The server has no model of that name, most likely because it is mistyped."""

    code = "model.unknown"
    exit_status = EXIT_USAGE


class MalformedReply(EmbeddingError):
    """A reply that breaks the contract: wrong count, wrong width, not JSON, not finite."""

    code = "api.malformed"
    retryable = True


class FileProblem(SemsearchError):
    """One file cannot be read or understood; `reason` is the stable word for counts."""

    code = "file.failed"
    exit_status = EXIT_PARTIAL

    def __init__(self, reason: str, message: str = "", *, hint: str = "") -> None:
        super().__init__(message or reason, hint=hint)
        self.reason = reason


class Cancelled(SemsearchError):
    """The user or a signal asked to stop; work already committed is kept."""

    code = "cancelled"
    exit_status = EXIT_INTERRUPTED
