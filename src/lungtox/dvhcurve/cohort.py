"""The tables of the room: fits of every curve, which model is ahead at each shift, how parameters move with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from lungtox.dvhcurve.config import DvhCurveSettings
from lungtox.dvhcurve.fit import CurveFit, fit_curve
from lungtox.dvhcurve.moved import MovedCurve
from lungtox.errors import Fault, FitError, InputError

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
KEYS = ["kind", "axis", "amount_mm"]
FIT_COLUMNS = [
    "patient", *KEYS, "model", "n", "k", "rss", "aic", "aicc", "mean_gy", "sd_gy", "dvh_mean_gy", "dvh_sd_gy",
    "converged", "finding",
]  # fmt: skip
PARAMETER_COLUMNS = ["patient", *KEYS, "model", "parameter", "estimate", "low", "high"]
COMPARISON_COLUMNS = [
    *KEYS, "beyond_margin", "model", "patients", "points", "k", "rss_mean", "aic_mean", "aicc_mean", "best_rss",
    "best_aic", "best_aicc", "best_of_all", "aic_behind",
]  # fmt: skip
TREND_COLUMNS = ["kind", "axis", "direction", "quantity", "patients", "slope", "low", "high", "p", "falling"]
PREDICTION_COLUMNS = [
    "axis",
    "amount_mm",
    "patients",
    "largest_difference",
    "mean_difference",
    "mean_dose_difference_gy",
]
CURVE_COLUMNS = [*KEYS, "source", "dose_gy", "share", "patients"]


@dataclass(frozen=True)
class CurveTables:
    """Tables of docs/file-contracts.md.

    Attributes
    ----------
    fits, parameters, comparison, trend, prediction, curves : pandas.DataFrame
    """

    fits: pd.DataFrame
    parameters: pd.DataFrame
    comparison: pd.DataFrame
    trend: pd.DataFrame
    prediction: pd.DataFrame
    curves: pd.DataFrame


def curve_tables(curves: Sequence[MovedCurve], settings: DvhCurveSettings) -> CurveTables:
    """Fit every curve and compare.

    Fitted are the curves of the moved structure, and those of the blurred dose for breathing.

    Parameters
    ----------
    curves : sequence of MovedCurve
        Of all patients.
    settings : DvhCurveSettings

    Raises
    ------
    InputError
        No curve at all (``dvh-curve-empty``).
    """
    import pandas as pd

    if not curves:
        action = "Look at the faults of the dose stage: no patient could be used."
        raise InputError(Fault("dvh_curve", "DVHs of at least one patient", "none", action, "dvh-curve-empty"))
    fitted = [curve for curve in curves if curve.kind == "breathing" or curve.source == "structure"]
    fits: list[dict[str, Any]] = []
    parameters: list[dict[str, Any]] = []
    for curve in fitted:
        for model in settings.models:
            row, own = _fit(curve, model)
            fits.append(row)
            parameters += own
    table = pd.DataFrame(fits, columns=FIT_COLUMNS)
    values = pd.DataFrame(parameters, columns=PARAMETER_COLUMNS)
    return CurveTables(
        fits=table,
        parameters=values,
        comparison=pd.DataFrame(_comparison(table, settings), columns=COMPARISON_COLUMNS),
        trend=pd.DataFrame(list(_trends(table, values)), columns=TREND_COLUMNS),
        prediction=pd.DataFrame(_prediction(curves), columns=PREDICTION_COLUMNS),
        curves=pd.DataFrame(_mean_curves(curves), columns=CURVE_COLUMNS),
    )


def _fit(curve: MovedCurve, model: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    head = {"patient": curve.patient, "kind": curve.kind, "axis": curve.axis, "amount_mm": curve.amount_mm,
            "model": model}  # fmt: skip
    own = {"dvh_mean_gy": curve.mean_gy, "dvh_sd_gy": curve.sd_gy}
    try:
        fit: CurveFit = fit_curve(curve.points, model)
    except FitError as error:
        return {**head, **own, "n": curve.points.dose_gy.size, "converged": False, "finding": str(error)}, []
    row = {
        name: getattr(fit, name)
        for name in ("n", "k", "rss", "aic", "aicc", "mean_gy", "sd_gy", "converged", "finding")
    }
    parameters = [
        {**head, "parameter": one.name, "estimate": one.estimate, "low": one.low, "high": one.high}
        for one in fit.parameters
    ]
    return {**head, **row, **own}, parameters


def _comparison(fits: pd.DataFrame, settings: DvhCurveSettings) -> list[dict[str, Any]]:
    """Say for each position how often each model is the best of a patient, among those with as many parameters.

    Across numbers of parameters only AICc is fair: `best_of_all` counts by that.
    """
    rows = []
    usable = fits[fits["rss"].notna()].copy()
    # A curve that is met to rounding has no AIC, and no other can be ahead of it.
    for name in ("aic", "aicc"):
        usable[f"{name}_rank"] = usable[name].astype(float).fillna(-np.inf)
    ranks = {"rss": "rss", "aic": "aic_rank", "aicc": "aicc_rank"}
    for (kind, axis, distance), group in usable.groupby(KEYS, sort=True):
        amount = float(str(distance))
        # Only patients on whom every model could be fitted: the others would favour the one that could.
        complete = group.groupby("patient").filter(lambda own: len(own) == len(settings.models))
        best = {
            name: complete.loc[complete.groupby(["patient", "k"])[rank].idxmin(), "model"]
            for name, rank in ranks.items()
        }
        of_all = complete.loc[complete.groupby("patient")["aicc_rank"].idxmin(), "model"]
        behind = complete["aic"] - complete.groupby("patient")["aic"].transform("min")
        for model in settings.models:
            own = complete[complete["model"] == model]
            rows.append(
                {
                    "kind": kind,
                    "axis": axis,
                    "amount_mm": amount,
                    "beyond_margin": None if settings.margin_mm is None else bool(abs(amount) > settings.margin_mm),
                    "model": model,
                    "patients": len(own),
                    "points": own["n"].median(),
                    "k": own["k"].median(),
                    **{f"{name}_mean": own[name].mean() for name in best},
                    **{f"best_{name}": int((found == model).sum()) for name, found in best.items()},
                    "best_of_all": int((of_all == model).sum()),
                    "aic_behind": behind[own.index].dropna().median() if behind[own.index].notna().any() else None,
                }
            )
    return rows


def _trends(fits: pd.DataFrame, parameters: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Give the mean slope over the patients of what changes with the distance, for each direction of an axis."""
    first = fits.drop_duplicates(["patient", *KEYS])
    quantities = {
        "mean_gy": first.assign(value=first["dvh_mean_gy"]),
        "variance_gy2": first.assign(value=first["dvh_sd_gy"] ** 2),
    }
    for (model, name), own in parameters.groupby(["model", "parameter"], sort=False):
        quantities[f"{model}.{name}"] = own.assign(value=own["estimate"])
    for quantity, table in quantities.items():
        for (kind, axis), own in table.groupby(["kind", "axis"], sort=True):
            for direction, side in (("positive", own["amount_mm"] >= 0), ("negative", own["amount_mm"] <= 0)):
                slopes = _slopes(own[side])
                if slopes.size:
                    yield {"kind": kind, "axis": axis, "direction": direction, "quantity": quantity, **_mean(slopes)}


