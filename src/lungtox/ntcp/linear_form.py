"""A published model as a linear predictor on its own link: what an update changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from lungtox.errors import Fault, InputError
from lungtox.ntcp.calibration import SMALLEST_RISK
from lungtox.ntcp.matrix import dose_matrix
from lungtox.ntcp.model import Link
from lungtox.ntcp.newton import probability
from lungtox.ntcp.published import PublishedModel

if TYPE_CHECKING:
    import pandas as pd

    from lungtox.dose import Dvh

Floats = NDArray[np.float64]
DOSE, RISK = "dose_gy", "logit_ntcp"


@dataclass(frozen=True)
class LinearForm:
    """NTCP = F(intercept + sum of coefficient times predictor), F the inverse of the link.

    Attributes
    ----------
    model : PublishedModel
    link : {"logit", "probit"}
        LKB is a probit of its dose summary; the logistic models are logits of dose and factors. A model that is neither
        (relative seriality) enters by the logit of its own NTCP, intercept 0, coefficient 1.
    intercept : float
    terms : tuple of str
        ``dose_gy`` (or ``logit_ntcp``), then the names of the model's factors.
    coefficients : ndarray, shape (predictors,)
    """

    model: PublishedModel
    link: Link
    intercept: float
    terms: tuple[str, ...]
    coefficients: Floats

    @property
    def has_dose(self) -> bool:
        """Whether the first predictor is a dose, so that TD50 and the slope can be printed."""
        return self.terms[0] == DOSE

    def risk(self, x: Floats) -> Floats:
        """Give the published NTCP of patients, shape (patients,)."""
        return probability(self.intercept + x @ self.coefficients, self.link)


def linear_form(model: PublishedModel) -> LinearForm:
    """Write a published model as a linear predictor.

    LKB: -1/m + D/(m TD50), D = gEUD with the model's n, which stays as published. Logistic: b0 + b1 D. With D50 and
    gamma50: -4 gamma50 + (4 gamma50/D50) D. Factors add their log odds ratios.
    """
    p = model.parameters
    if model.model == "lkb":
        return _form(model, "probit", -1.0 / p["m"], 1.0 / (p["m"] * p["td50_gy"]))
    if model.model == "logistic":
        return _form(model, "logit", p["b0"], p["b1"])
    if model.model == "logistic_d50":
        return _form(model, "logit", -4.0 * p["gamma50"], 4.0 * p["gamma50"] / p["td50_gy"])
    return LinearForm(model, "logit", 0.0, (RISK,), np.array([1.0]))


def _form(model: PublishedModel, link: Link, intercept: float, slope: float) -> LinearForm:
    terms = (DOSE, *(factor.name for factor in model.factors))
    coefficients = np.array([slope, *(factor.coefficient for factor in model.factors)])
    return LinearForm(model, link, intercept, terms, coefficients)


def predictors(
    form: LinearForm,
    dvhs: Sequence[Dvh],
    factors: pd.DataFrame | None = None,
    *,
    allow_structure: Collection[str] = (),
) -> Floats:
    """Give the predictors of patients for a linear form.

    Parameters
    ----------
    form : LinearForm
    dvhs : sequence of Dvh
        One for each patient, in the model's dose quantity.
    factors : DataFrame, optional
        One row for each DVH, in their order, with the clinical columns that the model reads; needed for models with
        factors.
    allow_structure : collection of str
        Structures that the model does not list but may be applied to.

    Returns
    -------
    ndarray, shape (patients, predictors)

    Raises
    ------
    InputError
        DVHs that the model does not take; factor values that are missing or not known, all of them at once.
    """
    model = form.model
    for dvh in dvhs:
        model.accept(dvh, allow_structure=allow_structure)
    rows = _factor_rows(model, len(dvhs), factors)
    if not form.has_dose:
        risk = np.array(
            [model.ntcp(dvh, row, allow_structure=allow_structure) for dvh, row in zip(dvhs, rows, strict=True)]
        )
        return np.asarray(logit(np.clip(risk, SMALLEST_RISK, 1.0 - SMALLEST_RISK)))[:, np.newaxis]
    dose = dose_matrix(dvhs).geud_gy(model.parameters.get("n", 1.0))
    # With a coefficient of 1 the term of a factor is the predictor itself.
    plain = [replace(factor, coefficient=1.0) for factor in model.factors]
    columns = [np.array([factor.term(row[factor.column]) for row in rows], dtype=float) for factor in plain]
    return np.column_stack([dose, *columns])


def _factor_rows(model: PublishedModel, patients: int, factors: pd.DataFrame | None) -> list[Mapping[str, object]]:
    """Give the clinical values by patient; refuse what is absent, listing all of it."""
    columns = sorted({factor.column for factor in model.factors})
    if not columns:
        return [{} for _ in range(patients)]
    who = f"published model {model.name}"
    absent = columns if factors is None else [column for column in columns if column not in factors.columns]
    if factors is None or absent:
        action = "Give a table of the factors with these columns."
        raise InputError(
            Fault(who, f"the columns {', '.join(columns)}", f"no {', '.join(absent)}", action, "ntcp-update")
        )
    if len(factors) != patients:
        action = "Give one row of factors for each DVH, in the same order."
        raise InputError(Fault(who, f"{patients} rows of factors", str(len(factors)), action, "ntcp-update"))
    rows = [{str(key): value for key, value in row.items()} for row in factors[columns].to_dict("records")]
    faults = []
    for column in columns:
        unknown = [number for number, row in enumerate(rows, 1) if column in model.missing_factors(row)]
        if unknown:
            shown = ", ".join(str(number) for number in unknown[:5]) + (", ..." if len(unknown) > 5 else "")
            found = f"{len(unknown)} without, in rows {shown}"
            faults.append(Fault(who, f"{column} of every patient", found, "Leave those patients out.", "ntcp-update"))
    if faults:
        raise InputError(faults)
    return list(rows)
