"""The demo cohort's clinical and cytokine tables with their truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lungtox.errors import ParameterError
from lungtox.synthetic.cytokines import sample_cytokines
from lungtox.synthetic.factors import PatientFactors, sample_factors, sample_traits
from lungtox.synthetic.outcome import Outcome, sample_outcome
from lungtox.synthetic.patient import PatientTraits
from lungtox.synthetic.streams import child_stream
from lungtox.synthetic.truth import rp_probability, truth_document

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SimulatedCohort", "SimulatedPatient", "sample_traits", "simulate_cohort", "simulate_patient"]

FIRST_START = date(2011, 3, 7)
ACCRUAL_DAYS = 1100
CLINICAL_COLUMNS = (
    "patient", "age_y", "sex", "smoking", "histology", "stage", "tumour_site", "lung_disease", "fev1_pct",
    "chemotherapy", "rt_start_date", "rt_end_date", "rp_grade", "rp_date", "last_follow_up_date", "death_date",
)  # fmt: skip


class LungDose(Protocol):
    """What the truth needs to know of a patient's dose."""

    @property
    def mld_gy(self) -> float:
        """Mean lung dose (lungs minus GTV) in Gy."""

    @property
    def fmld_gy(self) -> float:
        """Mean dose of the functional region (40 % of the maximum perfusion) in Gy."""


@dataclass(frozen=True)
class SimulatedPatient:
    """One synthetic patient: factors, true probability and outcome."""

    traits: PatientTraits
    factors: PatientFactors
    probability: float
    outcome: Outcome


@dataclass(frozen=True)
class SimulatedCohort:
    """Tables of the demo cohort.

    Attributes
    ----------
    clinical, cytokines : pandas.DataFrame
        As docs/file-contracts.md has them.
    truth : dict
        Content of truth.json.
    """

    clinical: pd.DataFrame
    cytokines: pd.DataFrame
    truth: dict[str, Any]


def simulate_patient(rng: np.random.Generator, traits: PatientTraits, *, fmld_gy: float) -> SimulatedPatient:
    """Draw factors and outcome of one patient; they depend on the seed of ``rng``, the index and the dose only."""
    factors = sample_factors(rng, traits)
    probability = float(
        rp_probability(fmld_gy, age_y=factors.age_y, lung_disease=traits.lung_disease, smoking=factors.smoking)
    )
    return SimulatedPatient(traits, factors, probability, sample_outcome(rng, traits, probability))


def simulate_cohort(
    summaries: Sequence[LungDose], traits: Sequence[PatientTraits], rng: np.random.Generator
) -> SimulatedCohort:
    """Draw the clinical and the cytokine table of a cohort, and state the truth behind them.

    Parameters
    ----------
    summaries : sequence
        Dose summary of each patient, in the order of ``traits``.
    traits : sequence of PatientTraits
    rng : numpy.random.Generator
        The generator that also drew the traits. Only its seed counts: patient k is the same in any cohort.
    """
    if len(summaries) != len(traits):
        raise ParameterError(f"one dose summary per patient: got {len(summaries)} for {len(traits)} patients")
    import pandas as pd

    patients = [
        simulate_patient(rng, one, fmld_gy=summary.fmld_gy) for summary, one in zip(summaries, traits, strict=True)
    ]
    clinical = pd.DataFrame([_clinical_row(rng, patient) for patient in patients], columns=list(CLINICAL_COLUMNS))
    rows = [row for one in patients for row in sample_cytokines(rng, one.traits, latent_rp=one.outcome.latent_rp)]
    columns = ["patient", "cytokine", "timepoint", "draw_dose_gy", "value", "unit", "plate"]
    cytokines = pd.DataFrame(rows, columns=columns)
    truth = truth_document(
        seed=rng.bit_generator.seed_seq.entropy,  # type: ignore[attr-defined]
        patients=[one.traits.study_id for one in patients],
        fmld_gy=[summary.fmld_gy for summary in summaries],
        probability=[one.probability for one in patients],
    )
    return SimulatedCohort(clinical=clinical, cytokines=cytokines, truth=truth)


def _clinical_row(rng: np.random.Generator, patient: SimulatedPatient) -> dict[str, object]:
    traits, factors, outcome = patient.traits, patient.factors, patient.outcome
    start, end = _treatment_dates(rng, traits)
    return {
        "patient": traits.study_id,
        "age_y": factors.age_y,
        "sex": factors.sex,
        "smoking": factors.smoking,
        "histology": factors.histology,
        "stage": traits.stage,
        "tumour_site": traits.tumour_site,
        "lung_disease": "yes" if traits.lung_disease else "no",
        "fev1_pct": factors.fev1_pct,
        "chemotherapy": factors.chemotherapy,
        "rt_start_date": start.isoformat(),
        "rt_end_date": end.isoformat(),
        "rp_grade": outcome.grade,
        "rp_date": _day_after(end, outcome.rp_day),
        "last_follow_up_date": _day_after(end, outcome.last_follow_up_day),
        "death_date": _day_after(end, outcome.death_day),
    }


def _treatment_dates(rng: np.random.Generator, traits: PatientTraits) -> tuple[date, date]:
    """Give first and last day of a course with one fraction a weekday."""
    stream = child_stream(rng, "dates", traits.index)
    wanted = FIRST_START + timedelta(days=int(stream.integers(0, ACCRUAL_DAYS)))
    start = np.busday_offset(np.datetime64(wanted), 0, roll="forward")
    end = np.busday_offset(start, traits.fractions - 1)
    return date.fromisoformat(str(start)), date.fromisoformat(str(end))


def _day_after(end: date, day: int | None) -> str | None:
    return None if day is None else (end + timedelta(days=day)).isoformat()
