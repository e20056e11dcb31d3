"""Where things live, and how private files are written.

Data (the index, the embedded model), settings, cache and state each go to the place the system
means for them, by platformdirs. Folders are made 0700 and files 0600: an index holds the text of
private notes.
"""

from __future__ import annotations

import os
import sys

from semsearch.errors import StorageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

_APPLICATION: Final = "semsearch"

PRIVATE_FOLDER: Final = 0o700
PRIVATE_FILE: Final = 0o600


def data_folder() -> str:
    """Folder of the index and of installed models; not made here."""
    return _folder("data", "XDG_DATA_HOME", ".local/share")


def config_folder() -> str:
    """Folder of `config.toml` and of the key file; not made here."""
    return _folder("config", "XDG_CONFIG_HOME", ".config")


def cache_folder() -> str:
    """Folder of what can be fetched again, such as model lists; not made here."""
    return _folder("cache", "XDG_CACHE_HOME", ".cache")


def _folder(kind: str, variable: str, below_home: str) -> str:
    """What platformdirs says; on Linux by the two rules of XDG it would apply.

    Importing platformdirs takes a third of the time of a keyword search. A test holds the
    shortcut to the library's answer.
    """
    if sys.platform == "linux":
        named = os.environ.get(variable, "").strip()
        if not named:
            return os.path.join(os.path.expanduser("~"), below_home, _APPLICATION)
        if os.path.isabs(named):
            return os.path.join(named, _APPLICATION)
    import platformdirs

    finders = {
        "data": platformdirs.user_data_dir,
        "config": platformdirs.user_config_dir,
        "cache": platformdirs.user_cache_dir,
    }
    return finders[kind](_APPLICATION, appauthor=False)


def index_file(chosen: str) -> str:
    """The index that is named, with `~` as in a shell, which no settings file passes through.

    Args:
        chosen: its path; empty for the one in the user's data folder.
    """
    return os.path.expanduser(chosen) if chosen else os.path.join(data_folder(), "index.db")


def make_private_folder(path: str | bytes) -> None:
    """Make a folder with its parents, closed to other users; an existing one is left as it is.

    Raises:
        StorageError: the folder cannot be made.
    """
    try:
        os.makedirs(path, mode=PRIVATE_FOLDER, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The folder {os.fsdecode(path)!a} cannot be made: {error.strerror}.",
            hint="Make it yourself, or choose another place with --index.",
            code="storage.folder",
        ) from error


def write_private(path: str, content: bytes) -> None:
    """Replace a file in one step, readable by its owner alone; a crash leaves old or new.

    Raises:
        StorageError: the file cannot be written.
    """
    import tempfile

    folder = os.path.dirname(path) or "."
    make_private_folder(folder)
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".semsearch-", dir=folder)  # 0600
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if temporary and os.path.exists(temporary):
            os.unlink(temporary)
        raise StorageError(
            f"The file {path!a} cannot be written: {error.strerror}.",
            hint="Check the free space and the permissions of its folder.",
            code="storage.write",
        ) from error


def relative_to_cwd(path: bytes, cwd: bytes) -> bytes:
    """`path` relative to `cwd` where that is shorter, else as it is."""
    if path.startswith(cwd.rstrip(b"/") + b"/"):
        return path[len(cwd.rstrip(b"/")) + 1 :]
    relative = os.path.relpath(path, cwd)
    return relative if len(relative) < len(path) else path


def is_below(path: bytes, folder: bytes) -> bool:
    """Whether `path` is `folder` or lies inside it; both absolute and normalised."""
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")
