"""Dose per fraction of a cohort's patients, and who is left out of a published model for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lungtox.errors import InputError, ParameterError, count_of

if TYPE_CHECKING:
    import pandas as pd

    from lungtox.ntcp.published import PublishedModel


@dataclass(frozen=True)
class ByFractionation:
    """The patients that a model may be applied to, as their dose per fraction goes.

    Attributes
    ----------
    kept : DataFrame
    note : str
        Who was left out, allowed or not known; empty where there is nothing to say.
    beyond : int
        Patients kept although the model does not list their dose per fraction: it was allowed by name.
    """

    kept: pd.DataFrame
    note: str
    beyond: int


def dose_per_fraction_gy(prescription_gy: float | None, fractions: float | None) -> float | None:
    """Give the dose per fraction to the target in Gy; None where one of the two is not known."""
    if prescription_gy is None or fractions is None:
        return None
    if not (prescription_gy > 0 and fractions > 0):
        raise ParameterError(f"prescription and fractions must be positive, got {prescription_gy} and {fractions}")
    return prescription_gy / fractions


def keep_listed(model: PublishedModel, cohort: pd.DataFrame, *, allowed: bool) -> ByFractionation:
    """Leave out patients whose dose per fraction the model does not list, unless that is allowed by name.

    Parameters
    ----------
    model : PublishedModel
    cohort : DataFrame
        With ``prescription_gy`` and ``fractions`` where they are known; a patient without is kept, and counted.
    allowed : bool

    Raises
    ------
    InputError
        Nobody is left.
    """
    if not {"prescription_gy", "fractions"} <= set(cohort.columns):
        return ByFractionation(cohort, "dose per fraction not known, taken as conventional", 0)
    # A missing or zero count of fractions gives NaN or infinity; NaN is not beyond.
    each = cohort["prescription_gy"].astype(float) / cohort["fractions"].astype(float)
    beyond = each.map(lambda value: bool(model.fractionation_note(float(value)))) & each.notna()
    notes = []
    if unknown := int(each.isna().sum()):
        notes.append(f"{count_of(unknown, 'patient')} without a known dose per fraction, taken as conventional")
    if count := int(beyond.sum()):
        what = f"more than {model.highest_fraction_gy:g} Gy per fraction"
        verb = "applied to" if allowed else "left out:"
        tail = ", which the model was not made for: allowed by name" if allowed else ""
        notes.append(f"{verb} {count_of(count, 'patient')} with {what}{tail}")
        if not allowed and count == len(cohort):
            raise _nobody_left(model, float(each.min()))
    kept = cohort if allowed else cohort[~beyond]
    return ByFractionation(kept, "; ".join(notes), count if allowed else 0)


def _nobody_left(model: PublishedModel, lowest_gy: float) -> InputError:
    return model.fractionation_refusal(f"{model.fractionation_note(lowest_gy)} (the lowest of the cohort)")
