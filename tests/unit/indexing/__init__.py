"""Plan and run against a real store and real files; only the model is a fake."""
