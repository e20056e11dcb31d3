"""The embedded model as an `Embedder`: text never leaves the process."""

from __future__ import annotations

import importlib.util
import threading
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Final

from semsearch.embed.local.blas import single_threaded_numpy
from semsearch.embed.local.identity import (
    DEFAULT_KEY,
    DEFAULT_NAME,
    VOCABULARY,
    WEIGHTS,
    identify,
)
from semsearch.embed.local.layout import read_file, read_layout, unsuitable
from semsearch.embed.local.locate import find_model
from semsearch.embed.local.wordpiece import WordPiece, read_vocabulary
from semsearch.errors import Cancelled, ModelUnavailable, ModelUnknown
from semsearch.records import Embeddings
from semsearch.text import one_line, printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from semsearch.embed.local.bert import Bert
    from semsearch.embed.local.layout import Layout
    from semsearch.embed.local.likeness import WordLikeness
    from semsearch.embed.local.onnx_session import OnnxBert
    from semsearch.embed.local.weights import Weights
    from semsearch.records import Purpose, SpaceKey

    Vectors = NDArray[np.float32]

__all__ = ["LocalEmbedder", "open_local", "plan_batches"]

_VOCABULARY_LIMIT: Final = 32 << 20
_WORD_EMBEDDINGS: Final = "embeddings.word_embeddings.weight"
_INSTALL: Final = "Run `semsearch models install`."


def open_local(model: str, data_dir: str | Path, *, workers: int = 2) -> LocalEmbedder:
    """The embedder for `local:all-MiniLM-L6-v2` or `local:/a/model/folder`.

    Raises:
        ModelUnavailable: the default model is not installed.
        ModelUnknown: the name is neither the default's nor a folder. What a folder holds is
            checked when it is first used.
    """
    name = model.removeprefix("local:")
    if name != DEFAULT_NAME:
        folder = Path(name).expanduser()
        if not folder.is_dir():
            raise ModelUnknown(
                f"There is no model folder {printable(name)}.",
                hint=f"Use local:{DEFAULT_NAME}, or local: and the path of a model folder.",
                code="model.missing",
            )
        return LocalEmbedder(folder, workers=workers)
    found = find_model(data_dir)
    if found is None:
        raise ModelUnavailable(
            "The embedded model is not installed.", hint=_INSTALL, code="model.missing"
        )
    return LocalEmbedder(found, DEFAULT_KEY, workers=workers)


def plan_batches(lengths: Sequence[int], tokens: int) -> list[list[int]]:
    """Indices in batches of at most `tokens` tokens, longest first.

    So neighbours differ little in length. A sequence longer than that has a batch of its own.
    """
    batches: list[list[int]] = []
    room = 0
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        if room < lengths[index]:
            batches.append([])
            room = max(tokens, lengths[index])
        batches[-1].append(index)
        room -= lengths[index]
    return batches


