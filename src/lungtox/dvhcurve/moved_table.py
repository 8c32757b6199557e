"""The curves of a batch of patients as a Parquet table (docs/file-contracts.md)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lungtox.dvhcurve.curve import curve_points
from lungtox.dvhcurve.moved import MovedCurve
from lungtox.errors import Fault, InputError
from lungtox.tables import read_parquet, write_parquet

if TYPE_CHECKING:
    import pyarrow as pa

_TEXTS = ("patient", "structure", "kind", "axis", "source")
_NUMBERS = ("amount_mm", "mean_gy", "sd_gy", "dose_gy", "share")


def moved_schema() -> pa.Schema:
    """Give the columns of the table."""
    import pyarrow as pa

    texts = [pa.field(name, pa.string(), nullable=False) for name in _TEXTS]
    return pa.schema([*texts, *(pa.field(name, pa.float64(), nullable=False) for name in _NUMBERS)])


def write_moved(curves: Sequence[MovedCurve], path: str | Path) -> None:
    """Write curves, rows of one together, doses ascending; none gives a table without rows."""
    import pyarrow as pa

    counts = [curve.points.dose_gy.size for curve in curves]

    def spread(values: list[Any]) -> list[Any]:
        return [value for value, count in zip(values, counts, strict=True) for _ in range(count)]

    columns: dict[str, Any] = {
        "structure": spread([curve.points.structure for curve in curves]),
        "dose_gy": np.concatenate([curve.points.dose_gy for curve in curves]) if curves else [],
        "share": np.concatenate([curve.points.share for curve in curves]) if curves else [],
    }
    for name in ("patient", "kind", "axis", "source", "amount_mm", "mean_gy", "sd_gy"):
        columns[name] = spread([getattr(curve, name) for curve in curves])
    schema = moved_schema()
    write_parquet(
        pa.Table.from_arrays([pa.array(columns[field.name], field.type) for field in schema], schema=schema), path
    )


def read_moved(path: str | Path) -> list[MovedCurve]:
    """Read curves.

    Raises
    ------
    InputError
        Another table, or curves that are no cumulative DVHs.
    """
    table = read_parquet(path)
    if not table.schema.equals(moved_schema()):
        found = ", ".join(table.schema.names) or "no columns"
        action = "Run the workflow again: the file is not of this program."
        raise InputError(Fault(Path(path).name, "a table of moved DVHs", found, action, "dvh-curve-table"))
    columns = {name: table[name].to_numpy(zero_copy_only=False) for name in table.schema.names}
    keys = list(zip(*(columns[name].tolist() for name in (*_TEXTS, "amount_mm")), strict=True))
    starts = [place for place, key in enumerate(keys) if place == 0 or key != keys[place - 1]]
    curves = []
    for start, stop in zip(starts, [*starts, len(keys)][1:], strict=True):
        patient, structure, kind, axis, source, amount = keys[start]
        points = curve_points(columns["dose_gy"][start:stop], columns["share"][start:stop], structure=structure)
        curves.append(
            MovedCurve(patient, kind, axis, amount, source, points, float(columns["mean_gy"][start]),
                       float(columns["sd_gy"][start]))
        )  # fmt: skip
    return curves
