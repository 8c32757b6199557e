"""Patient factors of the demo cohort: what is known of a patient before any dose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from lungtox.synthetic.patient import PatientTraits, Stage, Technique, TumourSite
from lungtox.synthetic.streams import child_stream

T = TypeVar("T")
Smoking = Literal["never", "former", "current"]

# Shares of a lung-cancer cohort treated with conventional fractionation; invented, of the order of S2, S7 and S9.
SITES: dict[TumourSite, float] = {"upper": 0.52, "middle": 0.13, "lower": 0.35}
STAGES: dict[Stage, float] = {"I": 0.06, "II": 0.14, "III": 0.62, "IV": 0.18}
TECHNIQUES: dict[Technique, float] = {"3D-CRT": 0.35, "IMRT": 0.40, "VMAT": 0.25}
SCHEDULES: dict[tuple[int, float], float] = {(30, 60.0): 0.55, (33, 66.0): 0.30, (28, 56.0): 0.15}
LUNG_DISEASE_SHARE = 0.30
RIGHT_SHARE = 0.58
# Obstructive disease goes with smoking.
SMOKING: dict[bool, dict[Smoking, float]] = {
    False: {"never": 0.33, "former": 0.36, "current": 0.31},
    True: {"never": 0.12, "former": 0.46, "current": 0.42},
}
HISTOLOGY: dict[Smoking, dict[str, float]] = {
    "never": {"adenocarcinoma": 0.68, "squamous": 0.20, "small_cell": 0.05, "other": 0.07},
    "former": {"adenocarcinoma": 0.42, "squamous": 0.38, "small_cell": 0.13, "other": 0.07},
    "current": {"adenocarcinoma": 0.34, "squamous": 0.41, "small_cell": 0.18, "other": 0.07},
}
CHEMOTHERAPY: dict[str, dict[str, float]] = {
    "I": {"none": 0.75, "sequential": 0.15, "concurrent": 0.10},
    "II": {"none": 0.40, "sequential": 0.30, "concurrent": 0.30},
    "III": {"none": 0.12, "sequential": 0.26, "concurrent": 0.62},
    "IV": {"none": 0.20, "sequential": 0.45, "concurrent": 0.35},
}
FEV1_MISSING_SHARE = 0.05


@dataclass(frozen=True)
class PatientFactors:
    """Factors that clinical.csv states beside the traits.

    Attributes
    ----------
    age_y : int
        Age at the start of RT in years.
    sex, smoking, histology, chemotherapy : str
        Codes of clinical.csv.
    fev1_pct : float or None
        Forced expiratory volume in one second, percent of predicted; None = not measured.
    """

    age_y: int
    sex: str
    smoking: Smoking
    histology: str
    chemotherapy: str
    fev1_pct: float | None


def sample_traits(rng: np.random.Generator, study_id: str, index: int) -> PatientTraits:
    """Draw the traits of patient ``index``.

    Parameters
    ----------
    rng : numpy.random.Generator
        The generator of the cohort. Only its seed counts, not its state: the traits depend on seed and index.
    study_id : str
        Study ID that the patient gets.
    index : int
        Number of the patient from 0.
    """
    stream = child_stream(rng, "traits", index)
    site = _choose(stream, SITES)
    # The left lung has no middle lobe.
    right = stream.random() < RIGHT_SHARE
    fractions, prescription_gy = _choose(stream, SCHEDULES)
    return PatientTraits(
        study_id=study_id,
        index=index,
        tumour_site=site,
        laterality="R" if right or site == "middle" else "L",
        stage=_choose(stream, STAGES),
        lung_disease=bool(stream.random() < LUNG_DISEASE_SHARE),
        technique=_choose(stream, TECHNIQUES),
        fractions=fractions,
        prescription_gy=prescription_gy,
    )


def sample_factors(rng: np.random.Generator, traits: PatientTraits) -> PatientFactors:
    """Draw the factors of a patient, given the traits; depends on the seed of ``rng`` and the index only."""
    stream = child_stream(rng, "factors", traits.index)
    smoking = _choose(stream, SMOKING[traits.lung_disease])
    age_y = round(float(np.clip(stream.normal(65.0 if traits.lung_disease else 62.0, 9.0), 38.0, 86.0)))
    fev1_pct = round(float(np.clip(stream.normal(62.0 if traits.lung_disease else 84.0, 14.0), 28.0, 125.0)), 1)
    measured = stream.random() >= FEV1_MISSING_SHARE
    return PatientFactors(
        age_y=age_y,
        sex="F" if stream.random() < (0.55 if smoking == "never" else 0.24) else "M",
        smoking=smoking,
        histology=_choose(stream, HISTOLOGY[smoking]),
        chemotherapy=_choose(stream, CHEMOTHERAPY[traits.stage]),
        fev1_pct=fev1_pct if measured else None,
    )


def _choose(stream: np.random.Generator, shares: dict[T, float]) -> T:
    """Draw one key with its share as probability."""
    drawn = stream.random() * sum(shares.values())
    for key, share in shares.items():
        drawn -= share
        if drawn < 0:
            return key
    return next(reversed(shares))
