"""Promises of the product, counted on folders of any size; each module is a command."""
