"""Does the comparison of dose descriptions find the model that made the data? Cohorts drawn from a population."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from lungtox.cohort import EndpointSettings, derive_endpoint
from lungtox.models import fit_logistic
from lungtox.ntcp import ComparisonSettings, compare_descriptions
from lungtox.synthetic.clinical import simulate_cohort
from lungtox.synthetic.coverage import CLINICAL_TERMS, PREDICTORS, Interval
from lungtox.synthetic.dose_population import METRICS, DosePopulation
from lungtox.synthetic.factors import sample_factors
from lungtox.synthetic.population import expected_auc
from lungtox.synthetic.truth import rp_probability
from lungtox.synthetic.workers import worker_processes

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

LUNGS = ("Lungs-GTV", "anatomical", "physical")
CLINICAL = ("age_y", "lung_disease", "smoking")
CYTOKINES = ("il6_pre", "tgfb1_pre")
SETTINGS = ComparisonSettings.model_validate(
    {
        "doses": [
            {"name": "MLD", "column": "mld_gy"},
            {"name": "V20", "column": "v20_pct"},
            {"name": "fMLD", "column": "fmld_gy"},
            {"name": "MPWLD", "column": "mpwld_gy"},
            {"name": "gEUD", "structure": LUNGS[0]},
        ],
        "steps": [{"name": "clinical", "add": CLINICAL}, {"name": "cytokines", "add": CYTOKINES}],
        "transforms": {name: {"kind": "log"} for name in CYTOKINES},
        "reference": "MLD",
    }
)
"""As the demo's config.yaml has it."""
MEASURED = ("aic", "aic_weight", "auc_corrected", "auc_difference", "auc_difference_low", "auc_difference_high")
JUDGED = {"fMLD": ("fmld_gy",), "MLD + clinical": ("mld_gy", *CLINICAL), "fMLD + clinical": PREDICTORS}
"""Models whose true AUC is computed in the whole population, beside that of the reference."""


@dataclass(frozen=True)
class ComparedCohort:
    """What one simulated cohort gave.

    Attributes
    ----------
    seed, n, events : int
        Of the patients with a known outcome and every description.
    figures : dict of str to list of float
        Model -> values in the order of `MEASURED`.
    n_limits : list of float or None
        Limits of the volume parameter of gEUD alone.
    true_differences : dict of str to float
        AUC of the fitted model in the whole population minus that of MLD.
    intervals : list of Interval
        Of the generating model's parameters.
    """

    seed: int
    n: int
    events: int
    figures: dict[str, list[float]]
    n_limits: list[float | None]
    true_differences: dict[str, float]
    intervals: list[Interval]


@dataclass(frozen=True)
class Everybody:
    """The whole population with its factors: columns of the models, true probabilities."""

    table: pd.DataFrame
    probability: FloatArray


def describe_everybody(population: DosePopulation) -> Everybody:
    """Draw the factors of the whole population with its own seed."""
    import pandas as pd

    rng = np.random.default_rng(population.seed)
    drawn = [(traits, sample_factors(rng, traits)) for traits in map(population.traits, range(len(population)))]
    table = pd.DataFrame(
        {
            **{name: population.column(name) for name in METRICS},
            "age_y": [float(factors.age_y) for _, factors in drawn],
            "lung_disease": ["yes" if traits.lung_disease else "no" for traits, _ in drawn],
            "smoking": [factors.smoking for _, factors in drawn],
        }
    )
    probability = rp_probability(
        table["fmld_gy"], age_y=table["age_y"], lung_disease=table["lung_disease"] == "yes", smoking=table["smoking"]
    )
    return Everybody(table, probability)


