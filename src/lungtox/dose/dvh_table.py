"""DVHs as Parquet tables (docs/file-contracts.md): written per batch, streamed for the models. pyarrow only."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lungtox.dose.arrow import arrow_floats, arrow_integers, arrow_text, float_values, text_codes
from lungtox.dose.dvh import Dvh, bin_edges_gy
from lungtox.errors import Fault, InputError, ParameterError
from lungtox.tables import atomic_path

if TYPE_CHECKING:
    import pyarrow as pa

FloatArray = NDArray[np.float64]

METADATA_KEY = b"lungtox"
_IDENTITY = ("patient", "structure", "weighting", "quantity", "alpha_beta_gy", "bin_width_gy")
_SUMMARY = ("volume_cc", "min_gy", "mean_gy", "max_gy", "coverage_pct")
_RELATIVE = "relative_volume"  # only where it is true: percent of a structure whose volume is not known


def dvh_schema() -> pa.Schema:
    """Give the columns of a DVH table; zero bins have no row."""
    import pyarrow as pa

    text = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(
        [
            pa.field("patient", text, nullable=False),
            pa.field("structure", text, nullable=False),
            pa.field("weighting", text, nullable=False),
            pa.field("quantity", text, nullable=False),
            pa.field("alpha_beta_gy", pa.float64()),
            pa.field("bin_width_gy", pa.float64(), nullable=False),
            pa.field("dose_gy", pa.float64(), nullable=False),
            pa.field("volume_cc", pa.float64(), nullable=False),
        ]
    )


def write_dvhs(dvhs: Sequence[tuple[str, Dvh]], path: str | Path) -> None:
    """Write the DVHs of a batch of patients, atomically.

    Parameters
    ----------
    dvhs : sequence of (patient, Dvh)
        May be empty (a batch in which nobody could be used).
    path : str or Path
    """
    _write_stream(iter([list(dvhs)]), path)


def read_dvhs(path: str | Path) -> list[tuple[str, Dvh]]:
    """Read a DVH table.

    Returns
    -------
    list of (patient, Dvh)
        In the order of the file.

    Raises
    ------
    InputError
        Not a DVH table, or one whose rows contradict its own summary (columns, bins, volumes, means).
    """
    return list(_read_stream(path, None))


def gather_model_dvhs(
    paths: Iterable[str | Path],
    out: str | Path,
    *,
    selections: Iterable[tuple[str, str, str]],
    bin_width_gy: float = 0.1,
) -> None:
    """Put the DVHs that models and figures name into one file, batch by batch, at coarser bins.

    Parameters
    ----------
    paths : iterable of str or Path
        DVH tables; only one is in memory at a time.
    out : str or Path
    selections : iterable of (structure, weighting, quantity)
        What to keep.
    bin_width_gy : float
        A whole multiple of the widths in the files.
    """
    wanted = frozenset(selections)
    _write_stream(
        ([(patient, rebin(dvh, bin_width_gy)) for patient, dvh in _read_stream(path, wanted)] for path in paths), out
    )


def rebin(dvh: Dvh, bin_width_gy: float) -> Dvh:
    """Give the DVH in bins of a whole multiple of its width; volume, minimum, mean, maximum stay those of the samples.

    Raises
    ------
    ParameterError
        A width that is no whole multiple: bins would have to be split.
    """
    factor = round(bin_width_gy / dvh.bin_width_gy)
    if factor < 1 or abs(factor * dvh.bin_width_gy - bin_width_gy) > 1e-9:
        raise ParameterError(f"cannot make {bin_width_gy} Gy bins of {dvh.bin_width_gy} Gy bins: not a whole multiple")
    if factor == 1:
        return dvh
    from dataclasses import replace

    starts = np.arange(0, dvh.volume_cc.size, factor)
    return replace(dvh, volume_cc=np.add.reduceat(dvh.volume_cc, starts), bin_width_gy=bin_width_gy)


def _write_stream(batches: Iterator[list[tuple[str, Dvh]]], path: str | Path) -> None:
    import pyarrow.parquet as pq

    schema = dvh_schema()
    summaries: list[dict[str, Any]] = []
    with atomic_path(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        for batch in batches:
            if batch:
                writer.write_table(_arrow_table(batch, schema))
            summaries += [_summary(patient, dvh) for patient, dvh in batch]
        writer.add_key_value_metadata({METADATA_KEY: json.dumps(summaries, allow_nan=False)})


def _summary(patient: str, dvh: Dvh) -> dict[str, Any]:
    values = (patient, dvh.structure, dvh.weighting, dvh.quantity, dvh.alpha_beta_gy, dvh.bin_width_gy)
    figures = (dvh.total_cc, dvh.min_gy, dvh.mean_gy, dvh.max_gy, dvh.coverage_pct)
    relative = {_RELATIVE: True} if dvh.relative_volume else {}
    return dict(zip((*_IDENTITY, *_SUMMARY), (*values, *figures), strict=True)) | relative


def _arrow_table(dvhs: Sequence[tuple[str, Dvh]], schema: pa.Schema) -> pa.Table:
    import pyarrow as pa

    filled = [np.flatnonzero(dvh.volume_cc) for _, dvh in dvhs]
    counts = np.array([rows.size for rows in filled])

    def text(values: list[str]) -> pa.Array:
        levels = sorted(set(values))
        codes = np.repeat(np.array([levels.index(value) for value in values], dtype=np.int32), counts)
        return arrow_text(levels, codes)

    def per_dvh(values: list[float | None]) -> pa.Array:
        return arrow_floats(np.repeat(np.array(values, dtype=np.float64), counts))

    return pa.Table.from_arrays(
        [
            text([patient for patient, _ in dvhs]),
            text([dvh.structure for _, dvh in dvhs]),
            text([dvh.weighting for _, dvh in dvhs]),
            text([dvh.quantity for _, dvh in dvhs]),
            per_dvh([dvh.alpha_beta_gy for _, dvh in dvhs]),
            per_dvh([dvh.bin_width_gy for _, dvh in dvhs]),
            arrow_floats(np.concatenate([dvh.dose_gy[rows] for (_, dvh), rows in zip(dvhs, filled, strict=True)])),
            arrow_floats(np.concatenate([dvh.volume_cc[rows] for (_, dvh), rows in zip(dvhs, filled, strict=True)])),
        ],
        schema=schema,
    )


def _read_stream(path: str | Path, wanted: Collection[tuple[str, str, str]] | None) -> Iterator[tuple[str, Dvh]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    name = Path(path).name
    try:
        with pq.ParquetFile(path) as file:
            table, metadata = file.read(), file.metadata.metadata or {}
    except (pa.ArrowInvalid, OSError) as error:
        raise _fault(name, "a DVH table in Parquet", type(error).__name__) from None
    summaries = _checked_summaries(table, metadata, name)
    rows = _row_ranges(table, summaries, name)
    doses, volumes = float_values(table["dose_gy"]), float_values(table["volume_cc"])
    for summary, (start, stop) in zip(summaries, rows, strict=True):
        if wanted is None or (summary["structure"], summary["weighting"], summary["quantity"]) in wanted:
            yield summary["patient"], _dvh(summary, doses[start:stop], volumes[start:stop], name)


def _checked_summaries(table: pa.Table, metadata: dict[bytes, bytes], name: str) -> list[dict[str, Any]]:
    if not table.schema.equals(dvh_schema()):
        found = ", ".join(f"{field.name} {field.type}" for field in table.schema)
        expected = ", ".join(f"{field.name} {field.type}" for field in dvh_schema())
        raise _fault(name, f"the columns {expected}", found or "none")
    try:
        summaries = json.loads(metadata[METADATA_KEY])
        complete = all(set(summary) - {_RELATIVE} == {*_IDENTITY, *_SUMMARY} for summary in summaries)
    except (KeyError, ValueError, TypeError):
        complete = False
    if not complete:
        raise _fault(name, "the summary of each DVH in the file metadata 'lungtox'", "none that is complete")
    checked: list[dict[str, Any]] = summaries
    return checked


def _row_ranges(table: pa.Table, summaries: list[dict[str, Any]], name: str) -> list[tuple[int, int]]:
    """Give first and last + 1 row of each DVH; rows of one DVH stand together, in the order of the summaries."""
    changes = np.zeros(max(table.num_rows - 1, 0), dtype=bool)
    for column in _IDENTITY:
        if column in ("alpha_beta_gy", "bin_width_gy"):
            numbers = np.nan_to_num(float_values(table[column]), nan=-1.0)
            changes |= numbers[1:] != numbers[:-1]
        else:
            codes = text_codes(table[column])
            changes |= codes[1:] != codes[:-1]
    starts = np.concatenate([[0], np.flatnonzero(changes) + 1]) if table.num_rows else np.zeros(0, dtype=int)
    stops = np.append(starts[1:], table.num_rows) if table.num_rows else starts
    first = table.take(arrow_integers(starts)).select(list(_IDENTITY)).to_pylist()
    if first != [{key: summary[key] for key in _IDENTITY} for summary in summaries]:
        raise _fault(name, "one block of rows for each DVH of the summary", f"{len(first)} blocks that differ from it")
    return [(int(start), int(stop)) for start, stop in zip(starts, stops, strict=True)]


def _dvh(summary: dict[str, Any], doses: FloatArray, volumes: FloatArray, name: str) -> Dvh:
    width = summary["bin_width_gy"]
    bins = np.rint(doses / width).astype(np.int64)
    who = f"{name}: {summary['patient']}, {summary['structure']}, {summary['weighting']}"
    if not (np.abs(bins * width - doses) < 1e-6).all() or bins[0] < 0 or not (np.diff(bins) > 0).all():
        raise _fault(who, f"ascending doses on multiples of {width} Gy", "other doses")
    if not (np.isfinite(volumes).all() and (volumes > 0).all()):
        raise _fault(who, "positive volumes", "others")
    filled = np.zeros(int(bins[-1]) + 1)
    filled[bins] = volumes
    total = float(volumes.sum())
    if abs(total - summary["volume_cc"]) > 1e-6 * total:
        raise _fault(who, f"bins that add up to {summary['volume_cc']:g} cc", f"{total:g} cc")
    mean = float((bin_edges_gy(filled.size, width)[:-1][bins] + 0.5 * width) @ volumes) / total
    if abs(mean - summary["mean_gy"]) > 0.5 * width * (1 + 1e-3):
        raise _fault(who, f"bins with the mean {summary['mean_gy']:g} Gy", f"{mean:g} Gy")
    return Dvh(
        structure=summary["structure"],
        volume_cc=filled,
        bin_width_gy=width,
        total_cc=summary["volume_cc"],
        min_gy=summary["min_gy"],
        mean_gy=summary["mean_gy"],
        max_gy=summary["max_gy"],
        weighting=summary["weighting"],
        quantity=summary["quantity"],
        alpha_beta_gy=summary["alpha_beta_gy"],
        coverage_pct=summary["coverage_pct"],
        relative_volume=bool(summary.get(_RELATIVE)),
    )


def _fault(who: str, expected: str, found: str) -> InputError:
    action = "Write it again with lungtox; docs/file-contracts.md has the columns."
    return InputError(Fault(who=who, expected=expected, found=found, action=action, code="dvh-table"))
