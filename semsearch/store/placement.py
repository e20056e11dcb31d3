"""Disks on which a write-ahead log is not safe: shared over a network, or copied by a service.

The log needs memory that all processes share, which a network does not give; and a service that
copies files one by one tears an index from its log.
"""

from __future__ import annotations

import os
from typing import Final

_TABLE: Final = "/proc/self/mountinfo"

_NETWORK: Final = (
    " 9p afs ceph cifs davfs davfs2 fuse.davfs2 fuse.glusterfs fuse.rclone fuse.s3fs fuse.sshfs"
    " gfs2 glusterfs lustre ncpfs nfs nfs4 ocfs2 smb3 smbfs vboxsf "
)
_SYNCHRONISED: Final = {
    "dropbox": "Dropbox",
    "google drive": "Google Drive",
    "googledrive": "Google Drive",
    "mobile documents": "iCloud",
    "nextcloud": "Nextcloud",
    "onedrive": "OneDrive",
    "owncloud": "ownCloud",
    "pcloud drive": "pCloud",
}
_MARKS: Final = {".stfolder": "Syncthing", ".dropbox": "Dropbox"}
"""What a service leaves in the folders it synchronises."""


def shared_by(path: str, table: str = _TABLE) -> str:
    """What shares the place of an index with other machines; empty for a local disk.

    Args:
        path: absolute; need not exist yet.
        table: the mounted file systems, in the form of Linux; where there is none, only the names
            of folders count.
    """
    kind = _file_system(os.path.realpath(path), table)
    if f" {kind} " in _NETWORK:
        return f"a network file system ({kind})"
    folder = os.path.dirname(path)
    while True:
        name = os.path.basename(folder).lower()
        service = _SYNCHRONISED.get(name.split(" - ")[0])  # "OneDrive - Company"
        for mark, marked in _MARKS.items():
            if os.path.lexists(os.path.join(folder, mark)):
                service = marked
        if service:
            return f"a folder that {service} synchronises"
        parent = os.path.dirname(folder)
        if parent == folder:
            return ""
        folder = parent


def _file_system(path: str, table: str) -> str:
    """The kind of the file system mounted nearest above a path."""
    best = kind = ""
    try:
        with open(table, encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                fields = line.split()
                at = fields[4].encode("latin-1", "replace").decode("unicode_escape")
                inside = path == at or path.startswith(at.rstrip("/") + "/")
                if inside and len(at) >= len(best):
                    best, kind = at, fields[fields.index("-") + 1]
    except (OSError, IndexError, ValueError):
        return ""  # a system that does not tell
    return kind
