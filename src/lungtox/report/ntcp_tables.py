"""Tables of the section on NTCP fits: information criteria, bootstrap intervals, corrected performance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lungtox.figures import format_interval, format_p
from lungtox.report.blocks import Block, Cell, make_table
from lungtox.report.results import NtcpResampled, records
from lungtox.report.validation_blocks import MEASURES
from lungtox.report.wording import count_cell, interval_cell, number_cell, optional, plain_name, text_of

if TYPE_CHECKING:
    import pandas as pd

SHOWN_MEASURES = ("auc", "slope", "brier", "concordance")


def comparison_blocks(ntcp: Sequence[Mapping[str, Any]], criteria: pd.DataFrame | None) -> list[Block]:
    """Give information criteria, weights among fits to the same number of patients and events, and nested tests."""
    listed = {} if criteria is None else {text_of(row["ntcp"]): row for row in records(criteria)}
    rows: list[tuple[str | Cell, ...]] = []
    for fit in ntcp:
        row = listed.get(text_of(fit["ntcp"]))
        if row is None:
            continue
        tests = "; ".join(
            f"{test['null']}: \N{GREEK SMALL LETTER CHI}\N{SUPERSCRIPT TWO} {test['chi2']:.2f}, {format_p(test['p'])}"
            for test in fit.get("nested") or ()
        )
        rows.append(
            (
                plain_name(text_of(row["ntcp"])), count_cell(row["n"]), count_cell(row["events"]),
                count_cell(row["free_parameters"]), number_cell(row["aic"]), number_cell(row["aicc"]),
                number_cell(row["bic"]), number_cell(row["aicc_weight"], decimals=3), tests or "\N{EN DASH}",
            )
        )  # fmt: skip
    if not rows:
        return []
    columns = ("Fit", "n", "RP", "Parameters", "AIC", "AICc", "BIC", "AICc weight", "Likelihood-ratio test against")
    caption = (
        "Information criteria of the NTCP fits. Weights are shared among fits to the same number of patients and "
        "events (check that they are the same patients), fits with times only among each other: their likelihood is "
        "that of the days. A test against n = 1 or s at 0, ends of their ranges, halves the tail probability (Self and "
        "Liang 1987)."
    )
    return [make_table("ntcp-criteria", caption, columns, rows)]


def resampled_blocks(resampled: Mapping[str, NtcpResampled]) -> list[Block]:
    """Give bootstrap intervals and corrected performance of the fits that have them."""
    blocks: list[Block] = []
    for name, tables in resampled.items():
        plain = plain_name(name)
        rows = [
            (
                text_of(row["quantity"]), interval_cell(row["estimate"], row["low"], row["high"], decimals=3),
                number_cell(row["at_boundary"], decimals=2), count_cell(row["resamples"]),
            )
            for row in records(tables.intervals)
        ]  # fmt: skip
        caption = (
            f"Bootstrap of {plain}: percentile intervals of the parameters, and of NTCP at uniform doses; share of the "
            "resamples in which a parameter ended at a bound of its range. The second view beside the profile ones."
        )
        columns = ("Quantity", "Estimate (95 % bootstrap interval)", "At a bound", "Resamples")
        blocks.append(make_table(f"ntcp-bootstrap-{name}", caption, columns, rows))
        measures = [
            (
                MEASURES[row["measure"]], number_cell(row["apparent"], decimals=3),
                number_cell(row["corrected"], decimals=3),
                format_interval(optional(row["low"]), optional(row["high"]), decimals=3),
            )
            for row in records(tables.validation)
            if row["measure"] in SHOWN_MEASURES and row["approach"] == "bootstrap"
        ]  # fmt: skip
        caption = (
            f"Performance of {plain}, apparent and corrected for optimism by the same bootstrap (Harrell). The range "
            "is the middle 95 % over the resamples: how unstable the figure is, no confidence interval."
        )
        columns = ("Measure", "Apparent", "Corrected", "Instability range")
        blocks.append(make_table(f"ntcp-validation-{name}", caption, columns, measures))
    return blocks
