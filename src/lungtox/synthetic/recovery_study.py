"""Do NTCP fits find the parameters that made the data? Cohorts with real spread of DVHs, outcomes of a known model.

`recovery_page` runs the study and writes docs/validation/ntcp-recovery.md.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lungtox.dose import Dvh
from lungtox.errors import FitError
from lungtox.ntcp import fit_ntcp, lkb, log_logistic, relative_seriality
from lungtox.ntcp.formulas import geud_gy
from lungtox.randomness import task_rng
from lungtox.synthetic.factors import sample_traits
from lungtox.synthetic.patient import DoseVolume
from lungtox.synthetic.phantom import DVH_BIN_GY, dose_summary
from lungtox.synthetic.population import POPULATION_SEED
from lungtox.synthetic.workers import worker_processes
from lungtox.tables import atomic_path

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

SEED = 20261122
PATIENTS = (200, 1000)
BINS_MERGED = 5
"""Bins of 0.1 Gy that become one: the truth is computed on the same bins, so nothing but time is saved."""
BIN_GY = BINS_MERGED * DVH_BIN_GY
BINS = 200
STRUCTURE = "Lungs-GTV"
WEIGHTINGS = ("anatomical", "functional:40%max")
MEAN_AGE_Y, SPREAD_AGE_Y, DISEASE_SHARE = 65.0, 9.0, 0.3
FINGERPRINT_PATIENTS = 2
PATIENTS_PER_TASK = 25


@dataclass(frozen=True)
class Scenario:
    """A true model.

    Attributes
    ----------
    name, words : str
    model : str
        As `fit_ntcp` names it.
    truth : dict of str to float
        By parameter, in the names of the fit.
    functional : bool
        On the DVH of the functional region instead of that of the lungs.
    """

    name: str
    words: str
    model: str
    truth: dict[str, float]
    functional: bool = False

    @property
    def volume(self) -> str:
        """Name of the volume parameter."""
        return "s" if self.model == "relative_seriality" else "n"

    @property
    def on_bound(self) -> bool:
        """Whether the true volume parameter is the end of its range."""
        return self.truth[self.volume] == 1.0

    @property
    def effects(self) -> dict[str, float]:
        """Effects of the covariates on the logarithm of TD50."""
        return {name: value for name, value in self.truth.items() if name.startswith("delta[")}


SCENARIOS = (
    Scenario("LKB", "volume parameter of Burman", "lkb", {"td50_gy": 20.0, "m": 0.35, "n": 0.87}),
    Scenario("LKB, smaller n", "halfway to the maximum dose", "lkb", {"td50_gy": 25.0, "m": 0.30, "n": 0.5}),
    Scenario("LKB, n = 1", "truth on the boundary", "lkb", {"td50_gy": 20.0, "m": 0.35, "n": 1.0}),
    Scenario("log-logistic", "on gEUD", "log_logistic", {"td50_gy": 20.0, "gamma50": 0.8, "n": 0.7}),
    Scenario("relative seriality", "", "relative_seriality", {"d50_gy": 22.0, "gamma": 1.0, "s": 0.06}),
    Scenario("functional LKB, covariates", "region of 40 % of maximum perfusion; age and lung disease modify the dose",
             "lkb", {"td50_gy": 16.0, "m": 0.40, "n": 0.7, "delta[age_y]": -0.012, "delta[lung_disease]": -0.3},
             functional=True),
)  # fmt: skip


@dataclass(frozen=True)
class Recovered:
    """One cohort and its fit.

    Attributes
    ----------
    scenario : str
    n, replicate, events : int
    found : dict of str to list
        By parameter: estimate, low, high (None: open), whether the estimate is at an end of its range.
    converged : bool
    elsewhere : int
        Starts of the search that ended at a lower maximum.
    seconds : float
        Of processor time for fit and intervals.
    failure : str
        What the fit was refused for; empty if it was not.
    """

    scenario: str
    n: int
    replicate: int
    events: int
    found: dict[str, list[float | bool | None]]
    converged: bool
    elsewhere: int
    seconds: float
    failure: str = ""

    @property
    def key(self) -> tuple[str, int, int]:
        """What tells cohorts apart."""
        return self.scenario, self.n, self.replicate


def make_histograms(size: int, *, processes: int, cache: Path, seed: int = POPULATION_SEED) -> Path:
    """Compute the lung DVHs of ``size`` synthetic patients, unless ``cache`` has them of the same generator.

    Returns
    -------
    path
        Of a file with ``volume_cc``, shape (weightings, size, bins).
    """
    first = _histograms(seed, np.arange(FINGERPRINT_PATIENTS))
    key = hashlib.sha256(np.round(first, 4).tobytes()).hexdigest()[:16]
    path = cache / f"recovery-dvhs-{key}-{seed}-{size}.npz"
    if not path.is_file():
        indices = np.array_split(np.arange(size), max(size // PATIENTS_PER_TASK, 1))
        with worker_processes(processes) as workers:
            parts = list(workers.map(_histograms, [seed] * len(indices), indices))
        with atomic_path(path) as temporary:
            np.savez_compressed(temporary, volume_cc=np.concatenate(parts, axis=1))
    return path


def _histograms(seed: int, indices: npt.NDArray[np.int64]) -> FloatArray:
    rng = np.random.default_rng(seed)
    volumes = np.zeros((len(WEIGHTINGS), len(indices), BINS))
    for place, index in enumerate(indices):
        summary = dose_summary(sample_traits(rng, f"P{index:06d}", int(index)), rng)
        for weighting, fine in enumerate((summary.dvh_lung, summary.dvh_functional)):
            volumes[weighting, place] = _merged(fine)
    return volumes


def _merged(fine: DoseVolume) -> FloatArray:
    padded = np.zeros(BINS * BINS_MERGED)
    padded[: fine.volume_cc.size] = fine.volume_cc
    result: FloatArray = padded.reshape(BINS, BINS_MERGED).sum(axis=1)
    return result


@lru_cache(maxsize=1)
def read_dvhs(path: Path) -> dict[bool, list[Dvh]]:
    """Give the DVHs by whether they are functional."""
    with np.load(path) as stored:
        volumes = stored["volume_cc"]
    return {bool(index): [_dvh(row, weighting) for row in volumes[index]] for index, weighting in enumerate(WEIGHTINGS)}


def _dvh(volume_cc: FloatArray, weighting: str) -> Dvh:
    """Give a DVH whose mean is that of its bins: the truth and the fit then see the same dose."""
    used = int(np.flatnonzero(volume_cc)[-1]) + 1
    volume, total = volume_cc[:used], float(volume_cc.sum())
    return Dvh(
        structure=STRUCTURE, volume_cc=volume, bin_width_gy=BIN_GY, total_cc=total, min_gy=0.0,
        mean_gy=float(_mid_gy(used) @ volume) / total, max_gy=used * BIN_GY, weighting=weighting,
    )  # fmt: skip


def _mid_gy(bins: int) -> FloatArray:
    return (np.arange(bins, dtype=np.float64) + 0.5) * BIN_GY


def true_risk(scenario: Scenario, dvhs: Sequence[Dvh], factor: FloatArray) -> FloatArray:
    """Give NTCP of each DVH by the plain formulas of `lungtox.ntcp.formulas`.

    Parameters
    ----------
    scenario : Scenario
    dvhs : sequence of Dvh
    factor : ndarray, shape (patients,)
        By which TD50 of a patient is multiplied.
    """
    truth = scenario.truth
    if scenario.model == "relative_seriality":
        d50, gamma, s = (truth[name] for name in ("d50_gy", "gamma", "s"))
        found = [
            relative_seriality(_mid_gy(dvh.volume_cc.size), dvh.volume_cc, d50_gy=d50 * by, gamma=gamma, s=s)
            for dvh, by in zip(dvhs, factor, strict=True)
        ]
        return np.array(found)
    geud = np.array([geud_gy(_mid_gy(dvh.volume_cc.size), dvh.volume_cc, a=1.0 / truth["n"]) for dvh in dvhs])
    if scenario.model == "log_logistic":
        return np.asarray(log_logistic(geud / factor, td50_gy=truth["td50_gy"], gamma50=truth["gamma50"]))
    return np.asarray(lkb(geud / factor, td50_gy=truth["td50_gy"], m=truth["m"]))


def draw_covariates(patients: int, rng: np.random.Generator) -> pd.DataFrame:
    """Draw age and lung disease; the mean age is exactly 65 years, which makes it the reference of the fit."""
    import pandas as pd

    age = rng.normal(0.0, SPREAD_AGE_Y, patients)
    disease = (rng.random(patients) < DISEASE_SHARE).astype(float)
    return pd.DataFrame({"age_y": age - age.mean() + MEAN_AGE_Y, "lung_disease": disease})


def run_replicate(scenario: Scenario, n: int, replicate: int, path: Path) -> Recovered:
    """Draw one cohort without replacement, its outcomes from the true model, and fit that model."""
    rng = task_rng(SEED, scenario.name, str(n), str(replicate))
    population = read_dvhs(path)[scenario.functional]
    dvhs = [population[index] for index in rng.choice(len(population), size=n, replace=False)]
    table = draw_covariates(n, rng) if scenario.effects else None
    factor = np.ones(n)
    if table is not None:
        delta = scenario.effects
        age, disease = (table[name].to_numpy() for name in ("age_y", "lung_disease"))
        factor = np.exp(delta["delta[age_y]"] * (age - MEAN_AGE_Y) + delta["delta[lung_disease]"] * disease)
    outcome = (rng.random(n) < true_risk(scenario, dvhs, factor)).astype(int)
    started, events = time.process_time(), int(outcome.sum())
    try:
        fit = fit_ntcp(dvhs, outcome, model=scenario.model, covariates=table)
    except FitError as error:
        seconds = time.process_time() - started
        return Recovered(scenario.name, n, replicate, events, {}, False, 0, seconds, str(error))
    found: dict[str, list[float | bool | None]] = {
        item.parameter: [item.estimate, item.low, item.high, bool(item.at_boundary)]
        for item in fit.estimates
        if item.parameter in scenario.truth
    }
    elsewhere = fit.starts.elsewhere if fit.starts else 0
    seconds = time.process_time() - started
    return Recovered(scenario.name, n, replicate, events, found, fit.converged, elsewhere, seconds)


def run_replicates(tasks: Sequence[tuple[Scenario, int, int]], *, path: Path, processes: int) -> Iterator[Recovered]:
    """Run cohorts in their order."""
    if not tasks:
        return
    with worker_processes(processes) as workers:
        yield from workers.map(run_replicate, *zip(*tasks, strict=True), [path] * len(tasks), chunksize=4)
