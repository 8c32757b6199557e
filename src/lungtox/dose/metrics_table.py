"""Tables of metrics: one per batch (pyarrow only), and the one of the cohort."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lungtox.dose.arrow import arrow_floats, arrow_strings
from lungtox.dose.bounds_table import read_bounds
from lungtox.dose.config import DoseSettings, FunctionSettings
from lungtox.dose.dvh import Dvh
from lungtox.dose.dvh_table import read_dvhs
from lungtox.dose.interval import NOTHING
from lungtox.dose.metric_names import parse_metric
from lungtox.dose.metrics import compute_metrics
from lungtox.errors import Fault, InputError, ParameterError

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("patient", "structure", "weighting", "quantity", "metric", "value", "unit", "low", "high")
_NUMBERS = frozenset({"value", "low", "high"})


def metrics_schema() -> pa.Schema:
    """Give the columns of a table of metrics; an empty value is a metric that the structure does not have.

    ``low`` and ``high`` are what the discretisation leaves, empty where not asked for.
    """
    import pyarrow as pa

    return pa.schema([pa.field(name, pa.float64() if name in _NUMBERS else pa.string()) for name in COLUMNS])


def compute_metrics_table(
    dvhs: str | Path | Sequence[tuple[str, Dvh]],
    *,
    dose: DoseSettings,
    function: FunctionSettings | None,
    bounds: str | Path | None = None,
) -> pa.Table:
    """Compute the metrics that the config names for every DVH of a batch.

    Parameters
    ----------
    dvhs : path of a DVH table, or sequence of (patient, Dvh)
    dose : DoseSettings
        ``metrics`` of each structure, for anatomical DVHs of physical dose and of EQD2.
    function : FunctionSettings or None
        ``metrics`` for the perfusion-weighted and functional DVHs; ``denominator`` of V in percent.
    bounds : path of the batch's table of bounds, optional

    Returns
    -------
    pyarrow.Table
        `metrics_schema`. The value is empty where a structure is smaller than the x cc of a Dxcc.
    """
    import pyarrow as pa

    pairs = read_dvhs(dvhs) if isinstance(dvhs, str | Path) else list(dvhs)
    # The whole structure beside its functional regions: the anatomical DVH of the same patient.
    whole = {(patient, dvh.structure): dvh.total_cc for patient, dvh in pairs if dvh.weighting == "anatomical"}
    ends = {} if bounds is None else read_bounds(bounds)
    rows: list[tuple[Any, ...]] = []
    for patient, dvh in pairs:
        anatomical = dvh.weighting == "anatomical"
        names = dose.metrics.get(dvh.structure, []) if anatomical else function.metrics if function else []
        reference = None
        if dvh.weighting.startswith("functional:") and function and function.denominator == "structure":
            reference = whole.get((patient, dvh.structure))
        for name in names:
            identity = (patient, dvh.structure, dvh.weighting, dvh.quantity, name)
            interval = ends.get(identity, NOTHING)
            value, unit = _value(dvh, name, reference), parse_metric(name).unit
            rows.append((*identity, value, unit, interval.low, interval.high))
    columns = zip(*rows, strict=True) if rows else ((),) * len(COLUMNS)
    return pa.Table.from_arrays(
        [
            arrow_floats(np.array(values, dtype=np.float64)) if name in _NUMBERS else arrow_strings(values)
            for name, values in zip(COLUMNS, columns, strict=True)
        ],
        schema=metrics_schema(),
    )


def _value(dvh: Dvh, name: str, reference_cc: float | None) -> float | None:
    try:
        return compute_metrics(dvh, [name], reference_cc=reference_cc)[name]
    except ParameterError:
        return None  # the name was checked with the config: the structure has no x cc, or no known volume


def gather_metrics(paths: Iterable[str | Path], out: str | Path) -> None:
    """Put the metrics of all batches into one CSV, in the order of the batches.

    Raises
    ------
    InputError
        A file with other columns; a metric that is there twice.
    """
    import pyarrow as pa

    from lungtox.tables import read_parquet, write_csv

    tables = []
    for path in paths:
        table = read_parquet(path)
        if not table.schema.equals(metrics_schema()):
            found = ", ".join(table.column_names)
            raise _fault(Path(path).name, f"the columns {', '.join(COLUMNS)}", found)
        tables.append(table)
    gathered = pa.concat_tables([metrics_schema().empty_table(), *tables]).to_pandas()
    repeated = gathered[gathered.duplicated(["patient", "structure", "weighting", "quantity", "metric"])]
    if len(repeated):
        patients = ", ".join(sorted(set(repeated["patient"])))
        raise _fault("metrics", "each metric of a patient once", f"some twice for {patients}")
    write_csv(gathered, out)


def _fault(who: str, expected: str, found: str) -> InputError:
    action = "Remove results/dose and run again."
    return InputError(Fault(who=who, expected=expected, found=found, action=action, code="metrics-table"))
