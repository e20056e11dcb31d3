"""What is known about embedding models that no server tells: sizes, limits, templates.

OpenRouter's list has prices and contexts but no dimensions, and no list says which prefix a model
was trained with. Figures are those of the model cards and of OpenRouter's model pages (November
2026); prices and names of a live list win over them, and a reply's width wins over both.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from semsearch.embed.profiles import PASSAGE_HINT, QUERY_HINT
from semsearch.records import ModelInfo

if TYPE_CHECKING:
    from collections.abc import Iterable

    from semsearch.embed.profiles import Hint
    from semsearch.records import Purpose

DEFAULT_ALPHA: Final = 0.6
"""Weight of the cosine side in fusion for models served by an API."""
SMALL_ALPHA: Final = 0.5
"""The same for the MiniLM class, whose cosines are worth less against words."""


class Entry(NamedTuple):
    """One model as the catalog knows it."""

    id: str
    """OpenRouter's spelling, without `:free` and the like."""
    dimensions: int
    """Native: what a request without `dimensions` returns."""
    context: int
    """Tokens per input that really work, where listings are known to promise more."""
    price: float | None = None
    """US dollars per million tokens; None when no price is known."""
    shortest: int = 0
    """Smallest size reachable by cutting (Matryoshka training); 0: native size only."""
    usual: tuple[int, ...] = ()
    """Other sizes worth offering."""
    query_prefix: str = ""
    document_prefix: str = ""
    upstream_hint: Hint | None = None
    """The words the serving family itself uses, tried when OpenRouter's are refused."""
    images: bool = False
    max_inputs: int | None = None
    alpha: float = DEFAULT_ALPHA

    def can_shorten_to(self, dimensions: int) -> bool:
        """Whether the first `dimensions` values of a native vector are a vector of this model."""
        return bool(self.shortest) and self.shortest <= dimensions < self.dimensions


_REPRESENT: Final = "Represent this sentence for searching relevant passages: "
_RETRIEVE: Final = (
    "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:"
)

# One pattern per family, filled in per model below.
_SMALL: Final = Entry("", 384, 512, 0.005, alpha=SMALL_ALPHA)
_PLAIN: Final = Entry("", 768, 512, 0.005)
_BGE: Final = _PLAIN._replace(query_prefix=_REPRESENT)
_E5: Final = _PLAIN._replace(query_prefix="query: ", document_prefix="passage: ")
_OPENAI: Final = Entry("", 1536, 8192, shortest=1, usual=(256, 512, 1024))
_QWEN: Final = Entry("", 1024, 32_768, shortest=32, usual=(256, 512), query_prefix=_RETRIEVE)
_VOYAGE: Final = Entry(
    "", 1024, 32_000, 0.12, shortest=256, usual=(256, 512, 2048), upstream_hint=QUERY_HINT
)
_COHERE: Final = Entry(
    "", 2048, 128_000, shortest=256, usual=(256, 512, 1024, 1536), images=True, max_inputs=96
)
_GEMINI: Final = Entry(
    "",
    *(3072, 8192, 0.20, 128, (768, 1536)),
    query_prefix="task: search result | query: ",
    document_prefix="title: none | text: ",
    images=True,
    max_inputs=100,
)
_NVIDIA: Final = Entry("", 2048, 4096, 0.0, upstream_hint=PASSAGE_HINT)
_PPLX: Final = Entry("", 2560, 32_000, 0.03, shortest=128, usual=(256, 512, 1024))
_SBERT: Final = "sentence-transformers/"

