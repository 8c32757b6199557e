"""How the functional metrics, and the comparison of fV20 with V20, depend on what was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lungtox.errors import Fault, FitError, InputError
from lungtox.models.discrimination import compare_auc
from lungtox.models.function_schemas import FUNCTION_SWEEP

if TYPE_CHECKING:
    import pandas as pd

OUTCOME = "rp"
V20, MEAN = "V20Gy[%]", "Mean[Gy]"
SETTING = ["change", "weighting", "direction", "shift_mm"]
METRICS = {"fv20_pct": V20, "fmld_gy": MEAN, "mpwld_gy": MEAN}
_KEYS = ["change", "region", "direction", "shift_mm"]


def compare_sweep(sweep: pd.DataFrame, table: pd.DataFrame, *, region: str) -> pd.DataFrame:
    """Summarise the sweep over the patients, and compare fV20 with V20 under every setting.

    Parameters
    ----------
    sweep : DataFrame
        Of `lungtox.dose.gather_sweep`.
    table : DataFrame
        The analysis table: its patients are those that count, `rp` is the outcome.
    region : str
        The functional region that the analysis uses, such as ``40%max``: changes count from it.

    Returns
    -------
    DataFrame
        One row for each setting, one change at a time: the region as it is first, then thresholds and reference values,
        shifts, attenuation. For fV20, fMLD and MPWLD (which has no threshold): n, mean, and median, 5th and 95th
        percentile of the patients' change. AUC of fV20 and of V20 on the patients with both and a known outcome, larger
        meaning more risk, and their paired DeLong comparison; empty where it cannot be made, as `finding` says. No
        patients, no rows.

    Raises
    ------
    InputError
        A sweep without the region.
    """
    import pandas as pd

    rows = sweep[sweep["patient"].isin(table["patient"])].fillna({"direction": ""})
    if rows.empty:
        return pd.DataFrame(columns=list(FUNCTION_SWEEP.columns))
    values = rows.pivot(index="patient", columns=[*SETTING, "metric"], values="value")
    base = ("region", f"functional:{region}", "", 0.0)
    if (*base, V20) not in values:
        found = ", ".join(sorted({str(name) for name in rows["weighting"]}))
        action = "Remove results/dose and run again."
        raise InputError(Fault("sweep", f"the region {region}", found, action, "sweep-region"))
    settings = [tuple(key) for key in rows[SETTING].drop_duplicates().itertuples(index=False)]
    functional = [key for key in settings if str(key[1]).startswith("functional:")]
    ordered = [base, *(key for key in functional if key != base)]
    outcome = table.set_index("patient")[OUTCOME].reindex(values.index)
    v20 = values[("none", "anatomical", "", 0.0, V20)]
    found_rows = []
    for key in ordered:
        moved = key[0] != "region"
        own = {
            "fv20_pct": values[(*key, V20)],
            "fmld_gy": values[(*key, MEAN)],
            # Threshold and reference value are no matter of weighting: it is shown where the image changes.
            "mpwld_gy": values[(key[0], "perfusion", *key[2:], MEAN)] if moved or key == base else None,
        }
        still = {
            "fv20_pct": values[(*base, V20)],
            "fmld_gy": values[(*base, MEAN)],
            "mpwld_gy": values[("region", "perfusion", "", 0.0, MEAN)],
        }
        head = dict(zip(_KEYS, (key[0], str(key[1]).removeprefix("functional:"), *key[2:]), strict=True))
        parts = [_movement(name, series, still[name]) for name, series in own.items()]
        found_rows.append(
            {**head, "is_base": key == base, **{k: v for part in parts for k, v in part.items()},
             **_comparison(outcome, own["fv20_pct"], v20)}
        )  # fmt: skip
    return FUNCTION_SWEEP.validate(pd.DataFrame(found_rows)[list(FUNCTION_SWEEP.columns)], lazy=True)


def _movement(name: str, own: pd.Series | None, still: pd.Series) -> dict[str, float]:
    """Give mean and change against the region as it is, over the patients who have both."""
    both = np.zeros(0) if own is None else (own.notna() & still.notna()).to_numpy()
    if own is None or not both.any():
        return {f"{name}_n": 0, **{f"{name}_{figure}": np.nan for figure in ("mean", "change", "low", "high")}}
    change = (own - still).to_numpy()[both]
    low, middle, high = np.percentile(change, [5, 50, 95])
    return {
        f"{name}_n": int(both.sum()),
        f"{name}_mean": float(own.to_numpy()[both].mean()),
        f"{name}_change": float(middle),
        f"{name}_low": float(low),
        f"{name}_high": float(high),
    }


def _comparison(outcome: pd.Series, fv20: pd.Series, v20: pd.Series) -> dict[str, object]:
    use = (outcome.notna() & fv20.notna() & v20.notna()).to_numpy()
    y, a, b = (series.to_numpy(dtype=np.float64)[use] for series in (outcome, fv20, v20))
    counts = {"n": int(use.sum()), "events": int(y.sum())}
    names = ("auc_fv20", "auc_v20", "difference", "low", "high", "p")
    try:
        pair = compare_auc(y, a, b)
    except FitError as error:
        return {**counts, **dict.fromkeys(names, np.nan), "finding": str(error)}
    values = (pair.auc_a, pair.auc_b, pair.difference, pair.low, pair.high, pair.p)
    return {**counts, **dict(zip(names, values, strict=True)), "finding": ""}
