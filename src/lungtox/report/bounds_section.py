"""What contour spacing, ends and dose grid leave open in the metrics."""

from __future__ import annotations

from collections.abc import Iterator

from lungtox.report.blocks import Block, Cell, Text, make_table
from lungtox.report.results import Results, records
from lungtox.report.wording import number_cell, text_of

SHOWN = 10
CAPTION = (
    "The ten patients whose metrics depend most on what contours and dose grid leave open, each with its most "
    "sensitive metric: low and high are its values under the extreme admissible rules (docs/methods/bounds.md). Width: "
    "high minus low, in standard deviations of the metric over the patients. All are in dose/sensitivity.csv."
)


def bounds_blocks(results: Results) -> Iterator[Block]:
    """Give the table of the most sensitive patients; a sentence where there is none; nothing where not asked for."""
    if not (results.config.get("dose") or {}).get("bounds"):
        return
    if results.sensitivity is None:
        yield Text("No metric has bounds in at least two patients: there is no table of the most sensitive ones.")
        return
    rows: list[tuple[str | Cell, ...]] = [
        (
            text_of(row["patient"]),
            text_of(row["structure"]),
            _metric(text_of(row["metric"]), text_of(row["weighting"]), text_of(row["quantity"])),
            *(number_cell(row[name], decimals=2) for name in ("value", "low", "high", "width_sd")),
        )
        for row in records(results.sensitivity)[:SHOWN]
    ]
    columns = ("Study ID", "Structure", "Metric", "Value", "Low", "High", "Width [SD]")
    yield make_table("bounds", CAPTION, columns, rows)


def _metric(metric: str, weighting: str, quantity: str) -> str:
    parts = [metric, "" if weighting == "anatomical" else weighting, "EQD2" if quantity == "eqd2" else ""]
    return ", ".join(part for part in parts if part)