def draw_cohort(
    rng: np.random.Generator, *, population: DosePopulation, patients: int
) -> tuple[pd.DataFrame, npt.NDArray[np.int64]]:
    """Draw one cohort as the analysis table has it.

    Parameters
    ----------
    rng : numpy.random.Generator
    population : DosePopulation
        Patients are drawn without replacement; factors, outcome and cytokines are drawn anew.
    patients : int

    Returns
    -------
    table : DataFrame
        Functional doses are missing without SPECT, cytokines where they were not drawn; half the detection limit below
        it, as in analysis.csv.
    chosen : ndarray of int, shape (patients,)
        Of the population.
    """
    chosen = np.sort(rng.choice(len(population), size=patients, replace=False))
    doses = [_Doses(*population.metrics[i, [METRICS.index("mld_gy"), METRICS.index("fmld_gy")]]) for i in chosen]
    cohort = simulate_cohort(doses, [population.traits(int(index)) for index in chosen], rng)
    endpoint = derive_endpoint(cohort.clinical, EndpointSettings())
    table = cohort.clinical.merge(endpoint, on="patient", how="left", validate="one_to_one")
    for name in METRICS:
        values = population.column(name)[chosen]
        functional = name in ("fmld_gy", "mpwld_gy")
        table[name] = np.where(population.has_spect[chosen], values, np.nan) if functional else values
    for name in CYTOKINES:
        table[name] = table["patient"].map(_before(cohort.cytokines, name.removesuffix("_pre")))
    return table, chosen


def compare_cohort(
    seed: int, *, population: DosePopulation, everybody: Everybody, patients: int, resamples: int
) -> ComparedCohort:
    """Draw one cohort, compare the descriptions of the dose, and fit the generating model."""
    rng = np.random.default_rng(seed)
    table, chosen = draw_cohort(rng, population=population, patients=patients)
    complete = table[["rp", *SETTINGS.columns]].notna().all(axis=1)
    kept = table.loc[complete].reset_index(drop=True)
    matrix = population.dose_matrix(chosen[complete.to_numpy()])
    found = compare_descriptions(kept, {LUNGS: matrix}, settings=SETTINGS, resamples=resamples, rng=rng).models
    fits = {
        name: fit_logistic(kept, outcome="rp", predictors=predictors, penalty="none")
        for name, predictors in JUDGED.items()
    }
    reference = expected_auc(everybody.probability, everybody.table["mld_gy"].to_numpy())
    limits = found.loc[found["model"] == "gEUD", ["n_low", "n_high"]].to_numpy(dtype=float)[0]
    return ComparedCohort(
        seed=seed,
        n=len(kept),
        events=int(kept["rp"].sum()),
        figures={str(row["model"]): [float(row[name]) for name in MEASURED] for row in found.to_dict("records")},
        n_limits=[None if np.isnan(limit) else float(limit) for limit in limits],
        true_differences={
            name: expected_auc(everybody.probability, fit.linear_predictor(everybody.table).to_numpy()) - reference
            for name, fit in fits.items()
        },
        intervals=[
            Interval("functional_clinical", CLINICAL_TERMS[row["term"]], row["estimate"], _limit(row["low"], -1.0),
                     _limit(row["high"], 1.0))
            for row in fits["fMLD + clinical"].estimates.to_dict("records")
        ],
    )  # fmt: skip


def compare_cohorts(
    seeds: Sequence[int], *, population: DosePopulation, patients: int, resamples: int, processes: int
) -> Iterator[ComparedCohort]:
    """Simulate all seeds, in their order."""
    task = partial(
        compare_cohort, population=population, everybody=describe_everybody(population), patients=patients,
        resamples=resamples,
    )  # fmt: skip
    with worker_processes(processes) as workers:
        yield from workers.map(task, seeds, chunksize=2)


@dataclass(frozen=True)
class _Doses:
    mld_gy: float
    fmld_gy: float


def _before(cytokines: pd.DataFrame, name: str) -> dict[str, float]:
    """Give the values before RT by patient; half the limit below it."""
    rows = cytokines[(cytokines["cytokine"] == name) & (cytokines["timepoint"] == "pre")]
    return {
        str(patient): 0.5 * float(text[1:]) if text.startswith("<") else float(text)
        for patient, text in zip(rows["patient"], rows["value"].astype(str), strict=True)
    }


def _limit(value: float | None, sign: float) -> float:
    return sign * np.inf if value is None or np.isnan(value) else float(value)
