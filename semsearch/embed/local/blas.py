"""Load numpy so that each matrix product uses one thread.

Two workers, each with a single-threaded BLAS, are a third faster than one worker whose BLAS has
two threads, and keep their speed on a busy machine, where BLAS threads lose most of it waiting
for each other. A BLAS reads its thread count once, from the environment, so this works only
before numpy is first imported.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from typing import Final

__all__ = ["single_threaded_numpy"]

_VARIABLES: Final = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",  # macOS wheels use Apple's Accelerate
)


@cache
def single_threaded_numpy() -> bool:
    """Import numpy with one BLAS thread where that is still possible; tell whether it is so.

    A user who has set any of the variables decides instead. Those set here are taken back once
    numpy has read them, so that programs started later do not inherit them. When numpy was
    loaded earlier its BLAS keeps its own threads and the answer is False: run one worker then.
    """
    chosen = {os.environ[name].strip() for name in _VARIABLES if name in os.environ}
    if chosen or "numpy" in sys.modules:
        return chosen == {"1"}
    os.environ.update(dict.fromkeys(_VARIABLES, "1"))
    try:
        import numpy as np

        np.ones((2, 2), np.float32) @ np.ones((2, 2), np.float32)  # some read it at first use
    finally:
        for name in _VARIABLES:
            del os.environ[name]
    return True
