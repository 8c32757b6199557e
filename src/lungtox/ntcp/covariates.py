"""Patient factors in an NTCP model: as dose-modifying factors, or as odds ratios."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import Fault, InputError, ParameterError, count_of
from lungtox.models import Encoding, build_design
from lungtox.ntcp.model import Parameter

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
Effect = Literal["dose", "odds"]
PREFIX: dict[str, str] = {"dose": "delta", "odds": "beta"}
DERIVED_PREFIX: dict[str, str] = {"dose": "dose_factor", "odds": "odds_ratio"}
LARGEST_EFFECT: dict[str, float] = {"dose": 3.0, "odds": 15.0}
"""Largest effect of one covariate that is searched, over its largest distance from the reference: a factor of 20 on
TD50; log-odds of 15."""


@dataclass(frozen=True)
class CovariateDesign:
    """How covariates of a cohort become columns, and what they do.

    Attributes
    ----------
    effect : {"dose", "odds"}
        dose: TD50 of a patient is TD50 exp(sum delta x) (Tucker 2008, generalised Lyman). odds: sum beta x is added to
        the log-odds, which for a logistic model is a shift of D50 (Appelt 2014).
    encoding : Encoding
        From a table to columns; text is dummy-coded.
    references : tuple of float
        By column, where the parameters of the dose hold: 0 for a column of 0 and 1, the mean of the cohort for others.
    x : ndarray, shape (patients, columns)
        Distance from the references.
    """

    effect: Effect
    encoding: Encoding
    references: tuple[float, ...]
    x: Floats

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the columns, such as ``age_y`` and ``smoking[former]``."""
        return self.encoding.terms[1:]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """``delta[age_y]`` or ``beta[age_y]``, per unit of the column."""
        reach = LARGEST_EFFECT[self.effect] / np.abs(self.x).max(axis=0)
        return tuple(
            Parameter(f"{PREFIX[self.effect]}[{term}]", "", -float(most), float(most), logarithmic=False)
            for term, most in zip(self.terms, reach, strict=True)
        )

    def columns(self, table: pd.DataFrame | None, patients: int) -> Floats:
        """Give the columns of other patients; covariates that are missing are refused."""
        if table is None:
            raise _absent(self.encoding.predictors)
        if len(table) != patients:
            raise ParameterError(f"covariates must have one row for each of the {patients} DVHs, got {len(table)}")
        _require_complete(table, self.encoding.predictors)
        result: Floats = self.encoding.matrix(table)[:, 1:] - np.array(self.references)
        return result


def design_covariates(table: pd.DataFrame, outcome: Sequence[float] | Floats, *, effect: Effect) -> CovariateDesign:
    """Encode every column of a table as a covariate.

    Parameters
    ----------
    table : DataFrame, shape (patients, covariates)
        Numbers, or text, which is dummy-coded with a natural reference (no, none, never), else the first level.
    outcome : sequence of 0 and 1
    effect : {"dose", "odds"}

    Raises
    ------
    InputError
        A covariate is missing for a patient.
    FitError
        A constant or duplicated covariate, or more of them than events.
    """
    names = [str(name) for name in table.columns]
    if len(table) != len(outcome):
        raise ParameterError(f"covariates must have one row for each of the {len(outcome)} DVHs, got {len(table)}")
    if not names:
        raise ParameterError("covariates has no columns: leave it out for a model of the dose alone")
    _require_complete(table, names)
    whole = table.reset_index(drop=True).assign(**{"the outcome": np.asarray(outcome, dtype=float)})
    design = build_design(whole, outcome="the outcome", predictors=names)
    columns = design.x[:, 1:]
    binary = np.isin(columns, (0.0, 1.0)).all(axis=0)
    references = np.where(binary, 0.0, columns.mean(axis=0))
    return CovariateDesign(effect, design.encoding, tuple(map(float, references)), columns - references)


def _require_complete(table: pd.DataFrame, names: Sequence[str]) -> None:
    action = "Leave these patients out, or complete the covariate by imputation beforehand."
    faults = [
        Fault(f"covariate {name}", "a value for every patient", f"none for {count_of(missing, 'patient')}", action,
              "ntcp-covariate-missing")
        for name in names
        if name in table and (missing := int(table[name].isna().sum()))
    ]  # fmt: skip
    absent = [name for name in names if name not in table]
    if faults or absent:
        raise InputError([*faults, *(_absent(absent).faults if absent else ())])


def _absent(names: Sequence[str]) -> InputError:
    action = "Give a table with these columns, one row for each DVH."
    return InputError(
        [Fault(f"covariate {name}", "a column of the covariates", "none", action, "ntcp-covariate") for name in names]
    )
