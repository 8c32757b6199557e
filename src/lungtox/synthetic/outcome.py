"""Outcome and follow-up of a synthetic patient, drawn from the stated truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lungtox.synthetic.patient import PatientTraits
from lungtox.synthetic.streams import child_stream

# CTCAE grade given RP of grade 2 or higher; grades of S2 (8 of 10 grade 2) and S7 (10 of 31 grade >= 3).
GRADE_SHARES = (0.66, 0.25, 0.05, 0.04)
GRADE_1_SHARE = 0.38
"""Of those without RP of grade 2 or higher; S2 has 19 of 40."""
LATE_RP_SHARE = 0.02
"""RP after the window, which is no event of the endpoint."""
EARLY_DEATH_SHARE = {"I": 0.01, "II": 0.02, "III": 0.03, "IV": 0.06}
EARLY_LOSS_SHARE = 0.025
LATER_DEATH_SHARE = {"I": 0.20, "II": 0.30, "III": 0.45, "IV": 0.65}


@dataclass(frozen=True)
class Outcome:
    """What follow-up saw; days are counted from the last day of RT, None = did not happen.

    Attributes
    ----------
    latent_rp : bool
        RP of grade 2 or higher within the window, were the patient followed through it.
    grade : int
        Highest CTCAE grade seen.
    rp_day, death_day : int or None
    last_follow_up_day : int
    """

    latent_rp: bool
    grade: int
    rp_day: int | None
    death_day: int | None
    last_follow_up_day: int


def sample_outcome(rng: np.random.Generator, traits: PatientTraits, probability: float) -> Outcome:
    """Draw the outcome of a patient.

    Parameters
    ----------
    rng : numpy.random.Generator
        The generator of the cohort; only its seed counts.
    traits : PatientTraits
        Index (for the stream) and stage (for deaths).
    probability : float
        True probability of RP of grade 2 or higher within six months of the end of RT.

    Notes
    -----
    Early deaths and losses do not depend on RP, so that leaving such patients out of a binary fit biases
    it little: a case is kept only if RP came first.
    """
    stream = child_stream(rng, "outcome", traits.index)
    latent_rp = bool(stream.random() < probability)
    # Between one and six months after RT, most in the third; 181 days are the shortest six calendar months.
    rp_day = 30 + round(150 * stream.beta(1.8, 2.4))
    severe = 2 + int(np.searchsorted(np.cumsum(GRADE_SHARES), stream.random()))
    mild = int(stream.random() < GRADE_1_SHARE)
    late = stream.random() < LATE_RP_SHARE
    late_day = int(stream.integers(200, 270))
    early = stream.random()
    early_day = int(stream.integers(20, 176))
    follow_up_day = int(stream.integers(290, 1300))
    dies_later = stream.random() < LATER_DEATH_SHARE[traits.stage]
    fatal_delay = int(stream.integers(5, 40))
    last_visit_gap = int(stream.integers(0, 25))

    early_death = early < EARLY_DEATH_SHARE[traits.stage]
    end_day = early_day if early < EARLY_DEATH_SHARE[traits.stage] + EARLY_LOSS_SHARE else follow_up_day
    dies = early_death or (end_day == follow_up_day and dies_later)
    grade, event_day = _grade_and_day(latent_rp, severe, mild=mild, rp_day=rp_day, late_day=late_day if late else None)
    if event_day is not None and event_day > end_day:
        grade, event_day = 0, None
    if grade == 5 and event_day is not None:
        end_day, dies = event_day + fatal_delay, True
    last_visit = max(end_day - last_visit_gap, event_day or 0) if dies else end_day
    return Outcome(latent_rp, grade, event_day, end_day if dies else None, last_visit)


def _grade_and_day(
    latent_rp: bool, severe: int, *, mild: int, rp_day: int, late_day: int | None
) -> tuple[int, int | None]:
    if latent_rp:
        return severe, rp_day
    if late_day is not None:
        return 2, late_day
    return mild, rp_day if mild else None
