"""numpy is loaded with one BLAS thread where that is still possible."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
PROBE = """
import json, os, sys
{before}
from semsearch.embed.local.blas import single_threaded_numpy
single = single_threaded_numpy()
threads = len(os.listdir("/proc/self/task")) if os.path.exists("/proc/self/task") else 1
left = [name for name in {variables!r} if name in os.environ]
print(json.dumps([single, single_threaded_numpy(), threads, left, "numpy" in sys.modules]))
"""


def probe(before: str = "", **variables: str) -> list[object]:
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    code = PROBE.format(before=before, variables=VARIABLES)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return list(json.loads(done.stdout))


def test_one_thread_and_no_trace_in_the_environment() -> None:
    assert probe() == [True, True, 1, [], True]


@pytest.mark.parametrize(("value", "single"), [("1", True), ("2", False)])
def test_the_users_choice_stands(value: str, single: bool) -> None:
    result = probe(OMP_NUM_THREADS=value)
    assert result[:2] == [single, single]
    assert result[3] == ["OMP_NUM_THREADS"]


def test_numpy_loaded_before_keeps_its_threads() -> None:
    assert probe("import numpy")[:2] == [False, False]
