"""Coverage study without DICOM: cohorts drawn from a population, fitted as the workflow fits them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import beta

from lungtox.cohort import EndpointSettings, derive_endpoint
from lungtox.dose import Dvh
from lungtox.errors import FitError
from lungtox.models import fit_logistic
from lungtox.ntcp import fit_ntcp
from lungtox.synthetic.clinical import simulate_cohort
from lungtox.synthetic.population import Population
from lungtox.synthetic.truth import TRUTH
from lungtox.synthetic.workers import worker_processes

if TYPE_CHECKING:
    import pandas as pd

PREDICTORS = ("fmld_gy", "age_y", "lung_disease", "smoking")
CLINICAL_TERMS = {
    "Intercept": "intercept",
    "fmld_gy": "fmld_per_gy",
    "age_y": "age_per_year",
    "lung_disease[yes]": "lung_disease",
    "smoking[former]": "smoking_former",
    "smoking[current]": "smoking_current",
}
NTCP_MODELS = {"lkb_mean_dose": ("lkb", {"n": 1.0}), "logistic_mean_dose": ("logistic", {"n": 1.0})}
GOAL_PCT = (93.0, 97.0)


@dataclass(frozen=True)
class Interval:
    """One parameter of one fit; an open limit is infinite."""

    model: str
    parameter: str
    estimate: float
    low: float
    high: float


@dataclass(frozen=True)
class Replicate:
    """One simulated cohort: its seed, its counts and the intervals found; ``failures`` names fits that failed."""

    seed: int
    events: int
    binary: int
    with_spect: int
    intervals: tuple[Interval, ...]
    failures: tuple[str, ...]


@dataclass(frozen=True)
class Coverage:
    """How often the interval of one parameter holds its true value, with an exact 95 % Monte Carlo interval."""

    model: str
    parameter: str
    truth: float
    replicates: int
    covered: int
    mean_estimate: float
    median_estimate: float

    @property
    def percent(self) -> float:
        """Share of the intervals that hold the truth, in percent."""
        return 100.0 * self.covered / self.replicates

    @property
    def monte_carlo(self) -> tuple[float, float]:
        """Clopper-Pearson limits of the share, in percent."""
        k, n = self.covered, self.replicates
        low = 0.0 if k == 0 else float(beta.ppf(0.025, k, n - k + 1))
        high = 1.0 if k == n else float(beta.ppf(0.975, k + 1, n - k))
        return 100.0 * low, 100.0 * high

    @property
    def verdict(self) -> str:
        """Place of the share against the goal, and whether its Monte Carlo interval agrees."""
        (low, high), (least, most) = self.monte_carlo, GOAL_PCT
        if least <= self.percent <= most:
            return "inside" if least <= low and high <= most else "inside, Monte Carlo interval reaches out"
        return "outside" if high < least or low > most else "outside, Monte Carlo interval reaches in"


def simulate_replicate(seed: int, *, population: Population, patients: int) -> Replicate:
    """Draw one cohort from the population and fit the generating model and the two dose-only models.

    Parameters
    ----------
    seed : int
        Of the choice of patients, their factors and outcomes.
    population : Population
        Patients are drawn from it without replacement; factors and outcome are drawn anew.
    patients : int
    """
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.choice(len(population), size=patients, replace=False))
    table = _cohort_table(rng, chosen, population)
    known = table[table["rp"].notna()]
    intervals: list[Interval] = []
    failures: list[str] = []
    try:
        fit = fit_logistic(known, outcome="rp", predictors=PREDICTORS, penalty="none")
        for row in fit.estimates.to_dict("records"):
            name = CLINICAL_TERMS[row["term"]]
            low, high = _limit(row["low"], -1), _limit(row["high"], 1)
            intervals.append(Interval("functional_clinical", name, row["estimate"], low, high))
        if fit.separation:
            failures.append("functional_clinical: separation, Firth used")
    except FitError as error:
        failures.append(f"functional_clinical: {error}")
    dvhs = [_uniform(dose) for dose in known["mld_gy"]]
    for name, (model, fixed) in NTCP_MODELS.items():
        try:
            found = fit_ntcp(dvhs, known["rp"].to_numpy(dtype="int64"), model=model, fixed=fixed)
        except FitError as error:
            failures.append(f"{name}: {error}")
            continue
        for item in found.estimates:
            if not item.fixed:
                estimate = np.nan if item.estimate is None else item.estimate
                intervals.append(Interval(name, item.parameter, estimate, _limit(item.low, -1), _limit(item.high, 1)))
    return Replicate(
        seed=seed,
        events=int(known["rp"].sum()),
        binary=len(known),
        with_spect=int(known["fmld_gy"].notna().sum()),
        intervals=tuple(intervals),
        failures=tuple(failures),
    )


def true_values(marginal: dict[str, Any]) -> dict[tuple[str, str], float]:
    """Give the true value of every parameter that a replicate estimates."""
    truth = {("functional_clinical", name): value for name, value in TRUTH.terms().items()}
    for model in NTCP_MODELS:
        truth |= {(model, name): entry["value"] for name, entry in marginal[model].items()}
    return truth


def measure_coverage(replicates: Sequence[Replicate], truth: dict[tuple[str, str], float]) -> list[Coverage]:
    """Count for each parameter how many intervals hold its true value."""
    found = []
    for (model, parameter), value in truth.items():
        rows = [
            item for one in replicates for item in one.intervals if (item.model, item.parameter) == (model, parameter)
        ]
        if rows:
            estimates = np.array([row.estimate for row in rows])
            found.append(
                Coverage(
                    model=model,
                    parameter=parameter,
                    truth=value,
                    replicates=len(rows),
                    covered=sum(row.low <= value <= row.high for row in rows),
                    mean_estimate=float(np.nanmean(estimates)),
                    median_estimate=float(np.nanmedian(estimates)),
                )
            )
    return found


def run_replicates(seeds: Sequence[int], *, population: Population, patients: int, processes: int) -> list[Replicate]:
    """Simulate all seeds, in their order."""
    task = partial(simulate_replicate, population=population, patients=patients)
    with worker_processes(processes) as workers:
        return list(workers.map(task, seeds, chunksize=20))


def _cohort_table(rng: np.random.Generator, chosen: np.ndarray[Any, Any], population: Population) -> pd.DataFrame:
    """Give the analysis columns that the fits need; without SPECT the functional dose is missing."""
    traits = [population.traits(int(index)) for index in chosen]
    doses = [_Doses(float(population.mld_gy[i]), float(population.fmld_gy[i])) for i in chosen]
    clinical = simulate_cohort(doses, traits, rng).clinical
    endpoint = derive_endpoint(clinical, EndpointSettings())
    table = clinical.merge(endpoint, on="patient", how="left", validate="one_to_one")
    table["mld_gy"] = population.mld_gy[chosen]
    table["fmld_gy"] = np.where(population.has_spect[chosen], population.fmld_gy[chosen], np.nan)
    return table


@dataclass(frozen=True)
class _Doses:
    mld_gy: float
    fmld_gy: float


def _uniform(dose_gy: float, *, bin_width_gy: float = 0.01) -> Dvh:
    """Give the DVH of a uniform dose: with n = 1 a model sees nothing but the mean."""
    place = int(dose_gy / bin_width_gy)
    volume_cc = np.zeros(place + 1)
    volume_cc[place] = 1000.0
    return Dvh(
        structure="Lungs-GTV",
        volume_cc=volume_cc,
        bin_width_gy=bin_width_gy,
        total_cc=1000.0,
        min_gy=dose_gy,
        mean_gy=dose_gy,
        max_gy=dose_gy,
    )


def _limit(value: float | None, sign: int) -> float:
    return sign * np.inf if value is None or np.isnan(value) else float(value)
