"""Trials of safety with a size: short in CI, as long as one likes by command."""
