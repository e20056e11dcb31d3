"""Stand-ins for what the tests must not reach: the embeddings API and a model."""