ENTRIES: Final[tuple[Entry, ...]] = (
    _OPENAI._replace(id="openai/text-embedding-3-small", price=0.02),
    _OPENAI._replace(id="openai/text-embedding-3-large", price=0.13, dimensions=3072),
    Entry("openai/text-embedding-ada-002", 1536, 8192, 0.10),
    Entry("google/gemini-embedding-001", 3072, 2048, 0.15, 128, (768, 1536), max_inputs=100),
    _GEMINI._replace(id="google/gemini-embedding-2"),
    _GEMINI._replace(id="google/gemini-embedding-2-preview"),
    _QWEN._replace(
        id="qwen/qwen3-embedding-8b", dimensions=4096, price=0.01, usual=(512, 1024, 2048)
    ),
    _QWEN._replace(id="qwen/qwen3-embedding-4b", dimensions=2560, price=0.02, usual=(512, 1024)),
    _QWEN._replace(id="qwen/qwen3-embedding-0.6b"),
    Entry("mistralai/mistral-embed-2312", 1024, 8192, 0.10),
    Entry("mistralai/codestral-embed-2505", 1536, 8192, 0.15, 256, (256, 512, 1024, 3072)),
    _VOYAGE._replace(id="voyageai/voyage-4-large"),
    _VOYAGE._replace(id="voyageai/voyage-4", price=0.06),
    _VOYAGE._replace(id="voyageai/voyage-4-lite", price=0.02),
    _VOYAGE._replace(id="voyageai/voyage-code-4"),
    _VOYAGE._replace(id="voyageai/voyage-multimodal-3.5", shortest=0, usual=(), images=True),
    _COHERE._replace(id="cohere/embed-5-pro", price=0.12),
    _COHERE._replace(id="cohere/embed-5-fast", price=0.08),
    _PPLX._replace(id="perplexity/pplx-embed-v1-4b"),
    _PPLX._replace(
        id="perplexity/pplx-embed-v1-0.6b", dimensions=1024, price=0.004, usual=(256, 512)
    ),
    _NVIDIA._replace(id="nvidia/llama-nemotron-embed-vl-1b-v2", context=2048, images=True),
    _NVIDIA._replace(id="nvidia/nemotron-3-embed-1b"),
    Entry("liquid/lfm-2.5-embedding-350m", 1024, 512, 0.0, max_inputs=16),
    Entry("baai/bge-m3", 1024, 8192, 0.01),
    _BGE._replace(id="baai/bge-large-en-v1.5", dimensions=1024, price=0.01),
    _BGE._replace(id="baai/bge-base-en-v1.5"),
    _E5._replace(id="intfloat/multilingual-e5-large", dimensions=1024, price=0.01),
    _E5._replace(id="intfloat/e5-large-v2", dimensions=1024, price=0.01),
    _E5._replace(id="intfloat/e5-base-v2"),
    _PLAIN._replace(id="thenlper/gte-large", dimensions=1024, price=0.01),
    _PLAIN._replace(id="thenlper/gte-base"),
    _PLAIN._replace(id=_SBERT + "all-mpnet-base-v2"),
    _PLAIN._replace(id=_SBERT + "multi-qa-mpnet-base-dot-v1"),
    _SMALL._replace(id=_SBERT + "all-minilm-l6-v2"),
    _SMALL._replace(id=_SBERT + "all-minilm-l12-v2"),
    _SMALL._replace(id=_SBERT + "paraphrase-minilm-l6-v2"),
)
"""The models OpenRouter lists."""

LOCAL_ENTRIES: Final[tuple[Entry, ...]] = (
    _SMALL._replace(id="all-minilm", price=None),
    _PLAIN._replace(
        id="nomic-embed-text",
        price=None,
        context=2048,
        query_prefix="search_query: ",
        document_prefix="search_document: ",
    ),
    _BGE._replace(id="mxbai-embed-large", dimensions=1024, price=None),
    _GEMINI._replace(
        id="embeddinggemma", dimensions=768, context=2048, price=None, usual=(256, 512)
    )._replace(images=False, max_inputs=None),
)
"""Models people serve themselves, under the names local servers give them; from their cards."""

_BY_ID: Final = {entry.id: entry for entry in ENTRIES}
_BY_NAME: Final = {entry.id.rsplit("/", 1)[-1]: entry for entry in (*ENTRIES, *LOCAL_ENTRIES)} | {
    # Their names at home, where OpenRouter appends the date.
    "mistral-embed": _BY_ID["mistralai/mistral-embed-2312"],
    "codestral-embed": _BY_ID["mistralai/codestral-embed-2505"],
}
_VARIANT: Final = r":(?:free|nitro|floor|batch|extended|latest)$"
_VERSION: Final = r"[-:]v\d+(?:\.\d+)?(?:$|[-:].*)"


