"""The embeddings room: wire, profiles, catalog, retry, client."""
