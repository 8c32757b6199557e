"""NTCP formulas on plain arrays: numerically safe, nothing fitted here.

Sources: Lyman 1985 and Kutcher & Burman 1989 (LKB), Niemierko 1999 (gEUD, log-logistic), Källman 1992 (relative
seriality), Jackson 1995 (parallel).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, ndtr

from lungtox.errors import ParameterError

Floats = NDArray[np.float64]


def geud_gy(dose_gy: ArrayLike, volume_cc: ArrayLike, *, a: float) -> float:
    """Give the generalised equivalent uniform dose (sum v D^a / sum v)^(1/a).

    Parameters
    ----------
    dose_gy, volume_cc : array-like, shape (bins,)
        Bin doses (use mid-bin) and their volumes, in any unit of volume.
    a : float
        Exponent, positive; a = 1 is the mean, a = 1/n for the n of LKB.
    """
    dose, share = _shares(dose_gy, volume_cc)
    _positive(a=a)
    highest = float(dose.max())
    if highest == 0.0:
        return 0.0
    # Scaled by the highest dose before the power, or 60 ** 100 leaves what a float can hold well.
    return float(highest * (share @ (dose / highest) ** a) ** (1.0 / a))


def lkb(geud: ArrayLike, *, td50_gy: ArrayLike, m: ArrayLike) -> Any:
    """Give Phi((gEUD - TD50) / (m TD50)). At no dose this is Phi(-1/m), not 0."""
    _positive(td50_gy=td50_gy, m=m)
    return ndtr((np.asarray(geud, dtype=float) - td50_gy) / np.multiply(m, td50_gy))


def logistic(dose_gy: ArrayLike, *, b0: float, b1: float) -> Any:
    """Give 1 / (1 + exp(-b0 - b1 D)), with D the mean dose or gEUD in Gy."""
    return expit(b0 + b1 * np.asarray(dose_gy, dtype=float))


def log_logistic(geud: ArrayLike, *, td50_gy: ArrayLike, gamma50: ArrayLike) -> Any:
    """Give 1 / (1 + (TD50 / gEUD)^(4 gamma50)); 0 at no dose."""
    _positive(td50_gy=td50_gy, gamma50=gamma50)
    with np.errstate(divide="ignore"):
        return expit(4.0 * np.asarray(gamma50) * (np.log(np.asarray(geud, dtype=float)) - np.log(td50_gy)))


def relative_seriality(dose_gy: ArrayLike, volume_cc: ArrayLike, *, d50_gy: float, gamma: float, s: float) -> float:
    """Give the relative-seriality NTCP [1 - prod (1 - P(D_i)^s)^v_i]^(1/s) with P(D) = 2^-exp(e gamma (1 - D/D50)).

    Computed in logarithms, so that s may go to 0, where the answer tends to P(mean D).
    """
    dose, share = _shares(dose_gy, volume_cc)
    _positive(d50_gy=d50_gy, gamma=gamma, s=s)
    log_p = -np.log(2.0) * np.exp(np.e * gamma * (1.0 - dose / d50_gy))
    with np.errstate(divide="ignore"):
        log_spared = float(share @ np.log(-np.expm1(s * log_p)))
        return float(np.exp(np.log1p(-np.exp(log_spared)) / s))


def parallel(dose_gy: ArrayLike, volume_cc: ArrayLike, *, d50_gy: float, k: float, f50: float, sigma: float) -> float:
    """Give the parallel NTCP Phi((f - f50) / sigma) of the damaged share f = sum v / (1 + (d50/D)^k)."""
    dose, share = _shares(dose_gy, volume_cc)
    _positive(d50_gy=d50_gy, k=k, sigma=sigma)
    with np.errstate(divide="ignore"):
        damaged = float(share @ expit(k * (np.log(dose) - np.log(d50_gy))))
    return float(ndtr((damaged - f50) / sigma))


def _shares(dose_gy: ArrayLike, volume_cc: ArrayLike) -> tuple[Floats, Floats]:
    """Give the bins that hold volume: doses, and shares of the volume that add up to 1."""
    dose, volume = np.asarray(dose_gy, dtype=float), np.asarray(volume_cc, dtype=float)
    if dose.shape != volume.shape or dose.ndim != 1:
        raise ParameterError(f"dose_gy and volume_cc must be vectors of one length, got {dose.shape}, {volume.shape}")
    if not (np.isfinite(dose).all() and np.isfinite(volume).all()) or (dose < 0).any() or (volume < 0).any():
        raise ParameterError("dose_gy and volume_cc must be finite and not negative")
    if volume.sum() <= 0:
        raise ParameterError("volume_cc adds up to 0: the structure is empty")
    filled = volume > 0
    return dose[filled], volume[filled] / volume[filled].sum()


def _positive(**values: Any) -> None:
    for name, value in values.items():
        if not (np.isfinite(value).all() and np.greater(value, 0).all()):
            raise ParameterError(f"{name} must be positive and finite, got {value}")
