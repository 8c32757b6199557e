"""What is known of a synthetic patient before anatomy, and what anatomy and plan give back to the outcome model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

TumourSite = Literal["upper", "middle", "lower"]
Laterality = Literal["L", "R"]
Stage = Literal["I", "II", "III", "IV"]
Technique = Literal["3D-CRT", "IMRT", "VMAT"]


@dataclass(frozen=True)
class PatientTraits:
    """What decides anatomy and plan of one synthetic patient.

    Attributes
    ----------
    study_id : str
        Such as ``"LT001"``.
    index : int
        Place in the cohort, from 0. The same index is the same patient whatever the size of the cohort.
    tumour_site, laterality, stage, lung_disease, technique
        Clinical description.
    fractions : int
    prescription_gy : float
        Total physical dose prescribed to the PTV mean.
    """

    study_id: str
    index: int
    tumour_site: TumourSite
    laterality: Laterality
    stage: Stage
    lung_disease: bool
    technique: Technique
    fractions: int
    prescription_gy: float


@dataclass(frozen=True)
class DoseVolume:
    """Differential DVH; bins without volume are kept.

    Attributes
    ----------
    dose_gy : ndarray, shape (n,)
        Start of each bin; evenly spaced.
    volume_cc : ndarray, shape (n,)
    """

    dose_gy: FloatArray
    volume_cc: FloatArray


@dataclass(frozen=True)
class DoseSummary:
    """Dose to both lungs without the GTV, as the outcome model needs it.

    Functional values are of the region where perfusion is at least 40 % of its maximum within the lungs
    without the GTV; perfusion is that of the patient blurred to the scanner's resolution, without noise.

    Attributes
    ----------
    mld_gy, fmld_gy, mpwld_gy : float
        Mean dose of the lungs, of the functional region, and weighted by blurred perfusion.
    fmld_unblurred_gy : float
        As ``fmld_gy`` with the perfusion before blurring.
    v20_pct, fv20_pct : float
        Share of the lungs, and of the functional region, at 20 Gy or more.
    dvh_lung, dvh_functional : DoseVolume
    treatment_beams : int
    has_spect : bool
        False for the share of patients who get no SPECT file.
    """

    mld_gy: float
    fmld_gy: float
    fmld_unblurred_gy: float
    mpwld_gy: float
    v20_pct: float
    fv20_pct: float
    dvh_lung: DoseVolume
    dvh_functional: DoseVolume
    treatment_beams: int
    has_spect: bool
