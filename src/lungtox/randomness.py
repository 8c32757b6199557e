"""One seed in the config, one independent stream of random numbers for each task."""

from __future__ import annotations

import zlib

import numpy as np


def task_rng(seed: int, *task: str) -> np.random.Generator:
    """Give the generator of a task; it depends on the seed and the task's name only, never on other tasks.

    Parameters
    ----------
    seed : int
        Not negative.
    *task : str
        Names that together identify the task, such as ``"validation", "dose_clinical"``.
    """
    return np.random.default_rng([seed, *(zlib.crc32(name.encode()) for name in task)])
