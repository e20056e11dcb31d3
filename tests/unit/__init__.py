"""Tests of one module or room at a time."""
