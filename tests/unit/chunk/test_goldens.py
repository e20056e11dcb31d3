"""Realistic documents, and the chunks a reader would expect of them."""

from __future__ import annotations

from semsearch.chunk import chunk_document, to_passages

from . import samples

README = f"""\
---
title: Parcel tracker
tags: [tools]
---

# Parcel tracker

[![build](https://ci.example/badge.svg)](https://ci.example)

Keeps an eye on parcels and tells you when one is late.

## Install

```sh
pip install parcel-tracker
# with the browser plugin
pip install parcel-tracker[browser]
```

## How it works

{samples.paragraphs(21, 4)}

### Carriers

| Carrier | Delay |
|---------|-------|
| Post    | 2 h   |
| Swift   | 10 min |

### Limits

- No parcels to the moon.
- No more than 20 an hour.
"""

MODULE = '''\
"""Parcels and where they are.

Times are in UTC.
"""

from __future__ import annotations

import datetime


class Parcel:
    """One parcel on its way."""

    def __init__(self, number: str, sent: datetime.datetime) -> None:
        self.number = number
        self.sent = sent

    @property
    def age(self) -> datetime.timedelta:
        """How long it has been on its way."""
        return datetime.datetime.now(datetime.UTC) - self.sent

    def is_late(self, expected: datetime.timedelta, tolerance: float = 1.5) -> bool:
        """Whether it takes longer than expected.

        A parcel that was sent on a weekend gets two days more, because no carrier picks it up
        before Monday morning.
        """
        allowance = datetime.timedelta(days=2) if self.sent.weekday() >= 5 else datetime.timedelta()
        return self.age > expected * tolerance + allowance


def load(path: str) -> list[Parcel]:
    with open(path) as lines:
        return [Parcel(*line.split()) for line in lines]
'''


def shape(source: str, name: str) -> list[tuple[int, int, tuple[str, ...]]]:
    document = samples.read(source, name)
    return [
        (chunk.start_line, chunk.end_line, chunk.breadcrumb) for chunk in chunk_document(document)
    ]


def test_a_readme() -> None:
    title = "Parcel tracker"
    found = shape(README, "README.md")
    works = [entry for entry in found if entry[2] == (title, "How it works")]
    assert found[:2] == [(6, 10, (title,)), (12, 18, (title, "Install"))]
    assert len(works) in (2, 3)
    assert works[0][0] == 20
    assert works[-1][1] == 28
    assert found[-2:] == [
        (30, 35, (title, "How it works", "Carriers")),
        (37, 40, (title, "How it works", "Limits")),
    ]


def test_what_is_embedded_of_a_readme() -> None:
    document = samples.read(README, "README.md")
    passages = to_passages(document, chunk_document(document))
    assert passages[0].text.startswith("# Parcel tracker\n\n[![build]")
    assert passages[1].text.startswith("Parcel tracker\n## Install\n\n```sh\npip install")
    assert passages[3].text.startswith("Parcel tracker > How it works\n")
    assert passages[-1].text == (
        "Parcel tracker > How it works\n### Limits\n\n"
        "- No parcels to the moon.\n- No more than 20 an hour."
    )


def test_a_python_module() -> None:
    assert shape(MODULE, "parcel.py") == [
        (1, 8, ()),
        (11, 21, ("class Parcel",)),
        (23, 30, ("class Parcel", "def is_late")),
        (33, 35, ()),
    ]
