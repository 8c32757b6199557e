"""Tables of bounds: low and high of each metric of a batch. pyarrow only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lungtox.dose.arrow import arrow_floats, arrow_strings
from lungtox.dose.interval import Interval
from lungtox.errors import Fault, InputError
from lungtox.tables import write_parquet

if TYPE_CHECKING:
    import pyarrow as pa

IDENTITY = ("patient", "structure", "weighting", "quantity", "metric")
COLUMNS = (*IDENTITY, "low", "high")
Key = tuple[str, str, str, str, str]


@dataclass(frozen=True)
class BoundedMetric:
    """The interval of one metric of one DVH.

    Attributes
    ----------
    patient, structure, weighting, quantity, metric : str
    interval : Interval
    """

    patient: str
    structure: str
    weighting: str
    quantity: str
    metric: str
    interval: Interval

    @property
    def key(self) -> Key:
        """What it is known by in tables."""
        return self.patient, self.structure, self.weighting, self.quantity, self.metric

    def as_entry(self) -> dict[str, str | float | None]:
        """Give the entry of qa.json; the patient stands above it there."""
        entry: dict[str, str | float | None] = dict(zip(IDENTITY[1:], self.key[1:], strict=True))
        return {**entry, "low": self.interval.low, "high": self.interval.high}


def bounds_schema() -> pa.Schema:
    """Give the columns of a table of bounds; an empty end is one that the metric does not have."""
    import pyarrow as pa

    return pa.schema([pa.field(name, pa.string() if name in IDENTITY else pa.float64()) for name in COLUMNS])


def write_bounds(bounds: Sequence[BoundedMetric], path: str | Path) -> None:
    """Write the bounds of a batch, atomically; none where they were not asked for."""
    import pyarrow as pa

    texts = zip(*(bound.key for bound in bounds), strict=True) if bounds else ((),) * len(IDENTITY)
    columns = [arrow_strings(values) for values in texts]
    for ends in ([b.interval.low for b in bounds], [b.interval.high for b in bounds]):
        columns.append(arrow_floats(np.array(ends, dtype=np.float64)))
    write_parquet(pa.Table.from_arrays(columns, schema=bounds_schema()), path)


def read_bounds(path: str | Path) -> dict[Key, Interval]:
    """Read a table of bounds.

    Raises
    ------
    InputError
        A file with other columns.
    """
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:  # pq.read_table would import pandas
        table = file.read()
    if not table.schema.equals(bounds_schema()):
        raise InputError(
            Fault(
                who=Path(path).name,
                expected=f"the columns {', '.join(COLUMNS)}",
                found=", ".join(table.column_names),
                action="Remove results/dose and run again.",
                code="bounds-table",
            )
        )
    rows = zip(*(table[name].to_pylist() for name in COLUMNS), strict=True)
    return {(a, b, c, d, e): Interval(low, high) for a, b, c, d, e, low, high in rows}