def lookup(model: str) -> Entry | None:
    """The catalog's entry for a model under any of the names servers give it.

    OpenRouter's variants (`:free`), upstream spellings (`Qwen/Qwen3-Embedding-8B`) and Ollama's
    tags (`qwen3-embedding:0.6b`, `nomic-embed-text:v1.5`) all find it.
    """
    plain = re.sub(_VARIANT, "", model.lower())
    if plain in _BY_ID:
        return _BY_ID[plain]
    name = plain.rsplit("/", 1)[-1]
    for candidate in (name, name.replace(":", "-"), re.sub(_VERSION, "", name), name.split(":")[0]):
        if candidate in _BY_NAME:
            return _BY_NAME[candidate]
    return None


def prefix(entry: Entry | None, purpose: Purpose) -> str:
    """What a model wants to see before every text of a purpose."""
    if entry is None:
        return ""
    return entry.query_prefix if purpose == "query" else entry.document_prefix


def same_model(asked: str, served: str) -> bool:
    """Whether a reply's `model` may be the one asked for: upstream spellings differ."""
    ours, theirs = lookup(asked), lookup(served)
    if ours is not None and theirs is not None:
        return ours == theirs
    a, b = (re.sub(r"[^a-z0-9]", "", _last_name(name)) for name in (asked, served))
    return a in b or b in a  # a server that names no model is believed


def fusion_alpha(model: str) -> float:
    """Weight of the cosine side when a ranking is fused with words, for this model's class."""
    entry = lookup(model)
    return DEFAULT_ALPHA if entry is None else entry.alpha


def complete(row: ModelInfo) -> ModelInfo:
    """A row of a live list with what the catalog knows filled in.

    The context is the smaller of both, since listings promise more than providers keep; price,
    name and modalities are the listing's where it has them.
    """
    entry = lookup(row.id)
    if entry is None:
        return row
    contexts = [tokens for tokens in (row.context_tokens, entry.context) if tokens]
    return row._replace(
        dimensions=row.dimensions or entry.dimensions,
        matryoshka=row.matryoshka or entry.usual,
        context_tokens=min(contexts),
        usd_per_million_tokens=(
            _price(entry, row.id)
            if row.usd_per_million_tokens is None
            else row.usd_per_million_tokens
        ),
        max_inputs=row.max_inputs or entry.max_inputs,
    )


_FAMILIES: Final = {
    "openai": "openai/",
    "voyage": "voyageai/",
    "cohere": "cohere/",
    "mistral": "mistralai/",
    "gemini": "google/",
}
"""By profile of a server that serves one family: what OpenRouter puts before its names."""

_OWN: Final = frozenset({"ollama", "lmstudio", "llamacpp"})
"""Profiles of servers people run themselves, under whose names the local entries are."""


def known_models(profile: str = "openrouter") -> list[ModelInfo]:
    """The built-in table as a list, for when the server's own cannot be had.

    Args:
        profile: the kind of server; names are those it would give, and none where nobody knows.
    """
    family = "" if profile == "openrouter" else _FAMILIES.get(profile)
    if family is None:
        entries = LOCAL_ENTRIES if profile in _OWN else ()
        family = ""
    else:
        entries = tuple(entry for entry in ENTRIES if entry.id.startswith(family))
    return [
        complete(
            ModelInfo(
                entry.id.removeprefix(family),
                modalities=("text", "image") if entry.images else ("text",),
            )
        )
        for entry in entries
    ]


def complete_all(rows: Iterable[ModelInfo]) -> list[ModelInfo]:
    """Every row of a live list completed, in the list's order."""
    return [complete(row) for row in rows]


def _price(entry: Entry, model: str) -> float | None:
    """Free models cost nothing only under their `:free` name."""
    if entry.price == 0 and not model.endswith(":free"):
        return None
    return entry.price


def _last_name(model: str) -> str:
    return re.sub(_VARIANT, "", model.lower()).rsplit("/", 1)[-1]
