"""Reading a file in a process of its own, which can be limited and ended.

The child knows neither keys nor the index. It gets the bytes of one file after the other on its
standard input and answers with JSON; when its parent is gone, so is its input, and it ends. A file
on which it dies or goes beyond a limit is failed with that reason; the next one gets a new child.
"""

from __future__ import annotations

import json
import os
import select
import signal
import struct
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from semsearch.errors import StorageError
from semsearch.indexing.reading import Reading, read_document, unreadable
from semsearch.records import Chunk, Passage

if TYPE_CHECKING:
    from collections.abc import Callable

MEMORY_BYTES: Final = 512 << 20
CPU_S: Final = 10
WALL_S: Final = 20.0
OPEN_FILES: Final = 16

TOO_SLOW: Final = "takes too long to read"
TOO_LARGE: Final = "takes too much memory to read"
CRASHED: Final = "crashes the reader"

_TICK_S: Final = 0.05
_HEADER: Final = struct.Struct("<QI")
"""Bytes of content, bytes of name."""
_ANSWER: Final = struct.Struct("<Q")
_PIECE: Final = 1 << 16


class ReaderApart:
    """A child process that reads files, started when the first one comes.

    Args:
        check_stop: raises when nobody wants the answer any more; the child is ended then.
        wall_s: how long one file may take.
        cpu_s: how much processor time it may take.
        memory_bytes: how much address space the child may have.
    """

    def __init__(
        self,
        check_stop: Callable[[], None],
        *,
        wall_s: float = WALL_S,
        cpu_s: int = CPU_S,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self._check_stop = check_stop
        self._wall_s = wall_s
        self._limits = (cpu_s, memory_bytes)
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, data: bytes, name: str) -> Reading:
        """Extract and chunk one file; a `failed` reading where that goes beyond a limit.

        Raises:
            StorageError: no child can be started.
        """
        process = self._process or self._start()
        name_bytes = name.encode("utf-8", "surrogatepass")
        request = b"".join((_HEADER.pack(len(data), len(name_bytes)), name_bytes, data))
        try:
            answer = self._converse(process, request)
        except BaseException:
            self.close()
            raise
        if isinstance(answer, str):
            self.close()
            return unreadable(answer)
        return _decoded(answer)

    def close(self) -> None:
        """End the child at once."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                pipe.close()

    def _start(self) -> subprocess.Popen[bytes]:
        # -P: the current folder may be one that is being indexed, and nothing in it may be run.
        command = [sys.executable, "-P", "-m", __name__, *map(str, self._limits)]
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        try:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter, a list, no shell
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                bufsize=0,
                start_new_session=True,  # Ctrl-C is for the parent, which decides
            )
        except OSError as error:
            raise StorageError(
                f"No process can be started to read large files: {error.strerror}.",
                hint="Close other programs and run the command again.",
                code="storage.process",
            ) from error
        self._process = process
        return process

    def _converse(self, process: subprocess.Popen[bytes], request: bytes) -> bytes | str:
        """Send the request while reading the answer; the answer, or why there is none."""
        assert process.stdin is not None
        assert process.stdout is not None
        to_child, from_child = process.stdin.fileno(), process.stdout.fileno()
        os.set_blocking(to_child, False)
        deadline = time.monotonic() + self._wall_s
        left, parts, size = memoryview(request), bytearray(), None
        while size is None or len(parts) < size:
            self._check_stop()
            if time.monotonic() > deadline:
                return TOO_SLOW
            ready, writable, _ = select.select(
                [from_child], [to_child] if left else [], [], _TICK_S
            )
            if writable:
                try:
                    left = left[os.write(to_child, left[:_PIECE]) :]
                except BrokenPipeError:
                    return _cause(process)
            if ready:
                piece = os.read(from_child, _PIECE)
                if not piece:
                    return _cause(process)
                parts += piece
                if size is None and len(parts) >= _ANSWER.size:
                    size = _ANSWER.unpack_from(parts)[0]
                    del parts[: _ANSWER.size]
        return bytes(parts)


_PASSED_ON: Final = ("PATH", "SYSTEMROOT", "LANG", "LC_ALL", "LC_CTYPE")
"""No key: the child has no use for one."""


def _cause(process: subprocess.Popen[bytes]) -> str:
    """Why a child is gone."""
    status = process.wait()
    if status == -getattr(signal, "SIGXCPU", 0) and status:
        return TOO_SLOW
    return TOO_LARGE if status == _OUT_OF_MEMORY else CRASHED


def _decoded(answer: bytes) -> Reading:
    kind, title, state, reason, text, rows = json.loads(answer)
    return Reading(kind, title, state, reason, text, tuple(_pair(text, *row) for row in rows))


def _pair(
    text: str, place: list[Any], breadcrumb: list[str], digest: str, passage: list[Any]
) -> tuple[Chunk, Passage]:
    _, start, end, *_ = place
    chunk = Chunk._make([*place, tuple(breadcrumb), text[start:end]])
    return chunk, Passage._make([bytes.fromhex(digest), *passage])


# --- in the child --------------------------------------------------------------------------------

_OUT_OF_MEMORY: Final = 12


def serve(cpu_s: int, memory_bytes: int) -> None:
    """Answer requests until there are no more."""
    _limit(memory_bytes)
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    while header := stdin.read(_HEADER.size):
        size, name_size = _HEADER.unpack(header)
        name = stdin.read(name_size).decode("utf-8", "surrogatepass")
        _allow_seconds(cpu_s)
        try:
            _answer(stdout, read_document(stdin.read(size), name))
        except MemoryError:
            os._exit(_OUT_OF_MEMORY)


def _answer(stdout: BinaryIO, reading: Reading) -> None:
    rows: list[Any] = [
        [list(chunk[:6]), chunk.breadcrumb, passage.digest.hex(), list(passage[1:])]
        for chunk, passage in reading.chunks
    ]
    body = json.dumps([*reading[:5], rows]).encode()
    stdout.write(_ANSWER.pack(len(body)))
    stdout.write(body)
    stdout.flush()


def _limit(memory_bytes: int) -> None:
    try:
        import resource
    except ImportError:  # not a POSIX system: the parent's clock is the only limit
        return
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _allow_seconds(cpu_s: int) -> None:
    """Let the next file have so much processor time, whatever was used before."""
    try:
        import resource
    except ImportError:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime) + 1 + cpu_s  # whole seconds, rounded up
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]))
