"""The cost book: what each day cost, what reuse saved, and what tokens will really be counted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from semsearch.records import Estimate, IndexStatus, Space
    from semsearch.store import SqliteStore

_DAYS: Final = 31


def with_costs(store: SqliteStore, status: IndexStatus) -> IndexStatus:
    """The status with its cost book; savings count at what a token of each model has cost here."""
    rates = {
        (one.host, one.model): one.cost_usd / one.tokens for one in store.spend() if one.tokens
    }
    tokens, usd = 0, 0.0
    for held in status.spaces:
        rate = rates.get((host_of(held.space), held.space.key.model))
        if rate is None:
            continue  # nothing was ever sent for it
        saved = round(store.reused_tokens(held.space.id) * store.token_ratio(held.space.id))
        tokens, usd = tokens + saved, usd + saved * rate
    by_root = tuple(store.spend_by_root(_DAYS))
    total = store.spend_of_roots()
    from semsearch.engine.canaries import unchecked_providers

    return status._replace(
        spaces=tuple(
            one._replace(unchecked=unchecked_providers(store, one.space)) for one in status.spaces
        ),
        roots=tuple(one._replace(spent_usd=total.get(one.root.id, 0.0)) for one in status.roots),
        days=tuple(store.spend_by_day(_DAYS)),
        by_root=by_root,
        calls_without_cost=sum(
            calls for host, calls in store.calls_without_cost().items() if _priced(host)
        ),
        saved_tokens=tokens,
        saved_usd=usd,
    )


def _priced(host: str) -> bool:
    """Whether calls may cost something; not those to an Ollama, say, on this machine."""
    from semsearch.embed.profiles import profile_for

    return profile_for(f"http://{host}/v1").priced


def host_of(space: Space) -> str:
    """Host name text of a space is sent to; empty for a model of this machine."""
    from semsearch.embed.endpoints import host_of as host

    return "" if space.key.endpoint == "local" else host(space.key.endpoint)


def calibrated_tokens(store: SqliteStore, space: Space | None, tokens: int) -> int:
    """Estimated tokens as the model will count them, as far as its calls have shown."""
    return tokens if space is None else round(tokens * store.token_ratio(space.id))


def calibrated(store: SqliteStore, space: Space | None, estimate: Estimate) -> Estimate:
    """An estimate in the tokens, and the money, the model will count."""
    tokens = calibrated_tokens(store, space, estimate.tokens)
    cost = estimate.cost_usd
    if cost and estimate.tokens:
        cost *= tokens / estimate.tokens
    return estimate._replace(tokens=tokens, cost_usd=cost)
