"""Every dose level of the DVHs against pneumonitis: differences of the groups, odds ratios, error control over x."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from lungtox.models.association_schemas import DOSE_LEVELS
from lungtox.models.config import AssociationSettings, DoseLevelSettings
from lungtox.models.logistic import odds_ratio
from lungtox.models.permutation import permute_maximum
from lungtox.models.single_predictor import fit_each
from lungtox.randomness import task_rng

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

FloatArray = npt.NDArray[np.float64]

OUTCOME = "rp"
FEWEST_IN_A_GROUP = 3
FEWEST_PARTLY = 5
"""Patients with a volume at a dose that is neither none nor all: a level with fewer is left out."""
BIN_GY = 0.1
TESTED = ("low_pct", "high_pct", "band_pct", "odds_ratio", "odds_low", "odds_high", "p", "p_adjusted")
_ORDER = {"anatomical": 0, "perfusion": 2}


@dataclass(frozen=True)
class VolumeCurves:
    """Vx of the patients of one structure and weighting.

    Attributes
    ----------
    structure, weighting : str
    rp : ndarray, shape (n,)
        0 or 1.
    volume_pct : ndarray, shape (n, m)
        Percent of the structure with dose >= x.
    """

    structure: str
    weighting: str
    rp: FloatArray
    volume_pct: FloatArray


def compare_dose_levels(
    dvhs: pa.Table, analysis: pd.DataFrame, *, settings: AssociationSettings, rng: np.random.Generator
) -> pd.DataFrame:
    """Compare patients with and without pneumonitis at every dose level of each structure and weighting.

    Parameters
    ----------
    dvhs : pyarrow.Table
        Rows of model_dvhs.parquet; of these those in physical dose.
    analysis : DataFrame
        Columns `patient` and `rp` (0, 1 or missing = neither; these patients are left out).
    settings : AssociationSettings
        `dose_levels`, and `odds_ratio_steps` of percent.
    rng : numpy.random.Generator
        Each structure and weighting draws its own stream: another one more changes nothing.

    Returns
    -------
    DataFrame
        One row for each structure, weighting and dose x: means of Vx in the groups; their difference RP - no RP with
        Welch's 95 % interval at this dose alone and the simultaneous band (in 95 % of permutations no difference is
        beyond `band_pct` at any dose); odds ratio per step of Vx with profile-likelihood interval; p at this dose alone
        and adjusted over the doses of this structure and weighting (`permute_maximum`). A level that is not tested, or
        has no finite odds ratio, says why in `finding`.
    """
    import pandas as pd

    base = int(rng.integers(2**31))
    levels = settings.dose_levels
    doses_gy = dose_levels_gy(levels)
    step_pct = settings.odds_ratio_steps.get("%", 1.0)
    parts = []
    for curves in volume_curves(dvhs, analysis, doses_gy):
        stream = task_rng(base, curves.structure, curves.weighting)
        figures = _compare(curves, permutations=levels.permutations, step_pct=step_pct, rng=stream)
        identity = {"structure": curves.structure, "weighting": curves.weighting, "dose_gy": doses_gy}
        parts.append(pd.DataFrame({**identity, **figures}))
    if not parts:
        return pd.DataFrame(columns=list(DOSE_LEVELS.columns))
    return DOSE_LEVELS.validate(pd.concat(parts, ignore_index=True)[list(DOSE_LEVELS.columns)], lazy=True)


def dose_levels_gy(settings: DoseLevelSettings) -> FloatArray:
    """Give the doses x in Gy, on the 0.1 Gy edges of the table of DVHs."""
    count = int(np.floor((settings.high_gy - settings.low_gy) / settings.step_gy + 1e-6)) + 1
    return np.round(settings.low_gy + settings.step_gy * np.arange(count), 6)


def volume_curves(dvhs: pa.Table, analysis: pd.DataFrame, doses_gy: FloatArray) -> Iterator[VolumeCurves]:
    """Give Vx of the patients with a known outcome, anatomical weightings before functional ones.

    Parameters
    ----------
    dvhs : pyarrow.Table
        Rows of model_dvhs.parquet.
    analysis : DataFrame
        Columns `patient` and `rp`.
    doses_gy : ndarray, shape (m,)
        Multiples of 0.1 Gy, ascending.

    Yields
    ------
    VolumeCurves
    """
    known = analysis.loc[analysis[OUTCOME].notna(), ["patient", OUTCOME]]
    outcome = dict(zip(known["patient"].astype(str), known[OUTCOME].astype(float), strict=True))
    columns = ["patient", "structure", "weighting", "quantity", "dose_gy", "volume_cc"]
    # Categories and not texts: a cohort has some hundred thousand bins.
    frame = dvhs.select(columns).to_pandas().astype({name: "category" for name in columns[:4]})
    named = [str(name) for name in frame["patient"].cat.categories]
    known_codes = [code for code, name in enumerate(named) if name in outcome]
    frame = frame.assign(code=frame["patient"].cat.codes)
    frame = frame[(frame["quantity"] == "physical") & frame["code"].isin(known_codes)]
    groups = {
        (str(key[0]), str(key[1])): rows
        for key, rows in frame.groupby(["structure", "weighting"], sort=False, observed=True)
    }
    edges = np.round(doses_gy / BIN_GY).astype(int)
    for structure, weighting in sorted(groups, key=lambda key: (key[0], _ORDER.get(key[1], 1), key[1])):
        rows = groups[structure, weighting]
        patients, number = np.unique(rows["code"].to_numpy(), return_inverse=True)
        # Number of levels x that a bin lies at or above: it counts for all of them.
        reached = np.searchsorted(edges, np.round(rows["dose_gy"].to_numpy() / BIN_GY).astype(int), side="right")
        volume_cc = np.zeros((len(patients), len(edges) + 1))
        np.add.at(volume_cc, (number, reached), rows["volume_cc"].to_numpy())
        above = volume_cc[:, ::-1].cumsum(axis=1)[:, ::-1]
        share = 100.0 * above[:, 1:] / above[:, :1]
        yield VolumeCurves(structure, weighting, np.array([outcome[named[code]] for code in patients]), share)


def _compare(curves: VolumeCurves, *, permutations: int, step_pct: float, rng: np.random.Generator) -> dict[str, Any]:
    rp, volume = curves.rp, curves.volume_pct
    counts = {"n": len(rp), "n_rp": int(rp.sum()), "n_no_rp": int((1.0 - rp).sum())}
    partly = ((volume > 0.0) & (volume < 100.0)).sum(axis=0)
    means = {name: _mean(volume[rp == value]) for name, value in (("mean_rp_pct", 1.0), ("mean_no_rp_pct", 0.0))}
    figures: dict[str, Any] = {**counts, "partly": partly, **means, "step_pct": step_pct, "permutations": 0}
    figures["difference_pct"] = means["mean_rp_pct"] - means["mean_no_rp_pct"]
    empty = np.full(volume.shape[1], np.nan)
    figures |= {name: empty.copy() for name in TESTED}
    finding = np.full(volume.shape[1], "", dtype=object)
    finding[np.ptp(volume, axis=0) == 0.0] = "the same volume in all patients"
    finding[partly < FEWEST_PARTLY] = f"fewer than {FEWEST_PARTLY} patients with a part of the volume at this dose"
    if min(counts["n_rp"], counts["n_no_rp"]) < FEWEST_IN_A_GROUP:
        finding[:] = f"fewer than {FEWEST_IN_A_GROUP} patients in a group"
    used = finding == ""
    if used.any():
        finding[used] = _test(figures, used, curves, permutations, step_pct, rng)
    return figures | {"finding": finding}


def _test(
    figures: dict[str, Any],
    used: npt.NDArray[np.bool_],
    curves: VolumeCurves,
    permutations: int,
    step_pct: float,
    rng: np.random.Generator,
) -> list[str]:
    """Fill in what is tested at the levels used; give what there is to say of each."""
    volume, rp = curves.volume_pct[:, used], curves.rp
    test = permute_maximum(volume, rp, permutations=permutations, rng=rng)
    figures["p"][used], figures["p_adjusted"][used] = test.p, test.p_adjusted
    figures["permutations"] = test.permutations
    # Difference of the means = statistic x this: the band is the critical statistic in percent of the volume.
    scale = np.sqrt(len(rp) * volume.var(axis=0) / (figures["n_rp"] * figures["n_no_rp"]))
    figures["band_pct"][used] = test.critical * scale
    half = _half_width(volume[rp == 1.0], volume[rp == 0.0])
    figures["low_pct"][used] = figures["difference_pct"][used] - half
    figures["high_pct"][used] = figures["difference_pct"][used] + half
    fits = fit_each(volume, rp)
    for name, values in (("odds_ratio", fits.estimate), ("odds_low", fits.low), ("odds_high", fits.high)):
        figures[name][used] = [odds_ratio(value, step=step_pct) for value in values]
    return ["separated: no finite odds ratio" if separated else "" for separated in fits.separated]


def _half_width(first: FloatArray, second: FloatArray) -> FloatArray:
    """Give half of Welch's 95 % interval of the difference of two means, for every column."""
    variances = [rows.var(axis=0, ddof=1) / len(rows) for rows in (first, second)]
    both = variances[0] + variances[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [own**2 / (len(rows) - 1) for own, rows in zip(variances, (first, second), strict=True)]
        half = stdtrit(both**2 / (parts[0] + parts[1]), 0.975) * np.sqrt(both)
    return np.where(both > 0.0, half, 0.0)


def _mean(rows: FloatArray) -> FloatArray:
    return rows.mean(axis=0) if len(rows) else np.full(rows.shape[1], np.nan)
