"""The façade: the verbs every door uses, over settings, one store and one embedder."""

from semsearch.engine.facade import Engine

__all__ = ["Engine"]