def _slopes(table: pd.DataFrame) -> FloatArray:
    """Give each patient's least-squares slope per mm of distance; fewer than three positions give none."""
    slopes = []
    for _, own in table.groupby("patient", sort=True):
        distance, value = own["amount_mm"].abs().to_numpy(dtype=np.float64), own["value"].to_numpy(dtype=np.float64)
        if np.unique(distance).size >= 3:
            centred = distance - distance.mean()
            slopes.append(float(centred @ value / (centred @ centred)))
    return np.array(slopes)


def _mean(slopes: FloatArray) -> dict[str, Any]:
    n, mean = slopes.size, float(slopes.mean())
    found: dict[str, Any] = {"patients": n, "slope": mean, "falling": int((slopes < 0).sum())}
    if n < 2 or not slopes.std() > 0:
        return found
    error = float(slopes.std(ddof=1) / np.sqrt(n))
    half = float(student.ppf(0.975, n - 1)) * error
    return {**found, "low": mean - half, "high": mean + half, "p": float(2.0 * student.sf(abs(mean / error), n - 1))}


def _prediction(curves: Sequence[MovedCurve]) -> list[dict[str, Any]]:
    """Compare moved contours with the shifted dose: two ways to the same DVH."""
    found: dict[tuple[str, float], list[tuple[float, float, float]]] = {}
    moved = {(one.patient, one.axis, one.amount_mm): one for one in curves if one.source == "structure"}
    for one in curves:
        other = moved.get((one.patient, one.axis, one.amount_mm))
        if one.kind == "shift" and one.source == "dose" and other is not None:
            gap = np.abs(one.points.share - other.points.share)
            figures = (float(gap.max()), float(gap.mean()), one.mean_gy - other.mean_gy)
            found.setdefault((one.axis, one.amount_mm), []).append(figures)
    return [
        {
            "axis": axis,
            "amount_mm": amount,
            "patients": len(rows),
            "largest_difference": max(row[0] for row in rows),
            "mean_difference": float(np.mean([row[1] for row in rows])),
            "mean_dose_difference_gy": float(np.mean([row[2] for row in rows])),
        }
        for (axis, amount), rows in sorted(found.items())
    ]


def _mean_curves(curves: Sequence[MovedCurve]) -> list[dict[str, Any]]:
    """Give the mean curve over the patients of each position, on the doses that all of them have points at."""
    groups: dict[tuple[str, str, float, str], list[MovedCurve]] = {}
    for one in curves:
        groups.setdefault((one.kind, one.axis, one.amount_mm, one.source), []).append(one)
    top = max((one.points.dose_gy for one in curves), key=lambda doses: float(doses[-1]))
    rows = []
    for (kind, axis, amount, source), own in sorted(groups.items()):
        # Beyond its last point a curve is at 0.
        shares = [np.interp(top, one.points.dose_gy, one.points.share, right=0.0) for one in own]
        rows += [
            {"kind": kind, "axis": axis, "amount_mm": amount, "source": source, "dose_gy": float(dose),
             "share": float(share), "patients": len(own)}
            for dose, share in zip(top, np.mean(shares, axis=0), strict=True)
        ]  # fmt: skip
    return rows
