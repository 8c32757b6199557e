"""Columns between numpy and arrow by their buffers.

`pyarrow.array` and `to_numpy` import pandas, which would cost each of the extraction and metric jobs 0.25 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa


def arrow_floats(values: NDArray[np.float64]) -> pa.Array:
    """Give a float column; NaN becomes null."""
    import pyarrow as pa

    known = ~np.isnan(values)
    validity = None if known.all() else pa.py_buffer(np.packbits(known, bitorder="little"))
    data = np.where(known, values, 0.0).astype(np.float64)
    return pa.Array.from_buffers(pa.float64(), values.size, [validity, pa.py_buffer(data)])


def arrow_integers(values: NDArray[np.integer]) -> pa.Array:
    """Give a column of 64-bit integers."""
    import pyarrow as pa

    return pa.Array.from_buffers(pa.int64(), values.size, [None, pa.py_buffer(values.astype(np.int64))])


def arrow_text(levels: Sequence[str], codes: NDArray[np.int32]) -> pa.Array:
    """Give a dictionary-encoded text column: each row's place in ``levels``."""
    import pyarrow as pa

    indices = pa.Array.from_buffers(pa.int32(), codes.size, [None, pa.py_buffer(codes)])
    return pa.DictionaryArray.from_arrays(indices, arrow_strings(levels))


def arrow_strings(values: Sequence[str]) -> pa.Array:
    """Give a plain text column."""
    import pyarrow as pa

    encoded = [value.encode() for value in values]
    offsets = np.concatenate([[0], np.cumsum([len(text) for text in encoded])]).astype(np.int32)
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded)))


def float_values(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Give a float column; null becomes NaN."""
    parts = []
    for chunk in column.chunks:
        validity, data = chunk.buffers()
        window = slice(chunk.offset, chunk.offset + len(chunk))
        values = np.frombuffer(data, dtype=np.float64)[window] if len(chunk) else np.zeros(0)
        if validity is not None and chunk.null_count:
            known = np.unpackbits(np.frombuffer(validity, dtype=np.uint8), bitorder="little")[window].astype(bool)
            values = np.where(known, values, np.nan)
        parts.append(values)
    return np.concatenate(parts) if parts else np.zeros(0)


def text_codes(column: pa.ChunkedArray) -> NDArray[np.int32]:
    """Give the codes of a dictionary-encoded column, the same for the same text in all its pieces."""
    # A file that was written in several pieces has a dictionary for each: bring them to one.
    parts = [np.zeros(0, dtype=np.int32)]
    for chunk in column.unify_dictionaries().chunks:
        indices = chunk.indices
        window = slice(indices.offset, indices.offset + len(indices))
        if len(indices):
            parts.append(np.frombuffer(indices.buffers()[1], dtype=np.int32)[window])
    return np.concatenate(parts)
