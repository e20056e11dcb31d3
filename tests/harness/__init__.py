"""What the promises of durability are tested with: kills, power cuts and full disks, by command.

`python -m tests.harness.kill --trials 200`, `python -m tests.harness.screens --trials 60`,
`python -m tests.harness.power --images 100` and `python -m tests.harness.full --trials 50`; each
prints a table and ends with status 1 when a promise was broken. The tests of this folder run a few
trials of each.
"""
