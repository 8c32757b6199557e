"""A large population of synthetic patients: dose summaries made once, and what dose-only models tend to in it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_expit, log_ndtr

from lungtox.synthetic.factors import sample_factors, sample_traits
from lungtox.synthetic.patient import PatientTraits
from lungtox.synthetic.phantom import dose_summary
from lungtox.synthetic.truth import TRUTH, rp_probability
from lungtox.synthetic.workers import worker_processes
from lungtox.tables import atomic_path

FloatArray = npt.NDArray[np.float64]

POPULATION_SEED = 41
FINGERPRINT_PATIENTS = 8
BLOCKS = 20
"""Blocks of the population; the spread of their answers gives the Monte Carlo error of the whole."""
LINKS: dict[str, Callable[[FloatArray], FloatArray]] = {"probit": log_ndtr, "logit": log_expit}


@dataclass(frozen=True)
class Population:
    """Patients 0 to n - 1 of one seed, with their doses.

    Attributes
    ----------
    seed : int
    mld_gy, fmld_gy : ndarray, shape (n,)
    has_spect : ndarray of bool, shape (n,)
    """

    seed: int
    mld_gy: FloatArray
    fmld_gy: FloatArray
    has_spect: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.mld_gy)

    def traits(self, index: int) -> PatientTraits:
        """Give the traits of one patient."""
        return sample_traits(np.random.default_rng(self.seed), f"P{index:06d}", index)


def fingerprint(seed: int = POPULATION_SEED) -> list[dict[str, float]]:
    """Give doses and true probability of the first patients, rounded to 1e-6.

    marginal.json keeps them: they change with every change of the generator that matters, and with no other.
    """
    doses = _summarise(seed, np.arange(FINGERPRINT_PATIENTS))
    few = Population(seed, doses[:, 0], doses[:, 1], doses[:, 2] > 0)
    return [
        {"mld_gy": round(float(mld), 6), "fmld_gy": round(float(fmld), 6), "probability": round(float(chance), 6)}
        for mld, fmld, chance in zip(few.mld_gy, few.fmld_gy, population_probability(few), strict=True)
    ]


def make_population(size: int, *, processes: int, cache: Path, seed: int = POPULATION_SEED) -> Population:
    """Compute the doses of ``size`` patients, or read them from ``cache`` if the same generator made them.

    Parameters
    ----------
    size : int
    processes : int
    cache : path of a folder
    seed : int
    """
    # The first doses tell generators apart; code that only looks different, or another truth, costs no new doses.
    first = np.round(_summarise(seed, np.arange(FINGERPRINT_PATIENTS)), 6)
    path = cache / f"population-{hashlib.sha256(first.tobytes()).hexdigest()[:16]}-{seed}-{size}.npz"
    if not path.is_file():
        indices = np.array_split(np.arange(size), max(size // 50, 1))
        with worker_processes(processes) as workers:
            table = np.vstack(list(workers.map(_summarise, [seed] * len(indices), indices)))
        with atomic_path(path) as temporary:
            np.savez(temporary, doses=table)
    with np.load(path) as stored:
        doses = stored["doses"]
    return Population(seed, doses[:, 0], doses[:, 1], doses[:, 2] > 0)


def marginal_document(population: Population) -> dict[str, Any]:
    """Give the content of marginal.json.

    Each patient of the population counts with the true probability as outcome, so that the fits maximise the
    expected likelihood: their answers are what fits to ever larger cohorts tend to (pseudo-true values), since
    neither a probit nor a logit in mean lung dose is exactly true once other factors are left out.
    """
    probability = population_probability(population)
    blocks = np.array_split(np.arange(len(population)), BLOCKS)
    document: dict[str, Any] = {
        "about": "what dose-only fits on mean lung dose (physical, lungs without GTV) tend to in a large cohort",
        "population": len(population),
        "population_seed": population.seed,
        "fingerprint": fingerprint(population.seed),
        "coefficients": TRUTH.terms(),
        "event_rate": float(probability.mean()),
        "expected_auc": {
            "fmld_gy": expected_auc(probability, population.fmld_gy),
            "mld_gy": expected_auc(probability, population.mld_gy),
        },
    }
    for name, (link, parameters) in {
        "lkb_mean_dose": ("probit", lkb_parameters),
        "logistic_mean_dose": ("logit", logistic_parameters),
    }.items():
        whole = parameters(*fit_expected(population.mld_gy, probability, link=link))
        parts = [parameters(*fit_expected(population.mld_gy[b], probability[b], link=link)) for b in blocks]
        document[name] = {
            key: {
                "value": value,
                "monte_carlo_se": float(np.std([part[key] for part in parts], ddof=1) / np.sqrt(BLOCKS)),
            }
            for key, value in whole.items()
        }
    return document


def population_probability(population: Population) -> FloatArray:
    """Give the true probability of each patient, factors drawn with the population's own seed."""
    rng = np.random.default_rng(population.seed)
    factors = [(traits, sample_factors(rng, traits)) for traits in map(population.traits, range(len(population)))]
    return rp_probability(
        population.fmld_gy,
        age_y=[one.age_y for _, one in factors],
        lung_disease=[traits.lung_disease for traits, _ in factors],
        smoking=[one.smoking for _, one in factors],
    )


def fit_expected(dose_gy: FloatArray, probability: FloatArray, *, link: str) -> tuple[float, float]:
    """Maximise the expected Bernoulli likelihood of intercept and slope.

    Parameters
    ----------
    dose_gy, probability : ndarray, shape (n,)
        The probability stands where a cohort has outcomes 0 and 1.
    link : {"probit", "logit"}

    Returns
    -------
    tuple of float
        Intercept and slope per Gy.
    """
    log_cdf = LINKS[link]
    middle, spread = float(dose_gy.mean()), float(dose_gy.std())
    z = (dose_gy - middle) / spread

    def loss(c: FloatArray) -> float:
        eta = c[0] + c[1] * z
        return -float(np.mean(probability * log_cdf(eta) + (1.0 - probability) * log_cdf(-eta)))

    found = minimize(loss, np.array([-0.8, 0.5]), method="BFGS", options={"gtol": 1e-9})
    slope = float(found.x[1]) / spread
    return float(found.x[0]) - slope * middle, slope


def lkb_parameters(b0: float, b1: float) -> dict[str, float]:
    """Give TD50 and m of a probit line: TD50 = -b0/b1, m = -1/b0 (SCIENCE.md section 4)."""
    return {"td50_gy": -b0 / b1, "m": -1.0 / b0}


def logistic_parameters(b0: float, b1: float) -> dict[str, float]:
    """Give the line itself, TD50 = -b0/b1 and gamma50 = b1 TD50/4 of a logistic curve."""
    return {"b0": b0, "b1": b1, "td50_gy": -b0 / b1, "gamma50": -b0 / 4.0}


def expected_auc(probability: FloatArray, score: FloatArray) -> float:
    """Give the area under the ROC curve that a score has on average over outcomes drawn from the probabilities."""
    order = np.argsort(score, kind="stable")
    event, other = probability[order], 1.0 - probability[order]
    pairs = event.sum() * other.sum() - np.sum(event * other)
    return float(np.sum(event * (np.cumsum(other) - other)) / pairs)


def _summarise(seed: int, indices: npt.NDArray[np.int64]) -> FloatArray:
    rng = np.random.default_rng(seed)
    rows = []
    for index in indices:
        summary = dose_summary(sample_traits(rng, f"P{index:06d}", int(index)), rng)
        rows.append((summary.mld_gy, summary.fmld_gy, float(summary.has_spect)))
    return np.array(rows)
