"""Tests: unit by room, contract, store, cli, architecture; benchmarks beside them."""
