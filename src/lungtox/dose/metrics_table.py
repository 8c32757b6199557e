"""Tables of metrics: one per batch (pyarrow only), and the one of the cohort."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lungtox.dose.arrow import arrow_floats, arrow_strings
from lungtox.dose.bounds_table import read_bounds
from lungtox.dose.config import DoseSettings, FunctionSettings
from lungtox.dose.dvh import Dvh
from lungtox.dose.dvh_table import read_dvhs
from lungtox.dose.indices import BODY
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
    qa: Sequence[Mapping[str, Any]] = (),
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
    qa : sequence of mapping
        Quality entries of the batch, which hold the perfusion split.

    Returns
    -------
    pyarrow.Table
        `metrics_schema`. The value is empty where a structure is smaller than the x cc of a Dxcc, where the sides of
        the lungs are not known, and where perfusion weighting or an absent total lung leaves a denominator without
        meaning. A CI of EQD2 is empty without the body's EQD2 of the same alpha/beta.

    Raises
    ------
    InputError
        A CI of a patient without a DVH of the body, or an HI or CI that cannot be had; all patients at once.
    """
    import pyarrow as pa

    pairs = read_dvhs(dvhs) if isinstance(dvhs, str | Path) else list(dvhs)
    # The whole structure beside its functional regions: the anatomical DVH of the same patient.
    volumes = {(patient, dvh.structure): dvh.total_cc for patient, dvh in pairs if dvh.weighting == "anatomical"}
    splits = {entry["patient"]: (entry.get("function") or {}).get("split") or {} for entry in qa}
    ends = {} if bounds is None else read_bounds(bounds)
    bodies = {
        (patient, dvh.quantity): dvh for patient, dvh in pairs if (dvh.structure, dvh.weighting) == (BODY, "anatomical")
    }
    prescribed_gy = {entry["patient"]: entry.get("prescription_gy") for entry in qa}
    rows: list[tuple[Any, ...]] = []
    faults: list[Fault] = []
    for patient, dvh in pairs:
        anatomical = dvh.weighting == "anatomical"
        names = dose.metrics.get(dvh.structure, []) if anatomical else function.metrics if function else []
        wholes_cc = {} if anatomical else wholes(dvh, function, volumes, patient)
        for name in names:
            metric = parse_metric(name)
            identity = (patient, dvh.structure, dvh.weighting, dvh.quantity, name)
            interval = ends.get(identity, NOTHING)
            if metric.kind in ("homogeneity", "conformity"):
                body = bodies.get((patient, dvh.quantity))
                value, fault = _index(patient, dvh, name, body, prescribed_gy.get(patient))
                faults += fault
            elif metric.kind != "split":
                value = _value(dvh, name, function, wholes_cc)
            elif (dvh.weighting, dvh.quantity) == ("perfusion", "physical"):
                value = splits.get(patient, {}).get(metric.part, {}).get("perfusion_pct")
            else:
                continue
            rows.append((*identity, value, metric.unit, interval.low, interval.high))
    if faults:
        raise InputError(faults)
    columns = zip(*rows, strict=True) if rows else ((),) * len(COLUMNS)
    return pa.Table.from_arrays(
        [
            arrow_floats(np.array(values, dtype=np.float64)) if name in _NUMBERS else arrow_strings(values)
            for name, values in zip(COLUMNS, columns, strict=True)
        ],
        schema=metrics_schema(),
    )


def _index(
    patient: str, dvh: Dvh, name: str, body: Dvh | None, prescription_gy: float | None
) -> tuple[float | None, list[Fault]]:
    """Give an HI or CI, or why it cannot be had: a patient without it would go missing in silence."""
    physical = dvh.quantity == "physical"
    try:
        return compute_metrics(dvh, [name], body=body, prescription_gy=prescription_gy if physical else None)[name], []
    except ParameterError as error:
        action = f"Accept {BODY}, give a plan with its prescription, or take the metric out of dose.metrics."
        return None, [Fault(patient, f"what {name} needs", str(error), action, "metric-index")] if physical else []


def wholes(
    dvh: Dvh, function: FunctionSettings | None, volumes_cc: Mapping[tuple[str, str], float], patient: str
) -> dict[str, float]:
    """Give the volumes that may count as 100 % of a functional DVH; those that are known.

    Parameters
    ----------
    dvh : Dvh
    function : FunctionSettings or None
    volumes_cc : mapping of (patient, structure) to float
    patient : str
    """
    names = {"structure": dvh.structure, "total": (function.total if function else None) or dvh.structure}
    known = {name: volumes_cc.get((patient, structure)) for name, structure in names.items()}
    # The total of a perfusion-weighted DVH is function, no part of another volume.
    return {name: cc for name, cc in known.items() if cc is not None and dvh.weighting != "perfusion"}


def _value(dvh: Dvh, name: str, function: FunctionSettings | None, wholes_cc: Mapping[str, float]) -> float | None:
    reference = None
    if function is not None and dvh.weighting.startswith(("functional:", "nonfunctional:")):
        reference = wholes_cc.get(function.denominator)
    try:
        return compute_metrics(dvh, [name], reference_cc=reference, wholes_cc=wholes_cc)[name]
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
