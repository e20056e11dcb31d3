"""Hostile input by the thousand, from a seed, by command.

`python -m tests.fuzz.replies --cases 10000`, `queries`, `sanitiser`, `contents`, `names` and
`databases` likewise; each prints its figures and ends with status 1 when an invariant was broken.
The tests of this folder run a few cases of each.
"""
