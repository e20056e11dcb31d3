"""Which mounted file systems hold no files of a person, such as procfs."""

from __future__ import annotations

import os
from typing import Final

_SPECIAL: Final = (
    " autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fusectl"
    " hugetlbfs mqueue nsfs proc pstore rpc_pipefs securityfs selinuxfs sysfs tracefs "
)
_TABLE: Final = "/proc/self/mountinfo"


def special_devices() -> frozenset[int]:
    """`st_dev` of every special file system mounted now; empty where the system does not tell."""
    try:
        with open(_TABLE, encoding="utf-8", errors="replace") as table:
            return frozenset(filter(None, map(_special_device, table)))
    except OSError:
        return frozenset()


def _special_device(line: str) -> int:
    """The device of one line of the table when it is special, else 0."""
    fields = line.split()
    kind = fields[fields.index("-") + 1] if "-" in fields else ""
    if f" {kind} " not in _SPECIAL:
        return 0
    major, minor = fields[2].split(":")
    return os.makedev(int(major), int(minor))
