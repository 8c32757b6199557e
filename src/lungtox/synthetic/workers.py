"""Worker processes for many patients."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@contextmanager
def worker_processes(count: int) -> Iterator[ProcessPoolExecutor]:
    """Start fresh worker processes with one thread each.

    More threads only wait for each other (measured: 4 times the CPU), and a sum over threads may differ in its last
    digit from run to run.
    """
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as workers:
            yield workers
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
