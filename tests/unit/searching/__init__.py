"""The searching room: query language, retrieval, ranking, snippets, answers."""
