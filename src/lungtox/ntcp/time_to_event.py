"""Fit an NTCP model to when the complication came, with patients who were not followed long enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from lungtox.errors import Fault, FitError, InputError, ParameterError, count_of
from lungtox.ntcp.covariates import Effect
from lungtox.ntcp.fit import make_fit, prepare
from lungtox.ntcp.latency import LATENCY, MEDIAN, SIGMA, TimeToEvent
from lungtox.ntcp.result import NtcpFit
from lungtox.ntcp.searched import fit_by_search

if TYPE_CHECKING:
    import pandas as pd

    from lungtox.dose import Dvh

Floats = NDArray[np.float64]
LATE = 0.95
FREE, EVENT, DIED = 0, 1, 2


@dataclass(frozen=True)
class NtcpTimeFit:
    """A fitted dose response with its latency.

    Attributes
    ----------
    fit : NtcpFit
        Its NTCP is that of ever having the complication; its estimates end with those of the latency, its events are
        the complications that were seen. `ntcp_curve` takes it; `ntcp_bins` and `validate_ntcp` refuse it.
    deaths : int
        Patients who died without the complication, censored at death.
    followed_short : int
        Patients without the complication who were followed for less than `late_d`.
    """

    fit: NtcpFit
    deaths: int
    followed_short: int

    @property
    def time_d(self) -> Floats:
        """Days to the complication or to the end of follow-up, shape (patients,)."""
        likelihood = self.fit.likelihood
        if not isinstance(likelihood, TimeToEvent):
            raise ParameterError("fit must be one of fit_ntcp_time, got one without a latency")
        return likelihood.time_d

    @property
    def had(self) -> NDArray[np.bool_]:
        """Who was seen with the complication, shape (patients,)."""
        found: NDArray[np.bool_] = self.fit.likelihood.sign > 0.0
        return found

    @property
    def median_d(self) -> float:
        """Median latency in days."""
        return float(self.fit.theta[-2])

    @property
    def sigma(self) -> float:
        """Standard deviation of the logarithm of the latency."""
        return float(self.fit.theta[-1])

    @property
    def late_d(self) -> float:
        """Days by which 95 % of the complications have come."""
        return _late_d(self.median_d, self.sigma)

    def share_by(self, time_d: ArrayLike) -> Floats:
        """Give the share of the complications that have come by a time, F(t)."""
        time = np.asarray(time_d, dtype=float)
        if not (time >= 0.0).all():
            raise ParameterError("time_d must be 0 or more days, everywhere")
        with np.errstate(divide="ignore"):
            return np.asarray(ndtr((np.log(time) - np.log(self.median_d)) / self.sigma))

    def incidence(self, dvhs: Sequence[Dvh], time_d: float, covariates: pd.DataFrame | None = None) -> Floats:
        """Give the probability of the complication by a time for each DVH, shape (patients,), had nobody died."""
        return np.asarray(self.fit.predict(dvhs, covariates) * self.share_by(time_d))


def fit_ntcp_time(
    dvhs: Sequence[Dvh],
    time_d: ArrayLike,
    event: ArrayLike,
    *,
    model: str = "lkb",
    covariates: pd.DataFrame | None = None,
    effect: Effect | None = None,
    metric: str = "",
    fixed: Mapping[str, float] | None = None,
    free_n: bool | None = None,
    confidence: float = 0.95,
    intervals: bool = True,
) -> NtcpTimeFit:
    """Fit an NTCP model and a log-normal latency together, by maximum likelihood with censoring (Tucker 2008).

    Parameters
    ----------
    dvhs : sequence of Dvh
        As for `fit_ntcp`.
    time_d : array-like, shape (patients,)
        Days from the start of follow-up to the complication, to death, or to the end of follow-up; above 0.
    event : array-like, shape (patients,)
        1 with the complication; 0 without it at the end of follow-up; 2 dead without it. A death is a competing event
        and is treated as censored: NTCP is the probability had the patient not died of something else, which holds
        where death and complication do not depend on each other given the dose. Not the share of patients who will be
        seen with the complication; for that `lungtox.models.cumulative_incidence`.
    model, covariates, effect, metric, free_n, confidence, intervals
        As for `fit_ntcp`.
    fixed : mapping, optional
        Also ``latency_median_d`` (days) and ``latency_sigma`` (of the logarithm).

    Returns
    -------
    NtcpTimeFit

    Raises
    ------
    FitError
        As `fit_ntcp`; complications that all came on one day.
    InputError
        As `fit_ntcp`; a time that is missing, or not positive.
    ParameterError
        As `fit_ntcp`; events other than 0, 1 and 2.

    Notes
    -----
    P(complication by t) = NTCP(D) F(t), F(t) = Phi(ln(t / median) / sigma), the same latency at every dose. Where
    everybody is followed far beyond the latency, the parameters of the dose are those of `fit_ntcp`.
    """
    times, codes = _check_times(time_d, event, len(dvhs))
    had = codes == EVENT
    given = dict(fixed or {})
    latency = {item.name: float(given.pop(item.name)) for item in LATENCY if item.name in given}
    for item in LATENCY:
        if not item.low <= latency.get(item.name, item.low) <= item.high:
            value = latency[item.name]
            raise ParameterError(f"fixed {item.name} must be between {item.low:g} and {item.high:g}, got {value:g}")
    problem, design = prepare(
        dvhs, had.astype(float), model=model, covariates=covariates, effect=effect, metric=metric, fixed=given,
        free_n=free_n, confidence=confidence, intervals=intervals,
    )  # fmt: skip
    if SIGMA.name not in latency and np.unique(times[had]).size == 1:
        raise FitError(
            f"{count_of(int(had.sum()), 'complication')} on one and the same day: a latency cannot be fitted; fix"
            f" {SIGMA.name}."
        )
    likelihood = TimeToEvent(**vars(problem.likelihood), time_d=times)
    problem = replace(problem, likelihood=likelihood, fixed=problem.fixed | latency)
    solved = fit_by_search(problem)
    if not np.isfinite(solved.loglik):
        raise FitError(f"no point of the {model} model with a latency has all the fixed values {problem.fixed}")
    fit = make_fit(problem, solved, design)
    deaths, late_d = int((codes == DIED).sum()), _late_d(*solved.theta[-2:])
    short = int((times[~had] < late_d).sum())
    told = _time_sentences(solved.theta, times=times, had=had, deaths=deaths, short=short)
    return NtcpTimeFit(replace(fit, warnings=(*fit.warnings, *told)), deaths, short)


def _late_d(median: float, sigma: float) -> float:
    return float(median * np.exp(sigma * ndtri(LATE)))


def _check_times(time_d: ArrayLike, event: ArrayLike, patients: int) -> tuple[Floats, Floats]:
    times, codes = np.asarray(time_d, dtype=float), np.asarray(event, dtype=float)
    for name, values in (("time_d", times), ("event", codes)):
        if values.shape != (patients,):
            raise ParameterError(f"{name} must have one value for each of the {patients} DVHs, got {values.shape}")
    if not np.isin(codes, (FREE, EVENT, DIED)).all():
        raise ParameterError("event must be 0 (none), 1 (complication) or 2 (death without it), for every patient")
    finite = np.isfinite(times)
    missing, early = int((~finite).sum()), int((times[finite] <= 0.0).sum())
    faults = []
    if missing:
        action = "Leave these patients out; their last day of follow-up is needed."
        found = f"none for {count_of(missing, 'patient')}"
        faults.append(Fault("time_d", "a number of days for every patient", found, action, "ntcp-time-missing"))
    if early:
        action = "Count from the start of radiotherapy, or leave patients without follow-up out."
        found = f"0 or less for {count_of(early, 'patient')}"
        faults.append(Fault("time_d", "days above 0", found, action, "ntcp-time-not-positive"))
    if faults:
        raise InputError(faults)
    return times, codes


def _time_sentences(theta: Floats, *, times: Floats, had: NDArray[np.bool_], deaths: int, short: int) -> list[str]:
    median, sigma = theta[-2:]
    told = []
    if deaths:
        told.append(
            f"{count_of(deaths, 'patient')} died without the complication and are censored at death: NTCP is the"
            " probability had nobody died of something else, not the share that will be seen with the complication."
        )
    if short:
        told.append(
            f"{short} of the {count_of(int((~had).sum()), 'patient')} without the complication were followed for less"
            f" than {_late_d(median, sigma):.0f} d, by which 95 % of the complications have come by this fit: how many"
            " more would have come rests on the log-normal latency."
        )
    if median > times.max():
        told.append(
            f"{MEDIAN.name} {median:.0f} d lies beyond the longest follow-up ({times.max():.0f} d): it is an"
            " extrapolation, and so is NTCP."
        )
    return told
