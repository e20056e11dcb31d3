"""The embedded model keeps the promises of `Embedder`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
import types
from importlib.machinery import ModuleSpec
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semsearch.embed.local import DEFAULT_KEY, LocalEmbedder, identify, open_local
from semsearch.embed.local.bert import Bert
from semsearch.embed.local.blas import single_threaded_numpy
from semsearch.embed.local.embedder import plan_batches
from semsearch.errors import Cancelled, ModelUnavailable
from tests.unit.embed_local.tiny import LAYOUT, TEXTS, write_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from semsearch.protocols import Embedder

TINY_TEXTS = [text for text in TEXTS if text]


def matrix(vectors: Sequence[bytes]) -> NDArray[np.float32]:
    return np.stack([np.frombuffer(vector, "<f4") for vector in vectors])


@pytest.fixture
def threads_allowed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let embedders believe that numpy was loaded with one BLAS thread."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    single_threaded_numpy.cache_clear()
    assert single_threaded_numpy()
    yield
    single_threaded_numpy.cache_clear()


def test_a_folder_is_an_embedder(tiny_folder: Path) -> None:
    embedder: Embedder = LocalEmbedder(tiny_folder, fast=False)
    reply = embedder.embed(TINY_TEXTS, "document")
    assert embedder.host == ""
    assert reply.model == embedder.key.model
    assert reply.dimensions == embedder.key.dimensions == LAYOUT.width
    assert [len(vector) for vector in reply.vectors] == [4 * LAYOUT.width] * len(TINY_TEXTS)
    assert np.linalg.norm(matrix(reply.vectors), axis=1) == pytest.approx(1.0, abs=1e-5)
    assert (reply.cost_usd, reply.requests) == (0.0, 0)
    assert embedder.embed([], "document").vectors == ()


def test_the_order_of_the_texts_is_kept(tiny_folder: Path) -> None:
    embedder = LocalEmbedder(tiny_folder, fast=False)
    texts = [("the cat sat " * count + text) for count in (0, 9, 3) for text in TINY_TEXTS] * 20
    together = matrix(embedder.embed(texts, "document").vectors)
    for text, vector in zip(texts[:12], together, strict=False):
        alone = matrix(embedder.embed([text], "query").vectors)[0]
        assert vector @ alone >= 0.999999


@pytest.mark.usefixtures("threads_allowed")
def test_one_worker_and_several_give_the_same_vectors(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers_seen = set()
    embed = Bert.embed

    def watched(self: Bert, sequences: Sequence[Sequence[int]]) -> Any:
        workers_seen.add(threading.get_ident())
        time.sleep(0)  # let another worker have its turn
        return embed(self, sequences)

    monkeypatch.setattr(Bert, "embed", watched)
    texts = ["the cat sat " * count for count in range(1, 60)]
    one, three = (
        LocalEmbedder(tiny_folder, workers=workers, fast=False).embed(texts, "document")
        for workers in (1, 3)
    )
    assert one == three
    assert len(workers_seen) > 1


@pytest.mark.model
def test_a_query_and_a_document_have_the_same_vector(model_folder: Path) -> None:
    embedder = LocalEmbedder(model_folder, DEFAULT_KEY, fast=False)
    texts = ["Rotate the API keys.", "rain " * 200, "short", "How are backups checked? " * 9]
    documents = matrix(embedder.embed(texts, "document").vectors)
    queries = matrix([embedder.embed([text], "query").vectors[0] for text in texts])
    assert np.min(np.sum(documents * queries, axis=1)) >= 0.999999


@pytest.mark.model
def test_the_default_model_is_recognised_by_its_content(model_folder: Path, tmp_path: Path) -> None:
    renamed = tmp_path / "renamed"
    renamed.symlink_to(model_folder)
    assert identify(renamed) == DEFAULT_KEY
    assert DEFAULT_KEY == ("local", "local:all-MiniLM-L6-v2", 384, "text", "text")


@pytest.mark.model
def test_a_longer_text_is_cut_and_says_so_in_its_tokens(model_folder: Path) -> None:
    reply = LocalEmbedder(model_folder, DEFAULT_KEY, fast=False).embed(["rain " * 400], "query")
    assert reply.tokens == 256


@pytest.mark.model
def test_the_default_weights_in_another_layout_are_another_model(
    model_folder: Path, tmp_path: Path
) -> None:
    for name in ("model.safetensors", "vocab.txt"):
        (tmp_path / name).symlink_to(model_folder / name)
    config = (model_folder / "config.json").read_text()
    (tmp_path / "config.json").write_text(config.replace('heads": 12', 'heads": 6'))
    assert identify(tmp_path).model.startswith(f"local:{tmp_path.name}@")


# --- identity --------------------------------------------------------------------------------


def test_a_folders_key_is_stable_and_follows_its_content(tmp_path: Path) -> None:
    one = write_model(tmp_path / "a" / "model", seed=1)
    copy = shutil.copytree(one, tmp_path / "b" / "model")
    other = write_model(tmp_path / "c" / "model", seed=2)
    keys = [LocalEmbedder(folder).key for folder in (one, copy, other)]
    assert keys[0] == keys[1] != keys[2]
    assert keys[0].model.startswith("local:model@")
    assert keys[0].endpoint == "local"


@pytest.mark.parametrize("changed", ["vocab.txt", "config.json", "sentence_bert_config.json"])
def test_whatever_changes_the_vectors_changes_the_key(tiny_folder: Path, changed: str) -> None:
    before = identify(tiny_folder)
    path = tiny_folder / changed
    old, new = {
        "vocab.txt": ("cat\n", "cow\n"),
        "config.json": ('"num_attention_heads": 4', '"num_attention_heads": 8'),
        "sentence_bert_config.json": ("40", "30"),
    }[changed]
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert identify(tiny_folder) != before


def test_a_folder_that_is_not_the_promised_model_is_refused(tiny_folder: Path) -> None:
    embedder = LocalEmbedder(tiny_folder, DEFAULT_KEY, fast=False)
    with pytest.raises(ModelUnavailable, match="not the published ones") as caught:
        embedder.embed(["a dog"], "query")
    assert "models install" in caught.value.hint


def test_damage_since_the_key_was_read_is_noticed(tiny_folder: Path) -> None:
    key = identify(tiny_folder)
    path = tiny_folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelUnavailable):
        LocalEmbedder(tiny_folder, key, fast=False).embed(["a dog"], "query")


@pytest.mark.parametrize("missing", ["config.json", "vocab.txt", "model.safetensors"])
def test_a_folder_with_a_file_missing_says_which(tiny_folder: Path, missing: str) -> None:
    (tiny_folder / missing).unlink()
    with pytest.raises(ModelUnavailable, match=missing):
        _ = LocalEmbedder(tiny_folder).key
    with pytest.raises(ModelUnavailable, match=missing):
        LocalEmbedder(tiny_folder).embed(["a dog"], "query")


def test_a_vocabulary_larger_than_the_table_is_refused(tiny_folder: Path) -> None:
    with (tiny_folder / "vocab.txt").open("a") as file:
        file.write("more\n")
    with pytest.raises(ModelUnavailable, match=r"vocab\.txt"):
        LocalEmbedder(tiny_folder, fast=False).embed(["a dog"], "query")


def test_weights_that_are_not_finite_are_refused(tiny_folder: Path) -> None:
    path = tiny_folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-4:] = b"\x00\x00\xc0\x7f"
    path.write_bytes(content)
    with pytest.raises(ModelUnavailable, match="not finite"):
        LocalEmbedder(tiny_folder, fast=False).embed(["a dog"], "query")


def test_models_are_opened_by_name(tiny_folder: Path, tmp_path: Path) -> None:
    assert open_local(f"local:{tiny_folder}", tmp_path).key == identify(tiny_folder)
    with pytest.raises(ModelUnavailable) as caught:
        open_local("local:/no/such\x1b[2J/folder", tmp_path)
    assert caught.value.message.isprintable()
    with pytest.raises(ModelUnavailable) as caught:
        open_local("local:all-MiniLM-L6-v2", tmp_path)
    assert "semsearch models install" in caught.value.hint


# --- stopping --------------------------------------------------------------------------------


def test_cancel_stops_between_batches(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedder = LocalEmbedder(tiny_folder, workers=1, fast=False)
    batches = 0
    embed = Bert.embed

    def cancelling(self: Bert, sequences: Sequence[Sequence[int]]) -> Any:
        nonlocal batches
        batches += 1
        embedder.cancel()
        return embed(self, sequences)

    monkeypatch.setattr(Bert, "embed", cancelling)
    with pytest.raises(Cancelled):
        embedder.embed(["the cat sat on the mat " * 20] * 200, "document")
    assert batches == 1


def test_after_cancel_and_close_every_call_raises(tiny_folder: Path) -> None:
    for stop in (LocalEmbedder.cancel, LocalEmbedder.close):
        embedder = LocalEmbedder(tiny_folder, fast=False)
        embedder.embed(["a dog"], "query")
        stop(embedder)
        with pytest.raises(Cancelled):
            embedder.embed(["a dog"], "query")


@pytest.mark.usefixtures("threads_allowed")
@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, IndexError])
def test_what_goes_wrong_in_a_worker_reaches_the_caller(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    calls = 0
    failed = threading.Event()

    def failing(_self: Bert, sequences: Sequence[Sequence[int]]) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            failed.set()
            raise error
        failed.wait()
        return np.zeros((len(sequences), LAYOUT.width), np.float32)

    monkeypatch.setattr(Bert, "embed", failing)
    before = threading.active_count()
    with pytest.raises(error):
        LocalEmbedder(tiny_folder, fast=False).embed(["the cat sat " * 20] * 100, "document")
    assert threading.active_count() == before
    assert calls < 5  # of nine batches: the rest is not begun


@given(st.lists(st.integers(1, 300), max_size=60), st.integers(1, 600))
def test_batches_hold_every_text_once_and_stay_small(lengths: list[int], tokens: int) -> None:
    batches = plan_batches(lengths, tokens)
    assert sorted(chain.from_iterable(batches)) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or sum(lengths[index] for index in batch) <= tokens
    flat = [lengths[index] for batch in batches for index in batch]
    assert flat == sorted(flat, reverse=True)


# --- onnxruntime -----------------------------------------------------------------------------


def fake_onnxruntime(monkeypatch: pytest.MonkeyPatch) -> None:
    """An onnxruntime that is installed and cannot run anything."""
    module = types.ModuleType("onnxruntime")
    module.__spec__ = ModuleSpec("onnxruntime", None)
    monkeypatch.setitem(sys.modules, "onnxruntime", module)


def test_numpy_takes_over_when_onnxruntime_cannot_run_the_model(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = LocalEmbedder(tiny_folder, fast=False).embed(TINY_TEXTS, "document")
    fake_onnxruntime(monkeypatch)
    embedder = LocalEmbedder(tiny_folder)
    assert embedder.embed(TINY_TEXTS, "document") == expected
    assert embedder.notice.startswith("onnxruntime cannot run the embedded model")
    assert embedder.notice.isprintable()


def test_queries_do_not_wait_for_onnxruntime(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_onnxruntime(monkeypatch)
    embedder = LocalEmbedder(tiny_folder)
    embedder.embed(TINY_TEXTS, "query")
    assert embedder.notice == ""


def test_documents_by_onnxruntime_equal_those_by_numpy(tiny_folder: Path) -> None:
    pytest.importorskip("onnxruntime", reason="onnxruntime (extra `fast`) is not installed")
    fast = LocalEmbedder(tiny_folder)
    quick = matrix(fast.embed(TINY_TEXTS * 40, "document").vectors)
    plain = matrix(LocalEmbedder(tiny_folder, fast=False).embed(TINY_TEXTS * 40, "query").vectors)
    assert fast.notice == ""
    assert type(fast._model).__name__ == "OnnxBert"
    assert np.min(np.sum(quick * plain, axis=1)) >= 0.99999


# --- start-up --------------------------------------------------------------------------------


def test_nothing_heavy_is_loaded_before_the_first_embed(tiny_folder: Path) -> None:
    code = f"""
import sys
from semsearch.embed.local import DEFAULT_KEY, LocalEmbedder, find_model
find_model({str(tiny_folder)!r})
embedder = LocalEmbedder({str(tiny_folder)!r})
embedder.key
heavy = {{"numpy", "onnxruntime", "subprocess", "zipfile", "asyncio", "concurrent", "httpx"}}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
print(len(embedder.embed(["a dog"], "query").vectors))
assert "onnxruntime" not in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=False
    )
    assert (done.stdout, done.stderr) == ("1\n", "")
