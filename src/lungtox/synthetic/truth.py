"""The stated truth of the demo cohort: how radiation pneumonitis depends on dose and patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from lungtox.provenance import versions
from lungtox.tables import read_json

FloatArray = npt.NDArray[np.float64]
MARGINAL_FILE = "marginal.json"


@dataclass(frozen=True)
class Truth:
    """Coefficients on the log-odds scale of RP of grade 2 or higher within six months of the end of RT.

    The model is exactly `functional_clinical` of config.yaml: functional mean lung dose (mean physical dose of
    the lung region with at least 40 % of the maximum perfusion), age, lung disease, smoking.
    """

    intercept: float = -6.5
    """Puts the event rate at about 30 %, between S8 (37 %) and S7 (21 %)."""
    fmld_per_gy: float = 0.25
    """Niezink 2023 has 0.250 per Gy of mean lung dose; the demo lets functional dose carry it, as S9 found."""
    age_per_year: float = 0.049
    """Niezink 2023."""
    lung_disease: float = 0.82
    """ln 2.27, the comorbidity of Appelt 2014; S9 found baseline lung disease associated."""
    smoking_former: float = -0.371
    """ln 0.69, Appelt 2014."""
    smoking_current: float = -0.478
    """ln 0.62, Appelt 2014; between no effect (S9) and -0.902 (Niezink 2023)."""

    def terms(self) -> dict[str, float]:
        """Give coefficient names and values."""
        return {name: float(value) for name, value in asdict(self).items()}


TRUTH = Truth()


def rp_probability(
    fmld_gy: npt.ArrayLike,
    *,
    age_y: npt.ArrayLike,
    lung_disease: npt.ArrayLike,
    smoking: npt.ArrayLike,
    truth: Truth = TRUTH,
) -> FloatArray:
    """Give the true probability of RP of grade 2 or higher within the window.

    Parameters
    ----------
    fmld_gy, age_y : array_like, shape (n,)
        Functional mean lung dose in Gy, age in years.
    lung_disease : array_like of bool, shape (n,)
    smoking : array_like of str, shape (n,)
        ``never``, ``former`` or ``current``.
    truth : Truth
        Coefficients.

    Returns
    -------
    ndarray, shape (n,)
    """
    habit = np.asarray(smoking)
    log_odds = (
        truth.intercept
        + truth.fmld_per_gy * np.asarray(fmld_gy, dtype=np.float64)
        + truth.age_per_year * np.asarray(age_y, dtype=np.float64)
        + truth.lung_disease * np.asarray(lung_disease, dtype=np.float64)
        + truth.smoking_former * (habit == "former")
        + truth.smoking_current * (habit == "current")
    )
    probability: FloatArray = 1.0 / (1.0 + np.exp(-log_odds))
    return probability


def truth_document(
    *, seed: Any, patients: Sequence[str], fmld_gy: Sequence[float], probability: Sequence[float]
) -> dict[str, Any]:
    """Give the content of truth.json.

    Parameters
    ----------
    seed : int or sequence of int
        Entropy of the cohort's random generator.
    patients : sequence of str
        Study IDs.
    fmld_gy, probability : sequence of float
        Functional mean lung dose in Gy and true probability of each patient.

    Returns
    -------
    dict
        The generating model with its coefficients; what dose-only models tend to in a large cohort of the same
        kind (`marginal`, from marginal.json); seed, versions, and each patient's probability.
    """
    found = versions()
    return {
        "model": "functional_clinical",
        "outcome": "RP of CTCAE grade 2 or higher within 6 months of the end of RT",
        "predictors": ["fmld_gy", "age_y", "lung_disease", "smoking"],
        "reference_levels": {"lung_disease": "no", "smoking": "never"},
        "coefficients": TRUTH.terms(),
        "marginal": marginal_truth(),
        "seed": seed if isinstance(seed, int) else list(seed),
        "versions": {name: found[name] for name in ("lungtox", "python", "numpy") if name in found},
        "patients": [
            {"patient": name, "fmld_gy": float(dose), "probability": float(chance)}
            for name, dose, chance in zip(patients, fmld_gy, probability, strict=True)
        ],
    }


def marginal_truth() -> dict[str, Any] | None:
    """Read what dose-only fits on mean lung dose tend to (marginal.json); None before it has been computed."""
    path = Path(__file__).with_name(MARGINAL_FILE)
    return read_json(path) if path.is_file() else None
