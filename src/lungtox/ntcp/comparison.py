"""Descriptions of the dose side by side, to see which one a dose-response model of this cohort should use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from lungtox.errors import Fault, FitError, InputError
from lungtox.models import calibrate_many, discriminate_many
from lungtox.ntcp.cohort_dvhs import Identity, read_selected_dvhs
from lungtox.ntcp.comparison_config import ComparisonSettings
from lungtox.ntcp.comparison_models import DescribedModel, Refits, fit_described, refit, resample
from lungtox.ntcp.criteria import akaike_weights
from lungtox.ntcp.matrix import DoseMatrix, dose_matrix
from lungtox.ntcp.schemas import COMPARISON, COMPARISON_PROFILE

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
MEASURES = ("auc", "slope", "citl", "net_benefit")
COMPARED = ("auc", "net_benefit")
SEPARATED = "separated: Firth's penalty for the predictions, no AIC"


@dataclass(frozen=True)
class Comparison:
    """What the rule `compare_ntcp` writes (docs/file-contracts.md).

    Attributes
    ----------
    models : DataFrame
        One row for each model.
    profile : DataFrame
        Profile likelihood of the volume parameter of each gEUD.
    """

    models: pd.DataFrame
    profile: pd.DataFrame


def compare_ntcp(
    dvh: str | Path,
    *,
    cohort: pd.DataFrame,
    settings: ComparisonSettings,
    resamples: int,
    rng: np.random.Generator,
    dictionary: pd.DataFrame | None = None,
) -> Comparison:
    """Compare descriptions of the dose on the patients who have all of them.

    Parameters
    ----------
    dvh : path of model_dvhs.parquet
    cohort : DataFrame
        The analysis table: ``patient``, ``rp`` and the columns of the settings.
    settings : ComparisonSettings
    resamples : int
        Of the optimism bootstrap; every model sees the same ones.
    rng : numpy.random.Generator
    dictionary : DataFrame, optional

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        A column that does not exist, a DVH that nobody has.
    """
    identities = list(dict.fromkeys(dose.identity for dose in settings.doses if dose.identity is not None))
    found = dict(zip(identities, read_selected_dvhs(dvh, *identities), strict=True)) if identities else {}
    faults = [
        Fault("config: ntcp.compare", f"DVHs of {', '.join(identity)}", "none", "Check doses.", "ntcp-no-dvh")
        for identity, dvhs in found.items()
        if not dvhs
    ]
    faults += [
        Fault("config: ntcp.compare", f"a column {name} of the analysis table", "none", "Check it.", "missing-column")
        for name in settings.columns
        if name not in cohort
    ]
    if faults:
        raise InputError(faults)
    complete = cohort[["rp", *settings.columns]].notna().all(axis=1)
    for dvhs in found.values():
        complete &= cohort["patient"].isin(list(dvhs))
    table = cohort.loc[complete].reset_index(drop=True)
    matrices = {
        identity: dose_matrix([dvhs[patient] for patient in table["patient"]])
        for identity, dvhs in found.items()
        if len(table)
    }
    return compare_descriptions(table, matrices, settings=settings, resamples=resamples, rng=rng, dictionary=dictionary)


def compare_descriptions(
    table: pd.DataFrame,
    matrices: Mapping[Identity, DoseMatrix],
    *,
    settings: ComparisonSettings,
    resamples: int,
    rng: np.random.Generator,
    dictionary: pd.DataFrame | None = None,
) -> Comparison:
    """Do the work of `compare_ntcp` on complete patients and their DVHs, in the same order."""
    import pandas as pd

    rows: list[dict[str, Any]] = []
    fitted: dict[str, DescribedModel] = {}
    for name, dose, added in settings.models():
        row: dict[str, Any] = {
            "model": name, "dose": dose.name, "added": ", ".join(added), "n": len(table),
            "events": int((table["rp"] == 1).sum()), "parameters": 0, "reference": name == settings.reference,
            "threshold": settings.threshold, "resamples": 0, "confidence": settings.confidence, "finding": "",
        }  # fmt: skip
        rows.append(row)
        try:
            fitted[name] = fit_described(
                table, dose=dose.column if dose.column is not None else matrices[_identity(dose.identity)], added=added,
                dictionary=dictionary, transforms=settings.transforms, confidence=settings.confidence,
            )  # fmt: skip
        except (FitError, KeyError) as error:
            row["finding"] = str(error) if isinstance(error, FitError) else "no patient has everything that is needed"
    for row in rows:
        if row["model"] in fitted:
            row |= _figures(fitted[row["model"]])
    _add_weights(rows)
    if fitted:
        _add_resampled(rows, fitted, settings, resamples=resamples, rng=rng)
    models = pd.DataFrame(rows, columns=list(COMPARISON.columns))
    return Comparison(
        COMPARISON.validate(models, lazy=True), COMPARISON_PROFILE.validate(_profiles(fitted, settings.confidence))
    )


def _identity(found: Identity | None) -> Identity:
    if found is None:
        raise AssertionError("a dose has a column or a structure")
    return found


def _figures(model: DescribedModel) -> dict[str, Any]:
    found: dict[str, Any] = {
        "parameters": model.parameters,
        "loglik": model.loglik,
        "aic": 2.0 * model.parameters - 2.0 * model.loglik,
        "finding": SEPARATED if model.firth else "",
    }
    if model.volume is not None:
        found |= {"n_volume": model.volume.n, "n_low": model.volume.low, "n_high": model.volume.high}
        if model.volume.at_boundary:
            found["finding"] = f"n at its boundary {model.volume.n:g}"
    return found


def _add_weights(rows: Sequence[dict[str, Any]]) -> None:
    """Add AIC differences and Akaike weights of the models that have an AIC."""
    known = [row for row in rows if np.isfinite(row.get("aic", np.nan))]
    if known:
        difference, weight = akaike_weights([row["aic"] for row in known])
        for row, one, two in zip(known, difference, weight, strict=True):
            row |= {"aic_difference": one, "aic_weight": two}


def _add_resampled(
    rows: Sequence[dict[str, Any]],
    fitted: Mapping[str, DescribedModel],
    settings: ComparisonSettings,
    *,
    resamples: int,
    rng: np.random.Generator,
) -> None:
    """Add apparent and corrected performance, and the differences from the reference on the same resamples."""
    y = next(iter(fitted.values())).y
    draws, weights = resample(y, resamples, rng)
    tail = 0.5 * (1.0 - settings.confidence)
    corrected: dict[str, Floats] = {}
    for row in rows:
        model = fitted.get(row["model"])
        if model is None:
            continue
        apparent = _measure(model.eta[None], y, settings.threshold)[0]
        corrected[row["model"]] = apparent - _optimism(model, refit(model, draws, weights), draws, settings.threshold)
        values = corrected[row["model"]]
        row |= {f"{name}_apparent": apparent[MEASURES.index(name)] for name in COMPARED}
        row |= {f"{name}_corrected": value for name, value in zip(MEASURES, _middles(values), strict=True)}
        low, high = np.quantile(values[:, 0], [tail, 1.0 - tail])
        rate = float(y.mean())
        row |= {
            "auc_low": low,
            "auc_high": high,
            "net_benefit_all": rate - (1.0 - rate) * settings.threshold / (1.0 - settings.threshold),
            "resamples": len(draws),
        }
    against = corrected.get(settings.reference)
    for row in rows:
        if against is None or row["model"] not in corrected:
            continue
        change = corrected[row["model"]] - against
        for name in COMPARED:
            values = change[:, MEASURES.index(name)]
            low, high = np.quantile(values, [tail, 1.0 - tail])
            row |= {
                f"{name}_difference": values.mean(),
                f"{name}_difference_low": low,
                f"{name}_difference_high": high,
            }


def _middles(values: Floats) -> Floats:
    """Give the mean of each column; of the slope the median, since a refit that is nearly flat has one of any size."""
    found = values.mean(axis=0)
    slopes = values[:, MEASURES.index("slope")]
    known = slopes[np.isfinite(slopes)]
    found[MEASURES.index("slope")] = np.median(known) if known.size else np.nan
    return np.asarray(found)


def _measure(etas: Floats, y: Floats, threshold: float) -> Floats:
    """Give the measures of rows of linear predictors, shape (b, 4)."""
    shown, calibrated = discriminate_many(etas, y, threshold=threshold), calibrate_many(etas, y)
    return np.column_stack([shown[:, 0], calibrated, shown[:, 1]])


def _optimism(model: DescribedModel, refits: Refits, draws: NDArray[np.int64], threshold: float) -> Floats:
    """Give performance of each refit on its own resample minus that on the original patients, shape (b, 4)."""
    own_etas, own_y = np.take_along_axis(refits.etas, draws, axis=1), model.y[draws]
    shown = discriminate_many(own_etas, own_y, threshold=threshold)
    own = np.column_stack([shown[:, 0], np.ones(len(draws)), np.zeros(len(draws)), shown[:, 1]])
    for b in np.flatnonzero(~refits.exact):
        own[b, 1:3] = calibrate_many(own_etas[b : b + 1], own_y[b])[0]
    return own - _measure(refits.etas, model.y, threshold)


def _profiles(fitted: Mapping[str, DescribedModel], confidence: float) -> pd.DataFrame:
    import pandas as pd

    interval_ends = 0.5 * float(chdtri(1.0, 1.0 - confidence))

    parts = [
        pd.DataFrame(
            {
                "model": name, "n_volume": model.volume.grid_n, "a": 1.0 / model.volume.grid_n,
                "loglik": model.volume.grid_loglik, "below_best": model.volume.loglik - model.volume.grid_loglik,
                "interval_ends": interval_ends, "confidence": confidence,
            }
        )
        for name, model in fitted.items()
        if model.volume is not None
    ]  # fmt: skip
    columns = list(COMPARISON_PROFILE.columns)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
