"""Plates of a cytokine, and its course where there are more than two draws."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from lungtox.errors import FitError
from lungtox.models.cytokine_series import (
    OUTCOME,
    RATIO,
    FloatArray,
    Series,
    least_squares,
    ratio_figures,
    residual,
    result_row,
    t_figures,
)
from lungtox.models.mixed import compare_courses, fit_mixed

if TYPE_CHECKING:
    import pandas as pd


def compare_plates(series: Series, how: str) -> Iterator[dict[str, Any]]:
    """Ask whether plates differ, and how the comparison of the groups stands with plates in the model."""
    if how == "none":
        return
    for time, draw in (("pre", series.pre), ("during", series.during)):
        there = draw.known & np.isfinite(series.rp) & np.array([isinstance(each, str) for each in draw.plate])
        names, place = np.unique(draw.plate[there].astype(str), return_inverse=True)
        below, n = draw.below[there], int(there.sum())
        x = np.column_stack([np.ones(n), series.rp[there]])
        y = draw.halved()[there]
        if len(names) < 2 or n < len(names) + 4:
            yield result_row(f"plate_{time}", n, below, "not fitted: fewer than two plates, or too few values")
            continue
        try:
            yield result_row(f"plate_{time}", n, below, **_with_plates(y, x, place, how))
        except FitError as error:
            yield result_row(f"plate_{time}", n, below, f"not fitted: {error}")


def _with_plates(y: FloatArray, x: FloatArray, place: npt.NDArray[np.int64], how: str) -> dict[str, Any]:
    from scipy.stats import f, norm

    plates = int(place.max()) + 1
    whole = np.column_stack([x, place[:, None] == np.arange(1, plates)]).astype(np.float64)
    if np.linalg.matrix_rank(whole) < whole.shape[1]:
        raise FitError("plates and groups cannot be told apart.")
    beta, covariance = least_squares(y, whole)
    rest = residual(y, whole)
    df = len(y) - whole.shape[1]
    p_plates = float(f.sf((residual(y, x) - rest) / (plates - 1) / (rest / df), plates - 1, df))
    if how == "fixed":
        return {
            "method": f"{plates} plates, fixed",
            "p_plates": p_plates,
            **t_figures(RATIO, beta[1], covariance[1, 1], df),
        }
    fit = fit_mixed(y, x, place)
    half = float(norm.ppf(0.975)) * fit.se[1]
    p = 2.0 * float(norm.sf(abs(fit.beta[1]) / fit.se[1]))
    figures = ratio_figures(RATIO, float(fit.beta[1]), float(fit.beta[1] - half), float(fit.beta[1] + half), p)
    words = f"{plates} plates, random: {100 * fit.intraclass:.1f} % of the variance"
    return {"method": words, "p_plates": p_plates, **figures}


def compare_course_rows(table: pd.DataFrame, mine: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Compare the courses by a mixed model where there are more than two draws."""
    if mine["timepoint"].nunique() < 3:
        return
    known = mine.merge(table[["patient", OUTCOME]], on="patient", how="inner").dropna(subset=[OUTCOME])
    log = np.log(known["value"].to_numpy(dtype=np.float64)) - math.log(2.0) * known["below"].to_numpy(dtype=np.float64)
    below = known["below"].to_numpy(dtype=bool)
    try:
        p, df, _ = compare_courses(log, known["timepoint"], known[OUTCOME], known["patient"])
    except FitError as error:
        yield result_row("mixed", len(known), below, f"not fitted: {error}")
        return
    yield result_row("mixed", len(known), below, f"mixed model, draw x RP, likelihood ratio on {df}", p=p)
