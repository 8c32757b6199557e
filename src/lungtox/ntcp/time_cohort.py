"""Times of the analysed cohort for a fit with a latency, and the tables of such a fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from lungtox.errors import Fault, InputError, ParameterError, count_of
from lungtox.ntcp.time_to_event import DIED, EVENT, FREE, NtcpTimeFit

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
DAYS_PER_MONTH = 365.25 / 12
CODES = {"yes": EVENT, "no": FREE, "censored": FREE, "competing": DIED}
FIRST_DAY = "rt_start_date"
STEPS = 200  # of the days at which the course is written


def with_times(cohort: pd.DataFrame, *, start: str, who: str) -> pd.DataFrame:
    """Add ``time_d`` and ``event`` to the analysis table.

    Parameters
    ----------
    cohort : DataFrame
        With ``rp_status``, ``time_months``, ``rt_start_date``, ``rp_date`` and the date of ``start``.
    start : {"rt_start", "rt_end"}
        Where the window of the endpoint starts.
    who : str
        Place in the config.

    Returns
    -------
    DataFrame
        ``time_d``: days from the first day of radiotherapy to pneumonitis, death or the end of follow-up, at most to
        the end of the window; missing where a date is. ``event``: 1 with pneumonitis, 2 dead without it, else 0.

    Raises
    ------
    InputError
        The table lacks a column.

    Notes
    -----
    The window counts pneumonitis during radiotherapy as coming at time 0, which no latency can have; from the first
    day of radiotherapy it has a day of its own.
    """
    import pandas as pd

    wanted = dict.fromkeys(("rp_status", "time_months", FIRST_DAY, f"{start}_date", "rp_date"))
    absent = [name for name in wanted if name not in cohort]
    if absent:
        action = "Leave `time` out of this fit, or give the clinical table these columns."
        found = f"no {', '.join(absent)}"
        raise InputError(Fault(f"config: {who}.time", "dates and times in the analysis table", found, action))
    first, window, seen = (pd.to_datetime(cohort[name]) for name in (FIRST_DAY, f"{start}_date", "rp_date"))
    event = cohort["rp_status"].map(CODES)
    followed = (window - first).dt.days + cohort["time_months"].astype(float) * DAYS_PER_MONTH
    days = np.where(event == EVENT, (seen - first).dt.days, followed)
    return cohort.assign(time_d=days.astype(float), event=event.astype("Int64"))


def without_time(table: pd.DataFrame) -> pd.Series:
    """Tell who has no time above 0; such a patient says nothing about when pneumonitis comes."""
    usable = table["event"].notna() & (table["time_d"] > 0.0)
    return ~usable


def course_table(timed: NtcpTimeFit) -> pd.DataFrame:
    """Give the latency by the fit, and predicted and observed incidence, day by day.

    Returns
    -------
    DataFrame
        ``time_d, share, share_low, share_high, predicted, observed, observed_low, observed_high, at_risk``: share of
        the complications that have come, with a pointwise interval by the normal approximation; mean predicted
        incidence; 1 - Kaplan-Meier, deaths censored as in the fit, with a 95 % interval.
    """
    import pandas as pd

    from lungtox.models import cumulative_incidence  # loads scipy.stats

    time, had = timed.time_d, timed.had
    step = max(1, int(np.ceil(time.max() / STEPS)))
    days = np.arange(0.0, time.max() + step, step)
    observed = cumulative_incidence(time, had.astype(int), causes=1)
    share = timed.share_by(days)
    low, high = _share_limits(timed, days)
    seen = np.array([observed.at(day) for day in days])
    return pd.DataFrame(
        {
            "time_d": days, "share": share, "share_low": low, "share_high": high,
            "predicted": float(timed.fit.fitted.mean()) * share,
            "observed": seen[:, 0], "observed_low": seen[:, 1], "observed_high": seen[:, 2],
            "at_risk": (time >= days[:, np.newaxis]).sum(axis=1),
        }
    )  # fmt: skip


def time_content(timed: NtcpTimeFit, statuses: Sequence[str]) -> dict[str, Any]:
    """Give the entry ``time`` of fit.json; statuses as `rp_status`, of the patients of the fit."""
    from lungtox.models import cumulative_incidence

    end = float(timed.time_d.max())
    observed = cumulative_incidence(timed.time_d, timed.had.astype(int), causes=1).at(end)
    return {
        "counted_from": "rt_start",
        "deaths": timed.deaths,
        "lost": sum(status == "censored" for status in statuses),
        "followed_short": timed.followed_short,
        "late_d": timed.late_d,
        "longest_d": end,
        "predicted": float((timed.fit.fitted * timed.share_by(end)).mean()),
        "observed": observed[0],
        "observed_low": observed[1],
        "observed_high": observed[2],
        "concordance": concordance(timed.fit.fitted, timed.time_d, timed.had),
    }


def lost_sentence(statuses: Sequence[str]) -> list[str]:
    """Say how many without a known outcome this fit uses."""
    unknown = sum(status in ("censored", "competing") for status in statuses)
    if not unknown:
        return []
    return [f"{count_of(unknown, 'patient')} whose outcome is not known count for as long as they were seen."]


def concordance(risk: Floats, time_d: Floats, had: NDArray[np.bool_]) -> float:
    """Give Harrell's C: how often, of two patients, the one with the complication first has the larger risk.

    Parameters
    ----------
    risk, time_d : ndarray, shape (patients,)
    had : ndarray of bool, shape (patients,)

    Returns
    -------
    float
        Missing where no two patients can be compared. Ties of the risk count half.

    Notes
    -----
    Harrell et al. 1982. A patient without the complication can be compared with those whose complication came before
    the end of his follow-up, or on that day.
    """
    better = pairs = 0.0
    for index in np.flatnonzero(had):
        later = (time_d > time_d[index]) | ((time_d == time_d[index]) & ~had)
        pairs += float(later.sum())
        better += float((risk[later] < risk[index]).sum()) + 0.5 * float((risk[later] == risk[index]).sum())
    return better / pairs if pairs else float("nan")


def _share_limits(timed: NtcpTimeFit, days: Floats) -> tuple[Floats, Floats]:
    if timed.fit.general is None:
        raise ParameterError("fit must be one of fit_ntcp_time: the exact search knows no latency")
    # In the coordinates of the search, logarithms of median and sigma.
    covariance = timed.fit.general.covariance()[-2:, -2:]
    with np.errstate(divide="ignore"):
        z = (np.log(days) - np.log(timed.median_d)) / timed.sigma
    known = np.isfinite(z)
    slopes = np.column_stack([np.full(days.size, -1.0 / timed.sigma), np.where(known, -z, 0.0)])
    half = float(ndtri(0.5 * (1.0 + timed.fit.confidence))) * np.sqrt(
        np.maximum(np.einsum("di,ij,dj->d", slopes, covariance, slopes), 0.0)
    )
    return np.asarray(ndtr(z - half)), np.asarray(ndtr(z + half))
