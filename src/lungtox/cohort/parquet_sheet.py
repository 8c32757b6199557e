"""Parquet tables as a sheet of cells."""

from __future__ import annotations

import io

from lungtox.cohort.sheets import LARGEST_CELLS, Sheet, clean_header, file_fault, to_cell
from lungtox.errors import InputError


def read_parquet_sheet(content: bytes, name: str) -> Sheet:
    """Read a Parquet table; null and NaN are missing, text such as "None" stays.

    Parameters
    ----------
    content : bytes
    name : str
        Name of the table in messages.

    Raises
    ------
    InputError
        The file is damaged, or far too large for a table of a cohort.
    """
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(content))
        size = file.metadata.num_rows * max(file.metadata.num_columns, 1)
        if size <= LARGEST_CELLS:
            table = file.read()
            header = tuple(clean_header(text) for text in table.column_names)
            columns = [[to_cell(value) for value in column.to_pylist()] for column in table.columns]
    except Exception:  # a damaged file: arrow raises what its decoders happen to meet
        found = "a damaged one"
        raise InputError(file_fault(name, "a Parquet file", found, "Write the table again.")) from None
    if size > LARGEST_CELLS:
        raise InputError(file_fault(name, "a table", f"{size} cells", "Check the path: no such table is so large."))
    rows = list(zip(*columns, strict=True))
    kept = [place for place, row in enumerate(rows) if any(cell != "" for cell in row)]
    return Sheet(header, tuple(place + 1 for place in kept), tuple(rows[place] for place in kept), line_word="row")
