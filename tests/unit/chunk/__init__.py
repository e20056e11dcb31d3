"""Tests of the chunk room."""
