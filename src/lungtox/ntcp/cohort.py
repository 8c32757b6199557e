"""Fit one NTCP model of the config to the analysed cohort, and make its tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lungtox.errors import Fault, FitError, InputError, count_of
from lungtox.models.model_schemas import VALIDATION
from lungtox.ntcp.cohort_dvhs import read_selected_dvhs
from lungtox.ntcp.config import NtcpFitSettings
from lungtox.ntcp.curve import ntcp_bins, ntcp_curve
from lungtox.ntcp.fit import fit_ntcp
from lungtox.ntcp.likelihood_surface import likelihood_surface
from lungtox.ntcp.matrix import dvh_faults
from lungtox.ntcp.result import NtcpFit, fit_to_json
from lungtox.ntcp.schemas import BINS, COURSE, CURVE, INTERVALS, PREDICTIONS, SURFACE
from lungtox.ntcp.time_cohort import course_table, lost_sentence, time_content, with_times, without_time
from lungtox.ntcp.time_to_event import NtcpTimeFit, fit_ntcp_time

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

    from lungtox.dose import Dvh


@dataclass(frozen=True)
class NtcpTables:
    """What the rule `fit_ntcp` writes: the content of fit.json and the tables (docs/file-contracts.md)."""

    fit: dict[str, Any]
    predictions: pd.DataFrame
    curve: pd.DataFrame
    bins: pd.DataFrame
    surface: pd.DataFrame
    intervals: pd.DataFrame
    validation: pd.DataFrame
    course: pd.DataFrame


def fit_ntcp_tables(
    dvh: str | Path,
    *,
    cohort: pd.DataFrame,
    name: str,
    settings: NtcpFitSettings,
    rng: np.random.Generator,
    start: str = "rt_end",
) -> NtcpTables:
    """Fit one model to the patients whose outcome is known and who have the DVH that it asks for.

    With ``settings.time`` to those who were followed for any time.

    Parameters
    ----------
    dvh : path of model_dvhs.parquet
        Of the planned or the delivered dose, as ``settings.dose`` says.
    cohort : DataFrame
        The analysis table with ``patient`` and ``rp`` (0, 1 or missing); with ``settings.time`` also with the columns
        of `with_times`.
    name : str
        Name of the fit in the config.
    settings : NtcpFitSettings
    rng : numpy.random.Generator
        For the bootstrap.
    start : {"rt_start", "rt_end"}
        Where the window of the endpoint starts; read with ``settings.time``.

    Returns
    -------
    NtcpTables
        Where the model cannot be fitted to these data, ``fit["finding"]`` says why and the tables are empty.

    Raises
    ------
    InputError
        No patient has the DVH that the settings name, a DVH is in cGy or empty, or the analysis table lacks a covariate
        or the dates.
    """
    identity = (settings.structure, settings.weighting, settings.quantity)
    chosen = read_selected_dvhs(dvh, identity)[0]
    return tables_of_fit(chosen, cohort=cohort, name=name, settings=settings, rng=rng, start=start)


def tables_of_fit(
    dvhs: Mapping[str, Dvh],
    *,
    cohort: pd.DataFrame,
    name: str,
    settings: NtcpFitSettings,
    rng: np.random.Generator,
    start: str = "rt_end",
) -> NtcpTables:
    """Do the work of `fit_ntcp_tables` on DVHs by patient, all of the structure that the settings name."""
    used, told = analysable(dvhs, cohort, who=f"ntcp.fits.{name}", settings=settings, start=start)
    if faults := [fault for patient in used["patient"] for fault in dvh_faults(str(patient), dvhs[patient])]:
        raise InputError(faults)
    try:
        fit, timed = _fit(dvhs, used, settings)
    except FitError as error:
        return NtcpTables(
            fit=_not_fitted(name, settings, used, finding=str(error), warnings=told),
            predictions=_empty(PREDICTIONS),
            curve=_empty(CURVE),
            bins=_empty(BINS),
            surface=_empty(SURFACE),
            intervals=_empty(INTERVALS),
            validation=_empty(VALIDATION),
            course=_empty(COURSE),
        )
    content = fit_to_json(fit, name=name) | {"dose": settings.dose, "time": None}
    if timed is not None:
        content["time"] = time_content(timed, used["rp_status"].tolist())
        told += lost_sentence(used["rp_status"].tolist())
    intervals, validation = _empty(INTERVALS), _empty(VALIDATION)
    if settings.bootstrap:
        found, measures, warnings = _resampled(fit, timed, resamples=settings.bootstrap, rng=rng)
        intervals, validation = INTERVALS.validate(found), VALIDATION.validate(measures)
        told = [*told, *warnings]
    content["warnings"] = [*told, *content["warnings"]]
    return NtcpTables(
        fit=content,
        predictions=_predictions(fit, used),
        curve=CURVE.validate(ntcp_curve(fit)),
        bins=_empty(BINS) if timed else BINS.validate(ntcp_bins(fit, bins=min(settings.bins, fit.n))),
        surface=SURFACE.validate(likelihood_surface(fit)) if settings.surface else _empty(SURFACE),
        intervals=intervals,
        validation=validation,
        course=COURSE.validate(course_table(timed)) if timed else _empty(COURSE),
    )


def _fit(dvhs: Mapping[str, Dvh], used: pd.DataFrame, settings: NtcpFitSettings) -> tuple[NtcpFit, NtcpTimeFit | None]:
    if used.empty:
        raise FitError("no patient is left: a dose response cannot be fitted")
    chosen = [dvhs[patient] for patient in used["patient"]]
    options: dict[str, Any] = {
        "model": settings.model,
        "covariates": used[settings.covariates] if settings.covariates else None,
        "effect": settings.covariate_effect,
        "metric": settings.metric or "",
        "fixed": settings.fixed,
        "free_n": settings.free_n,
        "confidence": settings.confidence,
    }
    if not settings.time:
        return fit_ntcp(chosen, used["rp"].to_numpy(dtype=float), **options), None
    timed = fit_ntcp_time(chosen, used["time_d"].to_numpy(), used["event"].to_numpy(dtype=float), **options)
    return timed.fit, timed


def _resampled(
    fit: NtcpFit, timed: NtcpTimeFit | None, *, resamples: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    if timed is not None:
        from lungtox.ntcp.time_resampled import validate_ntcp_time  # both load the regression models

        in_time = validate_ntcp_time(timed, resamples=resamples, rng=rng)
        return in_time.intervals, in_time.measures, in_time.warnings
    from lungtox.ntcp.resampled import validate_ntcp

    found = validate_ntcp(fit, resamples=resamples, rng=rng)
    return found.intervals, found.measures, found.warnings


def analysable(
    dvhs: Mapping[str, Dvh], cohort: pd.DataFrame, *, who: str, settings: NtcpFitSettings, start: str = "rt_end"
) -> tuple[pd.DataFrame, list[str]]:
    """Give patient, rp and covariates of those with a known outcome and a DVH, and sentences about the others.

    With ``settings.time`` of those with a time and a DVH, with ``rp_status``, ``time_d`` and ``event``.
    """
    absent = [name for name in settings.covariates if name not in cohort]
    if absent:
        action = "Check the spelling; the data dictionary lists the columns."
        raise InputError(
            [Fault(f"config: {who}.covariates", "a column of the analysis table", repr(name), action, "ntcp-covariate")
             for name in absent]
        )  # fmt: skip
    asked = f"{settings.structure}, {settings.weighting}, {settings.quantity}"
    asked += ", delivered" if settings.dose == "delivered" else ""
    has_dvh = cohort["patient"].isin(list(dvhs))
    if not has_dvh.any():
        action = "Check structure, weighting and quantity of this fit, and dose.eqd2 or function of the config."
        raise InputError(Fault(f"config: {who}", f"DVHs of {asked}", "none", action, "ntcp-no-dvh"))
    told, columns = [], ["patient", "rp", *settings.covariates]
    if settings.time:
        cohort = with_times(cohort, start=start, who=who)
        known, why = ~without_time(cohort), "without a day above 0 from the start of radiotherapy"
        columns += ["rp_status", "time_d", "event"]
    else:
        known, why = cohort["rp"].notna(), "with neither outcome"
    if not known.all():
        told.append(f"Left out: {int((~known).sum())} of {count_of(len(cohort), 'patient')}, {why}.")
    without = int((known & ~has_dvh).sum())
    if without:
        told.append(f"Left out: {without} of {count_of(int(known.sum()), 'patient')}, without a DVH of {asked}.")
    used = cohort.loc[known & has_dvh, columns].reset_index(drop=True)
    for name in settings.covariates:
        missing = used[name].isna()
        if missing.any():
            told.append(f"Left out: {int(missing.sum())} of {count_of(len(used), 'patient')}, without {name}.")
            used = used[~missing].reset_index(drop=True)
    return used.astype({"rp": "Int64" if settings.time else int}), told


def _predictions(fit: NtcpFit, used: pd.DataFrame) -> pd.DataFrame:
    return PREDICTIONS.validate(used[["patient", "rp"]].assign(dose_gy=fit.dose_gy, ntcp=fit.fitted))


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
        "dose": settings.dose,
        "alpha_beta_gy": None,
        "metric": settings.metric,
        "covariates": list(settings.covariates),
        "covariate_effect": settings.covariate_effect,
        "references": {},
        "fixed": dict(settings.fixed),
        "n": len(used),
        "events": int((used["rp"] == 1).sum()),
        "loglik": None,
        "free_parameters": 0,
        "aic": None,
        "aicc": None,
        "bic": None,
        "converged": False,
        "finding": finding,
        "confidence": settings.confidence,
        "interval": "profile likelihood",
        "parameters": [],
        "nested": [],
        "starts": None,
        "warnings": warnings,
        "time": None,
    }
