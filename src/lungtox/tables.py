"""The one place where lungtox reads and writes tables and JSON.

Writing is atomic (temporary name, then rename) and floats survive the round trip bit for bit. pandas and
pyarrow are imported inside the functions, so that a job pays only for what it uses.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa
    import pyarrow


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary name beside ``path``; rename it to ``path`` on success, remove it on failure.

    The temporary name keeps the suffix, because some writers choose the format by it.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.stem}.{os.getpid()}.tmp{target.suffix}")
    try:
        yield temporary
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def separator_of(text: str) -> str:
    """Give the separator of a table whose column names have none in them: a spreadsheet may save with ``;`` or tabs.

    Parameters
    ----------
    text : str
        The table, or its first line.
    """
    header = text.splitlines()[0] if text.strip() else ""
    return next((sign for sign in (",", ";", "\t") if sign in header), ",")


def write_text(text: str, path: str | Path) -> None:
    """Write UTF-8 text atomically with ``\\n`` line ends."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(content: Any, path: str | Path) -> None:
    """Write JSON atomically. NaN and infinity are refused: a missing number is ``None``."""
    write_text(json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False) + "\n", path)


def read_json(path: str | Path) -> Any:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_csv(table: pd.DataFrame, path: str | Path, *, schema: pa.DataFrameSchema | None = None) -> None:
    """Write a table as CSV with floats in shortest round-trip form, checked against ``schema`` first."""
    checked = table if schema is None else schema.validate(table, lazy=True)
    with atomic_path(path) as temporary:
        checked.to_csv(temporary, index=False, lineterminator="\n")


def read_csv(path: str | Path, *, schema: pa.DataFrameSchema | None = None, dtype: Any = None) -> pd.DataFrame:
    """Read a CSV that lungtox wrote; only the empty field is missing (``"NA"`` and ``"None"`` are text)."""
    import pandas as pd

    table = pd.read_csv(path, float_precision="round_trip", dtype=dtype, keep_default_na=False, na_values=[""])
    return table if schema is None else schema.validate(table, lazy=True)


def write_parquet(table: pyarrow.Table, path: str | Path) -> None:
    """Write an arrow table as Parquet (zstd), atomically and without a timestamp."""
    import pyarrow.parquet as pq

    with atomic_path(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def read_parquet(path: str | Path, *, columns: list[str] | None = None) -> pyarrow.Table:
    """Read a Parquet file as an arrow table."""
    import pyarrow.parquet as pq

    return pq.read_table(path, columns=columns)
