"""The patients of one binary model: from the draw on where it uses one, weighed for those without known outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from lungtox.errors import Fault, InputError, count_of
from lungtox.models.censoring import censoring_weights
from lungtox.models.codings import coded_rows
from lungtox.models.config import LogisticSettings
from lungtox.models.landmark import drawn_cytokines, start_at_draw
from lungtox.models.logistic_fit import LogisticFit
from lungtox.models.time_schemas import CODINGS

if TYPE_CHECKING:
    import pandas as pd

OUTCOME = "rp"
WEIGHT = "weight"
FATES = {"competing": "died", "censored": "lost"}


@dataclass(frozen=True)
class KnownOutcomes:
    """Patients as a binary model takes them.

    Attributes
    ----------
    table : DataFrame
        Rows of the analysis table without those who do not reach the draw; column `weight` where patients are weighed.
    weight : str or None
        That column; None where every outcome is known or no weights are wanted.
    unknown : dict of str to int
        Patients without known outcome: `died` and `lost` before the end of the window.
    landmark : str
        Who was left out at the draw; empty without one.
    """

    table: pd.DataFrame
    weight: str | None = None
    unknown: Mapping[str, int] = field(default_factory=dict)
    landmark: str = ""

    def describe(self, fit: LogisticFit) -> dict[str, Any]:
        """Give what fit.json says about the patients: weights, counts, landmark."""
        content: dict[str, Any] = {"weights": "none", "unknown": dict(self.unknown), "landmark": self.landmark}
        if fit.weights is not None:
            known = self.table.loc[self.table[OUTCOME].notna(), WEIGHT]
            effective = float(fit.weights.sum() ** 2 / np.square(fit.weights).sum())
            content |= {"weights": "ipcw", "largest_weight": float(known.max()), "effective_n": effective}
        return content

    def sentences(self, fit: LogisticFit) -> list[str]:
        """Say who was left out at the draw, whose outcome is not known, and what the weights are."""
        said = [f"Patients and times count {self.landmark}."] if self.landmark else []
        count = sum(self.unknown.values())
        if not count:
            return said
        fates = ", ".join(f"{number} {fate}" for fate, number in self.unknown.items() if number)
        start = f"The outcome of {count_of(count, 'patient')} is not known ({fates} before the end of the window)"
        if fit.weights is None:
            return [*said, f"{start}: left out, which is biased where being lost or dying goes with the risk."]
        told = self.describe(fit)
        return [
            *said,
            f"{start}: the others stand for them by the inverse probability of being followed up (largest weight "
            f"{told['largest_weight']:.2f}; as precise as {told['effective_n']:.0f} equal weights).",
        ]


def know_outcomes(
    table: pd.DataFrame, settings: LogisticSettings, *, draws: pd.DataFrame | None = None, start: str = "rt_end"
) -> KnownOutcomes:
    """Give the patients of a binary model.

    Parameters
    ----------
    table : DataFrame
        The analysis table: `rp`, and `rp_status`, `time_months` where an outcome is unknown and weights are wanted.
    settings : LogisticSettings
    draws : DataFrame, optional
        The cytokine table: with it, a model that uses a value drawn during radiotherapy starts at the draw.
    start : {"rt_start", "rt_end"}
        Where the window starts.

    Returns
    -------
    KnownOutcomes
        In a cohort with all outcomes known, and no draw, the table as it is.

    Raises
    ------
    InputError
        Columns that weights or landmark need are missing, or `rp_status` contradicts `rp`.
    """
    landmark = ""
    cytokines = [] if draws is None else drawn_cytokines(settings.predictors, sorted(set(draws["cytokine"])))
    if draws is not None and cytokines:
        found = start_at_draw(table, draws, cytokines=cytokines, start=f"{start}_date")
        table, landmark = found.table, found.sentence
    if OUTCOME not in table or not len(table) or not bool(table[OUTCOME].isna().any()):
        return KnownOutcomes(table, landmark=landmark)
    unknown = _unknown(table)
    if settings.weights == "none":
        return KnownOutcomes(table, unknown=unknown, landmark=landmark)
    _require_status(table)
    outcome, weight = censoring_weights(table["time_months"], table["rp_status"])
    stated = table[OUTCOME].to_numpy(dtype=np.float64, na_value=np.nan)
    if not np.array_equal(outcome, stated, equal_nan=True):
        different = int((~((outcome == stated) | (np.isnan(outcome) & np.isnan(stated)))).sum())
        found_words = f"another in {count_of(different, 'row')}"
        action = "Make both from the same endpoint."
        raise InputError(Fault("analysis table", "rp as rp_status says", found_words, action, "rp-status"))
    return KnownOutcomes(table.assign(**{WEIGHT: weight}), WEIGHT, unknown, landmark)


def other_codings(
    known: KnownOutcomes, name: str, settings: LogisticSettings, dictionary: pd.DataFrame | None
) -> list[dict[str, Any]]:
    """Fit a model under every other coding of the unknown outcomes, the extreme ones among them.

    Parameters
    ----------
    known : KnownOutcomes
    name : str
        Of the model.
    settings : LogisticSettings
    dictionary : DataFrame or None

    Returns
    -------
    list of dict
        `coding, term, label, value (odds ratio), low, high, p, n, events, finding`; none where all outcomes are known,
        or where the model selects or shrinks.
    """
    if not known.unknown or not settings.fixed or not {"rp_status", "time_months"} <= set(known.table):
        return []
    mine = "left out" if known.weight is None else "weighted"
    columns = list(CODINGS.columns)[1:]
    rows = [row[1:] for row in coded_rows(known.table, name, settings, dictionary) if row[1] != mine]
    return [
        {key: None if isinstance(value, float) and not np.isfinite(value) else value for key, value in each}
        for each in (zip(columns, row, strict=True) for row in rows)
    ]


def _unknown(table: pd.DataFrame) -> dict[str, int]:
    """Count who died and who was lost."""
    rows = table[table[OUTCOME].isna()]
    if "rp_status" not in table:
        return {"lost": len(rows)}
    return {fate: int((rows["rp_status"] == status).sum()) for status, fate in FATES.items()}


def _require_status(table: pd.DataFrame) -> None:
    missing = [name for name in ("rp_status", "time_months") if name not in table]
    if missing:
        action = "Give them, or set weights: none for the model."
        raise InputError(
            Fault(
                "weights for unknown outcomes", "columns rp_status and time_months", f"no {', '.join(missing)}", action
            )
        )
