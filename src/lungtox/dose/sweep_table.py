"""Tables of the functional sensitivity sweep: one per batch (pyarrow only), and the one of the cohort."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lungtox.dose.arrow import arrow_floats, arrow_strings
from lungtox.dose.metric_names import parse_metric
from lungtox.dose.sweep import SweepRow
from lungtox.errors import Fault, InputError
from lungtox.tables import write_parquet

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = (
    "patient", "structure", "change", "weighting", "direction", "shift_mm", "metric", "value", "unit",
)  # fmt: skip
_NUMBERS = frozenset({"shift_mm", "value"})


def sweep_schema() -> pa.Schema:
    """Give the columns of a sweep; an empty value is one that does not exist under that setting."""
    import pyarrow as pa

    return pa.schema([pa.field(name, pa.float64() if name in _NUMBERS else pa.string()) for name in COLUMNS])


def write_sweep(rows: Sequence[tuple[str, str, SweepRow]], path: str | Path) -> None:
    """Write the sweeps of a batch, atomically.

    Parameters
    ----------
    rows : sequence of (patient, structure, SweepRow)
        None where no sweep was asked for, or no patient of the batch has a function image.
    path : str or Path
    """
    import pyarrow as pa

    values = [
        (patient, name, row.change, row.weighting, row.direction, row.shift_mm, row.metric, row.value,
         parse_metric(row.metric).unit)
        for patient, name, row in rows
    ]  # fmt: skip
    columns = zip(*values, strict=True) if values else ((),) * len(COLUMNS)
    arrays = [
        arrow_floats(np.array(column, dtype=np.float64)) if name in _NUMBERS else arrow_strings(column)
        for name, column in zip(COLUMNS, columns, strict=True)
    ]
    write_parquet(pa.Table.from_arrays(arrays, schema=sweep_schema()), path)


def gather_sweep(paths: Iterable[str | Path], out: str | Path) -> None:
    """Put the sweeps of all batches into one CSV, in the order of the batches.

    Raises
    ------
    InputError
        A file with other columns.
    """
    import pyarrow as pa

    from lungtox.tables import read_parquet, write_csv

    tables = []
    for path in paths:
        table = read_parquet(path)
        if not table.schema.equals(sweep_schema()):
            expected, found = f"the columns {', '.join(COLUMNS)}", ", ".join(table.column_names)
            action = "Remove results/dose and run again."
            raise InputError(Fault(Path(path).name, expected, found, action, "sweep-table"))
        tables.append(table)
    write_csv(pa.concat_tables([sweep_schema().empty_table(), *tables]).to_pandas(), out)
