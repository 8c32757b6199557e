"""Random streams of the demo cohort: one for each patient and purpose, independent of the cohort's size."""

from __future__ import annotations

import zlib

import numpy as np

from lungtox.errors import ParameterError


def child_stream(rng: np.random.Generator, purpose: str, *numbers: int) -> np.random.Generator:
    """Give the stream of one purpose (and patient) below ``rng``.

    Only the seed sequence of ``rng`` is used, not its state: the stream is the same whatever was drawn or
    spawned before, so patient 5 is the same in a cohort of 10 and of 1,000.

    Parameters
    ----------
    rng : numpy.random.Generator
        Made by ``numpy.random.default_rng(seed)`` or spawned from such a generator.
    purpose : str
        Name of what is drawn; two purposes never share numbers.
    *numbers : int
        Such as the patient's index.
    """
    parent = rng.bit_generator.seed_seq
    if not isinstance(parent, np.random.SeedSequence):
        raise ParameterError("rng must come from numpy.random.default_rng(seed)")
    # A 32-bit tag keeps these keys apart from those of Generator.spawn, which counts from 0.
    tag = zlib.crc32(purpose.encode())
    key = (*parent.spawn_key, tag, *numbers)
    return np.random.default_rng(np.random.SeedSequence(parent.entropy, spawn_key=key, pool_size=parent.pool_size))
