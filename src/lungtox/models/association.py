"""Each factor alone against the outcome: test, odds ratio, q value within its family."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lungtox.errors import Fault, FitError, InputError
from lungtox.models.association_schemas import UNIVARIABLE
from lungtox.models.config import AssociationSettings
from lungtox.models.contingency import compare_levels
from lungtox.models.design import declared_levels, is_categorical, observed_levels
from lungtox.models.labels import column_kind, column_label, column_unit, step_text
from lungtox.models.logistic import fit_logistic, odds_ratio
from lungtox.models.multiplicity import benjamini_hochberg
from lungtox.models.rank_tests import mann_whitney

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

OUTCOME = "rp"
HODGES_LEHMANN, MEANS = "RP - no RP (Hodges-Lehmann)", "RP - no RP (means)"


@dataclass(frozen=True)
class _Factor:
    """One factor with the patients who have it and an outcome."""

    name: str
    rows: pd.DataFrame
    reference_first: tuple[str, ...]

    @property
    def rp(self) -> npt.NDArray[np.bool_]:
        return np.asarray(self.rows[OUTCOME].to_numpy(dtype=np.float64) == 1.0, dtype=np.bool_)

    @property
    def values(self) -> pd.Series:
        return self.rows[self.name]


@dataclass(frozen=True)
class _Effect:
    name: str
    ratio: float
    low: float
    high: float


def test_associations(
    table: pd.DataFrame, *, dictionary: pd.DataFrame | None = None, settings: AssociationSettings
) -> pd.DataFrame:
    """Test each factor of the declared families against pneumonitis.

    Parameters
    ----------
    table : DataFrame
        The analysis table, with `rp` (0, 1 or missing).
    dictionary : DataFrame, optional
        Gives kind, label, unit and levels of each column.
    settings : AssociationSettings

    Returns
    -------
    DataFrame
        One row per factor, for more than two levels one per level against the reference. p is of the declared test
        and the same on all rows of a factor; q is its Benjamini-Hochberg adjustment within the family, where each
        factor counts once. `effect` is the odds ratio of a univariable logistic model with its profile-likelihood
        interval, by Firth's penalty (said in `effect_name`) where the outcome is separated.

    Raises
    ------
    InputError
        A factor is not a column of the table (all are listed).
    """
    import pandas as pd

    _require_factors(table, settings)
    parts = []
    for family, factors in settings.families.items():
        rows, p_values = [], []
        for name in factors:
            factor_rows, p = _one_factor(table, name, family, dictionary, settings)
            rows.append(factor_rows)
            p_values.append(p)
        for factor_rows, q in zip(rows, benjamini_hochberg(p_values), strict=True):
            parts += [row | {"q": float(q)} for row in factor_rows]
    return UNIVARIABLE.validate(pd.DataFrame(parts, columns=list(UNIVARIABLE.columns)), lazy=True)


def _require_factors(table: pd.DataFrame, settings: AssociationSettings) -> None:
    faults = [
        Fault(f"config: association.families.{family}", "columns of the analysis table", name, "Correct the name.")
        for family, factors in settings.families.items()
        for name in factors
        if name not in table
    ]
    if faults:
        raise InputError(faults)


def _one_factor(
    table: pd.DataFrame, name: str, family: str, dictionary: pd.DataFrame | None, settings: AssociationSettings
) -> tuple[list[dict[str, object]], float]:
    """Give the rows of one factor, without q, and the p value of its test."""
    rows = table[[OUTCOME, name]].dropna()
    categorical = column_kind(name, dictionary) in ("binary", "categorical") or is_categorical(table[name])
    if categorical:
        rows = rows.assign(**{name: as_levels(rows[name])})
    levels = observed_levels(rows[name], declared_levels(dictionary, name)) if categorical else ()
    factor = _Factor(name, rows, levels)
    p, test = _test(factor, categorical, settings)
    common: dict[str, object] = {
        "factor": name,
        "label": column_label(name, dictionary),
        "family": family,
        "kind": ("binary" if len(levels) == 2 else "categorical") if categorical else "continuous",
        "n": len(rows),
        "n_rp": int(factor.rp.sum()),
        "n_no_rp": int((~factor.rp).sum()),
        "p": p,
        "test": test,
    }
    if categorical:
        return _level_rows(factor, common, dictionary), p
    return [_continuous_row(factor, common, dictionary, settings)], p


def as_levels(values: pd.Series) -> pd.Series:
    """Turn codes into text; 1.0 (a whole number that went through a CSV with gaps) becomes 1."""
    if is_categorical(values):
        return values.astype(str)
    return values.map(lambda code: f"{code:g}" if not isinstance(code, bool) else str(code))


def _test(factor: _Factor, categorical: bool, settings: AssociationSettings) -> tuple[float, str]:
    if categorical:
        text = factor.values.to_numpy(dtype=str)
        counts = [
            [int(((text == level) & ~factor.rp).sum()), int(((text == level) & factor.rp).sum())]
            for level in factor.reference_first
        ]
        return compare_levels(np.array(counts, dtype=np.int64).reshape(-1, 2), test=settings.categorical_test)
    values = factor.values.to_numpy(dtype=np.float64)
    if settings.continuous_test == "welch":
        return _welch(values[factor.rp], values[~factor.rp])
    result = mann_whitney(values[factor.rp], values[~factor.rp])
    return result.p, result.name


def _welch(a: FloatArray, b: FloatArray) -> tuple[float, str]:
    from scipy.stats import ttest_ind

    if min(len(a), len(b)) < 2:
        return math.nan, "not tested: fewer than 2 patients in a group"
    if np.ptp(a) == 0.0 and np.ptp(b) == 0.0:
        return math.nan, "not tested: no spread within the groups"
    return float(ttest_ind(a, b, equal_var=False).pvalue), "Welch t"


def _continuous_row(
    factor: _Factor, common: dict[str, object], dictionary: pd.DataFrame | None, settings: AssociationSettings
) -> dict[str, object]:
    unit = column_unit(factor.name, dictionary)
    step = settings.odds_ratio_steps.get(unit, 1.0)
    effect = _effects(factor, dictionary, step).get(factor.name)
    summary = _mean_and_sd if settings.continuous_test == "welch" else _median_and_quartiles
    values = factor.values.to_numpy(dtype=np.float64)
    a, b = values[factor.rp], values[~factor.rp]
    groups = {"rp_summary": summary(a), "no_rp_summary": summary(b)} | _difference(a, b, settings)
    return common | groups | {"level": None, "unit": step_text(step, unit)} | _effect_cells(effect)


def _difference(a: FloatArray, b: FloatArray, settings: AssociationSettings) -> dict[str, object]:
    """Give the difference that belongs to the test, RP - no RP, with its 95 % interval."""
    if settings.continuous_test == "mann-whitney":
        shift = mann_whitney(a, b)
        name, found, low, high = HODGES_LEHMANN, shift.shift, shift.low, shift.high
    else:
        from scipy.stats import ttest_ind

        name, found, low, high = MEANS, math.nan, math.nan, math.nan
        if min(len(a), len(b)) > 1 and (np.ptp(a) > 0.0 or np.ptp(b) > 0.0):
            interval = ttest_ind(a, b, equal_var=False).confidence_interval()
            found, low, high = float(a.mean() - b.mean()), float(interval.low), float(interval.high)
    return {"difference_name": name, "difference": found, "difference_low": low, "difference_high": high}


def _level_rows(factor: _Factor, common: dict[str, object], dictionary: pd.DataFrame | None) -> list[dict[str, object]]:
    effects = _effects(factor, dictionary, 1.0)
    text = factor.values.to_numpy(dtype=str)
    levels = factor.reference_first
    rows: list[dict[str, object]] = []
    for level in levels[1:] or levels[:1] or (None,):
        has_level = text == level
        rows.append(
            common
            | {
                "level": level,
                "rp_summary": _share(has_level[factor.rp]),
                "no_rp_summary": _share(has_level[~factor.rp]),
                "unit": f"{level} v {levels[0]}" if len(levels) > 1 else None,
            }
            | _effect_cells(effects.get(f"{factor.name}[{level}]", effects.get("")))
        )
    return rows


def _effects(factor: _Factor, dictionary: pd.DataFrame | None, step: float) -> dict[str, _Effect]:
    """Give the odds ratio of each term; under the factor's name or "" the finding where there is none."""
    try:
        fit = fit_logistic(factor.rows, outcome=OUTCOME, predictors=[factor.name], dictionary=dictionary)
    except FitError as error:
        name = str(error).partition(":")[0]
        finding = _Effect(f"no odds ratio: {name}", math.nan, math.nan, math.nan)
        return {factor.name: finding, "": finding}
    name = "odds ratio (Firth)" if fit.penalty == "firth" else "odds ratio"
    return {
        str(row["term"]): _Effect(
            name,
            odds_ratio(float(row["estimate"]), step=step),
            odds_ratio(float(row["low"]), step=step),
            odds_ratio(float(row["high"]), step=step),
        )
        for row in fit.estimates.to_dict(orient="records")
    }


def _effect_cells(effect: _Effect | None) -> dict[str, object]:
    if effect is None:
        return {}
    return {"effect_name": effect.name, "effect": effect.ratio, "low": effect.low, "high": effect.high}


def _median_and_quartiles(values: FloatArray) -> str:
    if not len(values):
        return ""
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75])
    return f"{_short(median)} ({_short(q1)} to {_short(q3)})"


def _mean_and_sd(values: FloatArray) -> str:
    if len(values) < 2:
        return ""
    return f"{_short(values.mean())} ± {_short(values.std(ddof=1))}"


def _share(has_level: npt.NDArray[np.bool_]) -> str:
    if not len(has_level):
        return ""
    return f"{int(has_level.sum())} of {len(has_level)} ({100.0 * has_level.mean():.1f} %)"


def _short(number: float) -> str:
    """Print about three significant digits without an exponent."""
    size = abs(number)
    return f"{number:.{0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3}f}"
