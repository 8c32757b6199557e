"""A cohort written as a formula, so that R gets the same one: 160 patients, mean dose 6 to 25.9 Gy, six factors."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tests.unit.ntcp_cases import point_dvh

INDEX = np.arange(160)
DOSE_GY = 6 + 0.125 * ((INDEX * 37) % 160)
FACTORS = {  # of Appelt, in the order of published.toml, 0 or 1
    "dis": (INDEX * 7 % 10 < 3) * 1,
    "site": (INDEX * 3 % 7 < 3) * 1,
    "age": (INDEX * 11 % 9 < 4) * 1,
    "chemo": (INDEX % 5 == 0) * 1,
    "former": (INDEX % 4 == 1) * 1,
    "current": (INDEX % 4 == 2) * 1,
}
X = np.column_stack([DOSE_GY, *FACTORS.values()]).astype(float)
EFFECTS = np.array([4 * 1.19 / 34.4, *np.log([2.27, 1.87, 1.66, 1.60, 0.69, 0.62])])
_LEVEL = ((INDEX * 53 + 17) % 160 + 0.5) / 160
_BASE = -4.76 + X @ EFFECTS


def _outcome(log_odds) -> np.ndarray:
    return (1 / (1 + np.exp(-log_odds)) > _LEVEL).astype(int)


OUTCOMES = {
    "true": _outcome(_BASE),  # 27 events
    "up": _outcome(_BASE + 1.2),  # 54
    "flat": _outcome(-1.2 + 0.02 * (DOSE_GY - 15)),  # 37
    "turned": _outcome(_BASE + 2 - 4 * EFFECTS[1] * X[:, 1] - 3 * EFFECTS[2] * X[:, 2]),  # 42
}


def uniform_dvhs(doses_gy=DOSE_GY, **identity) -> list:
    """Uniform doses: mean and gEUD of any n are that dose."""
    return [point_dvh([dose], [1000.0], bin_width_gy=0.1, **identity) for dose in doses_gy]


def clinical() -> pd.DataFrame:
    """The factors as clinical.csv has them."""
    return pd.DataFrame(
        {
            "lung_disease": np.where(FACTORS["dis"] == 1, "yes", "no"),
            "tumour_site": np.where(FACTORS["site"] == 1, "lower", "upper"),
            "age_y": np.where(FACTORS["age"] == 1, 70.0, 55.0),
            "chemotherapy": np.where(FACTORS["chemo"] == 1, "sequential", "none"),
            "smoking": np.select([FACTORS["former"] == 1, FACTORS["current"] == 1], ["former", "current"], "never"),
        }
    )