class LocalEmbedder:
    """Runs a BERT model folder; weights are loaded by the first `embed`.

    Documents and queries take the same path and get the same vectors. Documents run on
    onnxruntime where it is installed; queries do not wait for it to load.

    Args:
        folder: Holds `config.json`, `vocab.txt` and `model.safetensors`.
        key: The space the folder must turn out to be; None: whatever its content says, which
            reading `key` works out by reading all weights once.
        workers: Threads; numpy gets one where it was loaded before with a threaded BLAS.
        fast: Whether onnxruntime may be used.
    """

    host: Final = ""
    concurrency: Final = 1
    max_inputs: Final = 64
    """Two to six seconds of work, so a run commits that often."""
    max_tokens: Final = 64 * 256

    def __init__(
        self,
        folder: str | Path,
        key: SpaceKey | None = None,
        *,
        workers: int = 2,
        fast: bool = True,
    ) -> None:
        self._folder = Path(folder)
        self._key = key
        self._verified = False
        self._try_fast = fast and importlib.util.find_spec("onnxruntime") is not None
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self._parts: tuple[Layout, WordPiece, Weights] | None = None
        self._model: Bert | OnnxBert | None = None
        self._likeness: WordLikeness | None = None
        self._wanted_workers = workers
        self._workers = 1
        self.notice = ""
        """Why onnxruntime, though installed, is not used; empty otherwise."""

    @property
    def key(self) -> SpaceKey:
        """Identity of the vectors' space; raises `ModelUnavailable` for an unusable folder."""
        if self._key is not None:  # does not wait for a load in another thread
            return self._key
        with self._lock:
            return self._identity()

    @property
    def latency_ms(self) -> None:
        """There are no requests."""
        return

    def embed(self, texts: Sequence[str], purpose: Purpose) -> Embeddings:
        """Unit vectors of the texts, each cut at the model's token limit.

        Raises:
            ModelUnavailable: the folder is damaged, not the model it should be, or cannot be run.
            Cancelled: after `cancel`, within one batch (a fraction of a second).
        """
        self._stop_if_cancelled()
        with self._lock:
            tokenizer, model = self._load(purpose)
            name = self._identity().model
        sequences = [tokenizer.encode(text) for text in texts]
        vectors = self._run(model, sequences)
        return Embeddings(
            vectors=tuple(row.tobytes() for row in vectors.astype("<f4", copy=False)),
            dimensions=vectors.shape[1],
            model=name,
            tokens=sum(map(len, sequences)),
            cost_usd=0.0,
            requests=0,
        )

    def word_likeness(self) -> WordLikeness:
        """How alike words are to this model; reads its vocabulary, but loads neither it nor numpy.

        Raises:
            ModelUnavailable: the folder is damaged, or holds no model that can be run.
        """
        from semsearch.embed.local.likeness import WordLikeness

        with self._lock:
            if self._likeness is None:
                self._parts = layout, tokenizer, weights = self._read_parts()
                rows, width = layout.vocabulary, layout.width
                table = weights.stored(_WORD_EMBEDDINGS, rows, width)
                self._likeness = WordLikeness(tokenizer, table, rows, width)
            return self._likeness

    def wind_down(self) -> None:
        """As `cancel`: nothing was paid for, and a batch takes longer than anybody would wait."""
        self.cancel()

    def cancel(self) -> None:
        """Make running and future calls raise `Cancelled`."""
        self._cancelled.set()

    def close(self) -> None:
        """Cancel, and let go of the weights."""
        self.cancel()
        with self._lock:
            self._parts = self._model = self._likeness = None

    def _stop_if_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise Cancelled("Embedding was cancelled.")

    def _identity(self) -> SpaceKey:
        if self._key is None:
            self._key = identify(self._folder)
            self._verified = True
        return self._key

    def _load(self, purpose: Purpose) -> tuple[WordPiece, Bert | OnnxBert]:
        if self._parts is None or not self._verified:
            check = None if self._verified else _Identification(self._folder)
            single_threaded_numpy()
            parts = self._read_parts()
            if check is not None:
                self._accept(check.result())
            self._parts = parts
        layout, tokenizer, weights = self._parts
        if purpose == "document" and self._try_fast:
            self._try_fast = False
            self._model = self._load_fast(layout, weights) or self._model
        if self._model is None:
            from semsearch.embed.local.bert import Bert

            self._model = Bert(layout, weights)
            self._workers = self._wanted_workers if single_threaded_numpy() else 1
        return tokenizer, self._model

    def _read_parts(self) -> tuple[Layout, WordPiece, Weights]:
        """Everything but the arrays, once; needs no numpy."""
        if self._parts is not None:
            return self._parts
        from semsearch.embed.local.weights import open_weights

        layout = read_layout(self._folder)
        vocabulary = read_vocabulary(read_file(self._folder / VOCABULARY, _VOCABULARY_LIMIT))
        if len(vocabulary) > layout.vocabulary:
            raise unsuitable("vocab.txt has more pieces than config.json says")
        return (
            layout,
            WordPiece(vocabulary, layout.max_tokens),
            open_weights(self._folder / WEIGHTS),
        )

    def _accept(self, found: SpaceKey) -> None:
        if self._key not in (None, found):
            raise ModelUnavailable(
                "The embedded model's files are damaged or not the published ones.",
                hint=_INSTALL,
                code="model.damaged",
            )
        self._key = found
        self._verified = True

    def _load_fast(self, layout: Layout, weights: Weights) -> OnnxBert | None:
        from semsearch.embed.local.onnx_session import OnnxBert

        try:
            model = OnnxBert(layout, weights)
        except ModelUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  # onnxruntime's exceptions share no base class
            reason = one_line(str(error))[:200]
            self.notice = f"onnxruntime cannot run the embedded model ({reason}); using numpy."
            return None
        self._workers = self._wanted_workers
        return model

    def _run(self, model: Bert | OnnxBert, sequences: list[list[int]]) -> Vectors:
        import numpy as np

        vectors = np.empty((len(sequences), model.width), np.float32)
        pending = deque(plan_batches([*map(len, sequences)], model.batch_tokens))
        failures: list[BaseException] = []

        def take() -> list[int]:
            try:
                return pending.popleft()
            except IndexError:  # nothing left, or the other worker took the last one
                return []

        def work() -> None:
            try:
                while batch := take():
                    self._stop_if_cancelled()
                    vectors[batch] = model.embed([sequences[index] for index in batch])
            except BaseException as error:  # noqa: BLE001  # re-raised below, by the caller's thread
                failures.append(error)
                pending.clear()

        helpers = min(self._workers, len(pending)) - 1
        threads = [threading.Thread(target=work, daemon=True) for _ in range(helpers)]
        for thread in threads:
            thread.start()
        work()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        if not np.isfinite(vectors).all():
            raise unsuitable("its weights give vectors that are not finite")
        return vectors


class _Identification(threading.Thread):
    """Works out which model a folder holds while the main thread loads it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self._folder = folder
        self._outcome: SpaceKey | ModelUnavailable | None = None
        self.start()

    def run(self) -> None:
        """Read and digest all weights."""
        try:
            self._outcome = identify(self._folder)
        except ModelUnavailable as error:
            self._outcome = error

    def result(self) -> SpaceKey:
        """Wait for the answer; raises what `identify` raised."""
        self.join()
        if isinstance(self._outcome, ModelUnavailable):
            raise self._outcome
        if self._outcome is None:
            raise RuntimeError("identification ended without an outcome")
        return self._outcome
