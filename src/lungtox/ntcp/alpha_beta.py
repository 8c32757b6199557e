"""What EQD2 with another alpha/beta would make of a cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lungtox.errors import FitError, count_of
from lungtox.models import roc
from lungtox.ntcp.calibration import measure_calibration
from lungtox.ntcp.config import NtcpSettings
from lungtox.ntcp.converted import eqd2_dvhs, risk_of
from lungtox.ntcp.fit import fit_ntcp
from lungtox.ntcp.published import PublishedModel, published_model
from lungtox.ntcp.schemas import ALPHA_BETA

if TYPE_CHECKING:
    import pandas as pd

    from lungtox.dose import Dvh

NUMBERS = list(ALPHA_BETA.columns)[7:-1]
ONE_COURSE_GY = 0.1  # mean EQD2 per voxel and bin by bin agree to a bin where there was one course
MEAN_LABEL = "Mean EQD2, LKB fitted here"


def alpha_beta_table(
    dvhs: Mapping[str, Mapping[str, Dvh]], *, cohort: pd.DataFrame, settings: NtcpSettings
) -> pd.DataFrame:
    """Show how mean EQD2, and each published model in EQD2, move with alpha/beta on this cohort.

    The parameters of a model stay as published with its own alpha/beta (column ``own``): the other rows change the
    dose only, and so show how much that choice matters, not a model for another alpha/beta.

    Parameters
    ----------
    dvhs : mapping
        quantity -> patient -> DVH of ``ntcp.published_structure``; physical dose is what EQD2 is made from.
    cohort : DataFrame
        With ``patient``, ``rp``, ``fractions``. Patients without a whole number of fractions, or whose EQD2 per voxel
        shows several courses, are left out and counted.
    settings : NtcpSettings

    Returns
    -------
    DataFrame
        As docs/file-contracts.md; the first rows have no model: the mean dose itself, with an LKB model (n = 1) fitted
        to it here, whose likelihood says how far the cohort can tell one alpha/beta from another.
    """
    import pandas as pd

    if not settings.alpha_beta_gy or "fractions" not in cohort.columns:
        return pd.DataFrame(columns=list(ALPHA_BETA.columns))
    physical = dvhs.get("physical", {})
    known = cohort[cohort["patient"].isin(list(physical)) & cohort["rp"].notna()]
    counts = known["fractions"].astype(float)
    whole = known[counts.gt(0) & counts.mod(1).eq(0)]
    single = [
        str(patient) for patient, n in _pairs(whole) if _one_course(physical[patient], n, dvhs.get("eqd2", {}), patient)
    ]
    used = whole[whole["patient"].isin(single)]
    if used.empty:
        return pd.DataFrame(columns=list(ALPHA_BETA.columns))
    notes = []
    if lost := len(known) - len(whole):
        notes.append(f"{count_of(lost, 'patient')} left out: number of fractions not known")
    if several := len(whole) - len(used):
        notes.append(f"{count_of(several, 'patient')} left out: several courses")
    converted = {patient: eqd2_dvhs(physical[patient], n, settings.alpha_beta_gy) for patient, n in _pairs(used)}
    rows = [_row(None, value, used, converted, notes) for value in settings.alpha_beta_gy]
    for model in _models(settings):
        kept = _kept(model, used, settings)
        if not kept.empty:
            rows += [_row(model, value, kept, converted, notes) for value in settings.alpha_beta_gy]
    return ALPHA_BETA.validate(pd.DataFrame(rows, columns=list(ALPHA_BETA.columns)))


def _pairs(cohort: pd.DataFrame) -> list[tuple[str, int]]:
    return [
        (str(patient), int(count))
        for patient, count in zip(cohort["patient"], cohort["fractions"].astype(float), strict=True)
    ]


def _one_course(physical: Dvh, fractions: int, per_voxel: Mapping[str, Dvh], patient: str) -> bool:
    """Tell whether EQD2 bin by bin is EQD2 per voxel: not so where courses were converted one by one."""
    stored = per_voxel.get(patient)
    if stored is None or stored.alpha_beta_gy is None:
        return True
    made = eqd2_dvhs(physical, fractions, [stored.alpha_beta_gy])[stored.alpha_beta_gy]
    return abs(made.mean_gy - stored.mean_gy) <= ONE_COURSE_GY


def _models(settings: NtcpSettings) -> list[PublishedModel]:
    """Give the published models in EQD2 that the settings allow on their structure."""
    structure = settings.published_structure
    named = [published_model(name) for name in settings.published]
    return [
        model
        for model in named
        if model.quantity == "eqd2"
        and not model.factors
        and (model.default_ok or model.name in settings.allow_unchecked)
        and structure in (*model.structures, *settings.allow_structure.get(model.name, []))
    ]


def _kept(model: PublishedModel, cohort: pd.DataFrame, settings: NtcpSettings) -> pd.DataFrame:
    if model.name in settings.allow_fractionation or "prescription_gy" not in cohort.columns:
        return cohort
    each = cohort["prescription_gy"].astype(float) / cohort["fractions"].astype(float)
    return cohort[~each.map(lambda value: bool(model.fractionation_note(float(value))))]


def _row(
    model: PublishedModel | None,
    alpha_beta_gy: float,
    cohort: pd.DataFrame,
    converted: Mapping[str, Mapping[float, Dvh]],
    notes: Sequence[str],
) -> dict[str, Any]:
    dvhs = [converted[str(patient)][alpha_beta_gy] for patient in cohort["patient"]]
    outcome = cohort["rp"].to_numpy(dtype=float)
    mean_gy = np.array([dvh.mean_gy for dvh in dvhs])
    risk = None if model is None else np.array([risk_of(model, dvh) for dvh in dvhs])
    told = list(notes)
    row: dict[str, Any] = {
        "model": "" if model is None else model.name,
        "label": MEAN_LABEL if model is None else model.label,
        "alpha_beta_gy": alpha_beta_gy,
        "own": model is not None and alpha_beta_gy in model.alpha_beta_gy,
        "n": len(cohort),
        "events": int(outcome.sum()),
        "mean_dose_gy": float(mean_gy.mean()),
        **dict.fromkeys(NUMBERS, np.nan),
        "observed": float(outcome.mean()),
    }
    try:
        curve = roc(outcome, mean_gy if risk is None else risk)
        row |= {"auc": curve.auc, "auc_low": curve.low, "auc_high": curve.high}
        if risk is None:
            row |= _fitted(dvhs, outcome)
        else:
            found = measure_calibration(outcome, risk)
            row |= {"mean_predicted": found.mean_predicted, "citl": found.citl}
            row |= {"citl_low": found.citl_low, "citl_high": found.citl_high}
    except FitError as error:
        told.append(f"not measured: {error}")
    return {**row, "note": "; ".join(told)}


def _fitted(dvhs: Sequence[Dvh], outcome: np.ndarray) -> dict[str, float | None]:
    """Fit LKB on the mean EQD2 of these patients."""
    fit = fit_ntcp(dvhs, outcome, model="lkb", fixed={"n": 1.0})
    td50 = next(item for item in fit.estimates if item.parameter == "td50_gy")
    values = {"td50_gy": td50.estimate, "td50_low": td50.low, "td50_high": td50.high, "m": fit["m"]}
    return values | {"loglik": fit.loglik}
