"""Fit one NTCP model of the config to the analysed cohort, and make its tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lungtox.errors import Fault, FitError, InputError, count_of
from lungtox.ntcp.cohort_dvhs import read_selected_dvhs
from lungtox.ntcp.config import NtcpFitSettings
from lungtox.ntcp.curve import ntcp_bins, ntcp_curve
from lungtox.ntcp.fit import fit_ntcp
from lungtox.ntcp.result import NtcpFit, fit_to_json
from lungtox.ntcp.schemas import BINS, CURVE, PREDICTIONS

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

    from lungtox.dose import Dvh


@dataclass(frozen=True)
class NtcpTables:
    """What the rule `fit_ntcp` writes: the content of fit.json and the three tables (docs/file-contracts.md)."""

    fit: dict[str, Any]
    predictions: pd.DataFrame
    curve: pd.DataFrame
    bins: pd.DataFrame


def fit_ntcp_tables(dvh: str | Path, *, cohort: pd.DataFrame, name: str, settings: NtcpFitSettings) -> NtcpTables:
    """Fit one model to the patients whose outcome is known and who have the DVH that it asks for.

    Parameters
    ----------
    dvh : path of model_dvhs.parquet
    cohort : DataFrame
        The analysis table with ``patient`` and ``rp`` (0, 1 or missing).
    name : str
        Name of the fit in the config.
    settings : NtcpFitSettings

    Returns
    -------
    NtcpTables
        Where the model cannot be fitted to these data, ``fit["finding"]`` says why and the tables are empty.

    Raises
    ------
    InputError
        No patient has the DVH that the settings name.
    """
    identity = (settings.structure, settings.weighting, settings.quantity)
    return tables_of_fit(read_selected_dvhs(dvh, identity)[0], cohort=cohort, name=name, settings=settings)


def tables_of_fit(dvhs: Mapping[str, Dvh], *, cohort: pd.DataFrame, name: str, settings: NtcpFitSettings) -> NtcpTables:
    """Do the work of `fit_ntcp_tables` on DVHs by patient, all of the structure that the settings name."""
    used, told = analysable(dvhs, cohort, who=f"ntcp.fits.{name}", settings=settings)
    try:
        fit = fit_ntcp(
            [dvhs[patient] for patient in used["patient"]],
            used["rp"].to_numpy(),
            model=settings.model,
            fixed=settings.fixed,
            free_n=settings.free_n,
            confidence=settings.confidence,
        )
    except FitError as error:
        return NtcpTables(
            fit=_not_fitted(name, settings, used, finding=str(error), warnings=told),
            predictions=_empty(PREDICTIONS),
            curve=_empty(CURVE),
            bins=_empty(BINS),
        )
    content = fit_to_json(fit, name=name)
    content["warnings"] = [*told, *content["warnings"]]
    return NtcpTables(
        fit=content,
        predictions=_predictions(fit, used),
        curve=CURVE.validate(ntcp_curve(fit)),
        bins=BINS.validate(ntcp_bins(fit, bins=min(settings.bins, fit.n))),
    )


def analysable(
    dvhs: Mapping[str, Dvh], cohort: pd.DataFrame, *, who: str, settings: NtcpFitSettings
) -> tuple[pd.DataFrame, list[str]]:
    """Give patient and rp of those with a known outcome and a DVH, and sentences about the others."""
    asked = f"{settings.structure}, {settings.weighting}, {settings.quantity}"
    has_dvh = cohort["patient"].isin(list(dvhs))
    if not has_dvh.any():
        action = "Check structure, weighting and quantity of this fit, and dose.eqd2 or function of the config."
        raise InputError(Fault(f"config: {who}", f"DVHs of {asked}", "none", action, "ntcp-no-dvh"))
    known = cohort["rp"].notna()
    told = []
    if not known.all():
        told.append(f"Left out: {int((~known).sum())} of {count_of(len(cohort), 'patient')}, with neither outcome.")
    without = int((known & ~has_dvh).sum())
    if without:
        told.append(f"Left out: {without} of {count_of(int(known.sum()), 'patient')}, without a DVH of {asked}.")
    used = cohort.loc[known & has_dvh, ["patient", "rp"]].reset_index(drop=True)
    return used.astype({"rp": int}), told


def _predictions(fit: NtcpFit, used: pd.DataFrame) -> pd.DataFrame:
    dose = fit.dose_gy
    return PREDICTIONS.validate(used.assign(dose_gy=dose, ntcp=fit.ntcp_at(dose)))


def _empty(schema: pa.DataFrameSchema) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(columns=list(schema.columns))


def _not_fitted(
    name: str, settings: NtcpFitSettings, used: pd.DataFrame, *, finding: str, warnings: list[str]
) -> dict[str, Any]:
    return {
        "ntcp": name,
        "model": settings.model,
        "structure": settings.structure,
        "weighting": settings.weighting,
        "quantity": settings.quantity,
        "alpha_beta_gy": None,
        "fixed": dict(settings.fixed),
        "n": len(used),
        "events": int(np.sum(used["rp"] == 1)),
        "loglik": None,
        "aic": None,
        "converged": False,
        "finding": finding,
        "confidence": settings.confidence,
        "interval": "profile likelihood",
        "parameters": [],
        "warnings": warnings,
    }
