"""`Engine`: open the index once, and answer every verb a door offers."""

from __future__ import annotations

import os
import time

from semsearch.engine.model_verbs import ModelVerbs
from semsearch.errors import AccessError, SemsearchError, UsageError
from semsearch.paths import index_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager
    from typing import Any

    from semsearch.engine.choice import Choice
    from semsearch.engine.job import IndexJob, JobOptions
    from semsearch.keys import FoundKey
    from semsearch.protocols import Embedder
    from semsearch.records import (
        Filter,
        Finding,
        Forgotten,
        IndexStatus,
        KeyStatus,
        Mode,
        Query,
        SearchResult,
        Space,
    )
    from semsearch.searching import Options
    from semsearch.settings import Settings
    from semsearch.store import SqliteStore


class Engine(ModelVerbs):
    """Settings, one index and the embedders made for it. For one thread.

    One that `stays` open between questions holds little of the index in memory.
    """

    def __init__(self, settings: Settings, *, index_path: str = "", stays: bool = False) -> None:
        self.settings = settings
        self.index_path = index_path or index_file(settings.text("index.path"))
        self._store: SqliteStore | None = None
        self._embedders: dict[Choice, Embedder] = {}
        self._stays = stays

    def close(self) -> None:
        """Release the index and every embedder."""
        measured = [
            (choice, embedder.latency_ms)
            for choice, embedder in self._embedders.items()
            if embedder.latency_ms is not None
        ]
        if measured:
            from semsearch.engine.model_list import keep_latencies

            keep_latencies(measured)
        for embedder in self._embedders.values():
            embedder.close()
        self._embedders.clear()
        if self._store is not None:
            self._store.close()
            self._store = None

    def interrupt(self) -> None:
        """Make the statement that runs now raise `Cancelled`; from any thread."""
        if self._store is not None:
            self._store.interrupt()

    def cancel(self) -> None:
        """Make whatever runs now, also what waits for a server, end soon; from any thread."""
        for embedder in list(self._embedders.values()):
            embedder.cancel()
        self.interrupt()

    def store(self, *, create: bool = False) -> SqliteStore:
        """The open index.

        Raises:
            UsageError: there is none, and it is not to be made.
            DamagedError, NewerIndexError, StorageError: it cannot be opened.
        """
        if self._store is None:
            from semsearch.store import open_index

            self._store = open_index(self.index_path, create=create)
            if self._stays:
                self._store.keep_few_pages()
        return self._store

    def store_if_any(self) -> SqliteStore | None:
        """The open index, or None where there is none yet (or one was killed while it was made).

        Raises:
            DamagedError, NewerIndexError, StorageError: there is one, and it cannot be opened.
        """
        try:
            return self.store()
        except UsageError as error:
            if error.code != "index.missing":
                raise
            return None

    # --- searching ---------------------------------------------------------------------------

    def search_arguments(
        self,
        words: Sequence[str],
        *,
        folders: Sequence[str] = (),
        types: Sequence[str] = (),
        after: str | None = None,
        before: str | None = None,
        per_file: bool = False,
        rerank: str = "",
        cwd: bytes | None = None,
    ) -> SearchResult:
        """Answer a question given as command line words and flags; raises what `search` does."""
        from semsearch.searching import from_arguments, make_filter

        cwd = cwd or os.getcwdb()
        where = make_filter(
            folders=folders,
            types=types,
            after=after,
            before=before,
            cwd=cwd,
            now=time.time(),
            roots=self._root_paths(),
        )
        return self.search(
            from_arguments(words), where=where, per_file=per_file, rerank=rerank, cwd=cwd
        )

    def search(
        self,
        raw: str,
        *,
        mode: Mode | None = None,
        limit: int | None = None,
        per_file: bool = False,
        where: Filter | None = None,
        rerank: str = "",
        cwd: bytes | None = None,
    ) -> SearchResult:
        """Answer a question typed by a person; see `searching.query` for its language.

        With `rerank`, that model of the server's rerank endpoint puts the hits in order.

        Raises:
            UsageError: nothing to look for, a bad filter, or no index.
            AccessError, EmbeddingError: in semantic mode, and the query's vector is not to be had.
        """
        from semsearch.searching import merge, parse_query

        query = parse_query(raw, cwd=cwd or os.getcwdb(), now=time.time(), roots=self._root_paths())
        if where is not None:
            query = query._replace(where=merge(query.where, where))
        if not per_file and not any(query.where):  # those come back to the pages they have read
            self.store().keep_few_pages()
        options = self.search_options(mode, limit)._replace(per_file=per_file)
        if rerank:
            from semsearch.engine import reranking

            return reranking.search(self, query, options, rerank)
        return self.answer(query, options)

    def answer(self, query: Query, options: Options) -> SearchResult:
        """Answer a parsed question by the vectors that are to answer now; raises as `search`."""
        from semsearch.searching import search

        switch = self.pending_switch()
        if switch is not None and query.text and query.like is None and options.mode != "lexical":
            from semsearch.engine import switching

            return switching.search(self, query, switch, options)
        return search(self.store(), query, self.search_space(), self._query_embedder, options)

    def similar(
        self,
        place: str,
        *,
        limit: int | None = None,
        same_file: bool = True,
        cwd: bytes | None = None,
    ) -> SearchResult:
        """Passages like those at `path` or `path:line`, by stored vectors; nothing is sent.

        Raises:
            UsageError: nothing there is indexed, or it has no vector.
        """
        from semsearch.searching import parse_place, similar

        at = parse_place(place, cwd=cwd or os.getcwdb(), roots=self._root_paths())
        options = self.search_options("semantic", limit)._replace(same_file=same_file)
        return similar(self.store(), at, self.search_space(), options)

    def search_space(self) -> Space | None:
        """The space whose vectors answer: the active one, or the one a flag names.

        Raises:
            UsageError: the index has no vectors of the model that is named.
        """
        store = self.store()
        active = store.active_space()
        if not self.settings.text("model.name") or self.settings.origin("model.name") == "file":
            return active
        from semsearch.engine import choice as choices

        choice = choices.choose(self.settings, store)
        space = choices.named_space(store.spaces(), choice)
        if space is None and self.settings.origin("model.name") == "flag":
            raise UsageError(
                f"The index has no vectors of {choice.model!a}.",
                hint=f"Make them with: semsearch index --model {choice.model!a}",
                code="model.no_vectors",
            )
        return space or active

    def _root_paths(self) -> list[bytes]:
        return [root.path for root in self.store().roots()]

    def search_options(self, mode: Mode | None, limit: int | None) -> Options:
        """How to search, by the settings where nothing else is said."""
        from semsearch.searching import Options

        alpha = self.settings.number("search.alpha")
        setting: Any = self.settings.text("search.mode")
        return Options(
            mode=mode or setting,
            limit=limit or self.settings.integer("search.limit"),
            alpha=None if alpha < 0 else alpha,
            offline=self.settings.flag("offline"),
            diverse=self.settings.flag("search.diverse"),
            likeness=self.word_likeness,
        )

    def _query_embedder(self) -> Embedder:
        space = self.search_space()
        assert space is not None
        return self.query_embedder(space)

    def query_embedder(self, space: Space) -> Embedder:
        """The embedder of a space's queries, once its host may be talked to.

        Raises:
            AccessError: nothing of the index was ever allowed to go there, or there is no key.
            EmbeddingError: the model cannot be reached.
        """
        from semsearch.engine import choice as choices

        embedder = self.embedder(choices.of_space(space, self.store()), for_query=True)
        if embedder.host and not self.store().has_consent(None, embedder.host):
            raise AccessError(
                f"Nothing of this index was ever allowed to go to {embedder.host}.",
                hint="`semsearch index` asks for it.",
                code="consent.needed",
            )
        return embedder

    def embedder(self, choice: Choice, *, for_query: bool) -> Embedder:
        """The embedder of a choice, kept until the engine is closed."""
        from semsearch.engine import choice as choices

        if choice not in self._embedders:
            self._embedders[choice] = choices.open_embedder(
                self.settings, choice, for_query=for_query
            )
        return self._embedders[choice]

    # --- indexing ----------------------------------------------------------------------------

    def choice(self) -> Choice:
        """The model an index run would use now."""
        from semsearch.engine import choice as choices

        store = self.store_if_any()
        return choices.choose(self.settings, store)

    def index_job(
        self, paths: Sequence[bytes], choice: Choice | None, options: JobOptions
    ) -> AbstractContextManager[IndexJob]:
        """Prepare a run over these absolute paths, or over every root; holds the index's lock.

        Raises:
            BusyError: another process is indexing.
            UsageError: there is nothing to index yet.
        """
        from semsearch.engine.job import prepare_job

        return prepare_job(self, paths, choice, options)

    # --- the index itself --------------------------------------------------------------------

    def status(self) -> IndexStatus:
        """What is indexed, by which models, how fresh, what it cost."""
        from semsearch.indexing.notes import RUN_PROBLEMS, read_problems

        store = self.store()
        status = store.status()
        roots = [one._replace(missing=not os.path.lexists(one.root.path)) for one in status.roots]
        from semsearch.engine.care import known_problems
        from semsearch.engine.costs import with_costs
        from semsearch.engine.switching import wanted_space

        status = status._replace(
            roots=tuple(roots),
            problems=known_problems(store, read_problems(store.note(RUN_PROBLEMS))),
            wanted=wanted_space(store),
        )
        return with_costs(store, status)

    def exclude(self, path: bytes) -> None:
        """Leave a file or folder of a root out of every later run; the disk stays as it is.

        Raises:
            UsageError: it is not inside a root.
        """
        from semsearch.engine.roots import exclude

        exclude(self.store(), path)

    def count_files(self, path: bytes) -> int:
        """How many files of the index are `path` or lie below it."""
        from semsearch.paths import is_below

        store = self.store()
        return sum(
            is_below(os.path.join(root.path, relative) if relative else root.path, path)
            for root in store.roots()
            if is_below(root.path, path) or is_below(path, root.path)
            for relative in store.fingerprints(root.id)
        )

    def forget(self, path: bytes) -> Forgotten:
        """Remove a file or folder with its text, tokens and vectors, from the file on disk too.

        Raises:
            BusyError: another process is indexing.
        """
        from semsearch.store.lock import indexer_lock

        with indexer_lock(self.index_path):
            return self.store().forget(path)

    # --- key, settings, health ---------------------------------------------------------------

    @property
    def host(self) -> str:
        """Host name of the configured API."""
        from semsearch.embed.endpoints import host_of
        from semsearch.engine import choice as choices

        return host_of(choices.endpoint(self.settings))

    def key_status(self) -> tuple[FoundKey | None, KeyStatus | None]:
        """The key in use, and what the server says of it (None when it says nothing)."""
        from semsearch.engine import choice as choices

        return choices.key_status(self.settings)

    def store_key(self, value: str, *, keyring: bool) -> str:
        """Keep a key for the configured host; returns where."""
        from semsearch import keys

        secret = keys.Secret(value)
        if keyring:
            keys.store_in_keyring(self.host, secret)
            return "the system's key store"
        return keys.store(self.host, secret)

    def forget_key(self) -> bool:
        """Remove the stored key of the configured host; says whether there was one."""
        from semsearch import keys

        return keys.forget(self.host)

    def set_setting(self, name: str, raw: str | None) -> None:
        """Write a setting to the user's file; None removes it."""
        from semsearch.engine.config_file import set_value

        set_value(self.settings.config_path, name, raw)

    def findings(self) -> list[Finding]:
        """What `doctor` sees."""
        from semsearch.engine.doctor import findings

        return findings(self)

    def choice_if_possible(self) -> Choice | None:
        """The model in use, or None when that cannot be told (no readable index, bad settings)."""
        try:
            return self.choice()
        except SemsearchError:
            return None  # told by another finding
