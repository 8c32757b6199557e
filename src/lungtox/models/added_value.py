"""Added value: what each step of a ladder of models brings over the step before, on the same patients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, expit

from lungtox.errors import FitError
from lungtox.models.config import LadderSettings, LadderStep
from lungtox.models.design import Design, build_design
from lungtox.models.discrimination import area_under_curve
from lungtox.models.labels import column_label
from lungtox.models.model_schemas import LADDER
from lungtox.models.newton import maximise
from lungtox.models.performance import net_benefit
from lungtox.models.recipe import Recipe, make_recipe
from lungtox.models.separation import find_separation

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

SEPARATED = "separated: no likelihood-ratio test, Firth's penalty for the predictions"


def measure_added_value(
    table: pd.DataFrame,
    *,
    settings: LadderSettings,
    resamples: int,
    rng: np.random.Generator,
    outcome: str = "rp",
    dictionary: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Climb a ladder of nested logistic models on the patients who have what the last step needs.

    Parameters
    ----------
    table : DataFrame
        The analysis table.
    settings : LadderSettings
    resamples : int
        Of the optimism bootstrap; every step sees the same ones, so that steps compare.
    rng : numpy.random.Generator
    outcome : str
    dictionary : DataFrame, optional

    Returns
    -------
    DataFrame
        One row per step (docs/file-contracts.md): likelihood-ratio test against the step before, AUC and Brier score
        apparent and corrected, change of the corrected AUC with its range over the resamples, net benefit. Two nested
        models fitted to the same patients are not compared by DeLong's test. A step that cannot be fitted says so in
        ``finding``.

    Raises
    ------
    InputError
        A column does not exist.
    """
    import pandas as pd

    names = [column for step in settings.steps for column in step.add]
    complete = table.loc[table[[outcome, *names]].notna().all(axis=1)]
    rows: list[dict[str, Any]] = []
    steps = _designs(complete, settings.steps, outcome, dictionary)
    draws = [rng.integers(0, len(complete), len(complete)) for _ in range(resamples)]
    before: tuple[float, int, FloatArray, float] | None = None
    for (name, design), step in zip(steps, settings.steps, strict=True):
        added = step.add
        row: dict[str, Any] = {
            "step": name,
            "added": ", ".join(added),
            "label": ", ".join(column_label(column, dictionary) for column in added),
            "n": len(complete),
            "events": int((complete[outcome] == 1).sum()),
            "parameters": 0,
            "df": 0,
            "threshold": settings.threshold,
            "resamples": 0,
            "finding": "",
        }
        if isinstance(design, FitError):
            rows.append(row | {"finding": str(design)})
            before = None
            continue
        measured, loglik, corrected_aucs = _measure(design, draws, settings.threshold)
        row |= measured
        if before is not None:
            row |= _against(before, (loglik, row["parameters"], corrected_aucs, row["auc_corrected"]))
        before = (loglik, int(row["parameters"]), corrected_aucs, float(row["auc_corrected"]))
        rows.append(row)
    return LADDER.validate(pd.DataFrame(rows, columns=list(LADDER.columns)), lazy=True)


def _designs(
    complete: pd.DataFrame, steps: Sequence[LadderStep], outcome: str, dictionary: pd.DataFrame | None
) -> list[tuple[str, Design | FitError]]:
    found: list[tuple[str, Design | FitError]] = []
    names: list[str] = []
    for step in steps:
        names = [*names, *step.add]
        try:
            design = build_design(complete, outcome=outcome, predictors=names, dictionary=dictionary)
        except FitError as error:
            found.append((step.name, error))
        else:
            found.append((step.name, design))
    return found


def _measure(
    design: Design, draws: Sequence[npt.NDArray[np.int64]], threshold: float
) -> tuple[dict[str, Any], float, FloatArray]:
    """Give the figures of a step, its log-likelihood (missing where separated) and the corrected AUC per resample."""
    x, y = design.x, design.y
    recipe = make_recipe(design.encoding.groups)
    apparent, firth = _figures(recipe, x, y, x, y, threshold)
    optimism = np.full((len(draws), len(apparent)), np.nan)
    for index, rows in enumerate(draws):
        if y[rows].min() < y[rows].max():
            own, _ = _figures(recipe, x[rows], y[rows], x[rows], y[rows], threshold)
            original, _ = _figures(recipe, x[rows], y[rows], x, y, threshold)
            optimism[index] = own - original
    usable = int(np.isfinite(optimism[:, 0]).sum())
    if not usable:
        nothing = dict.fromkeys(("auc_corrected", "brier_corrected"), np.nan)
        return nothing | {"finding": "no resample could be fitted"}, np.nan, optimism[:, 0]
    auc, brier, benefit = apparent - np.nanmean(optimism, axis=0)
    rate = float(y.mean())
    loglik = np.nan if firth else _loglik(x, y)
    figures = {
        "parameters": x.shape[1] - 1,
        "loglik": loglik,
        "auc_apparent": apparent[0],
        "auc_corrected": auc,
        "brier_apparent": apparent[1],
        "brier_corrected": brier,
        "scaled_brier_corrected": 1.0 - brier / (rate * (1.0 - rate)),
        "net_benefit_apparent": apparent[2],
        "net_benefit_corrected": benefit,
        "net_benefit_all": rate - (1.0 - rate) * threshold / (1.0 - threshold),
        "resamples": usable,
        "finding": SEPARATED if firth else "",
    }
    return figures, loglik, apparent[0] - optimism[:, 0]


def _figures(
    recipe: Recipe, x: FloatArray, y: FloatArray, x_new: FloatArray, y_new: FloatArray, threshold: float
) -> tuple[FloatArray, bool]:
    model = recipe.fit(x[None], y, np.random.default_rng(0))
    if model is None:
        raise AssertionError("both outcomes are there")
    risk = expit(x_new @ model.beta)
    benefit = float(net_benefit(risk, y_new, np.array([threshold]))[0])
    return np.array([area_under_curve(y_new, risk), float(np.mean((y_new - risk) ** 2)), benefit]), model.firth


def _loglik(x: FloatArray, y: FloatArray) -> float:
    scale = np.concatenate([[1.0], x[:, 1:].std(axis=0)])
    if find_separation(x, y, terms=tuple(map(str, range(x.shape[1])))):
        return np.nan
    return maximise(x / scale, y).loglik


def _against(before: tuple[float, int, FloatArray, float], now: tuple[float, Any, FloatArray, Any]) -> dict[str, Any]:
    """Compare a step with the one before: likelihood ratio, and the change of the corrected AUC with its range."""
    df = int(now[1]) - before[1]
    found: dict[str, Any] = {"df": df}
    if np.isfinite(now[0]) and np.isfinite(before[0]):
        ratio = max(0.0, 2.0 * (now[0] - before[0]))
        found |= {"lr": ratio, "p": float(chdtrc(df, ratio))}
    change = now[2] - before[2]
    low, high = np.nanquantile(change, [0.025, 0.975])
    return found | {
        "auc_change": float(now[3]) - before[3],
        "auc_change_low": float(low),
        "auc_change_high": float(high),
    }
