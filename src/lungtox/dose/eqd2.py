"""Equivalent dose in 2 Gy fractions, voxel by voxel."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lungtox.errors import ParameterError


def eqd2_gy(dose_gy: ArrayLike, fractions: int | None, alpha_beta_gy: float) -> NDArray[np.float64]:
    """Convert physical dose to EQD2 = D (D/N + r) / (2 + r), r = alpha/beta (linear-quadratic model, Withers 1983).

    Parameters
    ----------
    dose_gy : array_like
        Total physical dose of one course, in each voxel or sample. Never a mean: the mean of EQD2 is not the EQD2 of
        the mean. Courses are converted one by one and then added.
    fractions : int
        Fractions N in which this dose is given; every voxel gets D/N each time.
    alpha_beta_gy : float

    Returns
    -------
    ndarray
        Of the shape of `dose_gy`.

    Raises
    ------
    ParameterError
        Without a number of fractions, or with an alpha/beta that is not positive.
    """
    if fractions is None or fractions < 1:
        raise ParameterError(f"EQD2 needs the number of fractions of the dose, got {fractions}")
    if not 0 < alpha_beta_gy < np.inf:
        raise ParameterError(f"alpha_beta_gy must be positive, got {alpha_beta_gy}")
    dose = np.asarray(dose_gy, dtype=np.float64)
    result: NDArray[np.float64] = dose * (dose / fractions + alpha_beta_gy) / (2.0 + alpha_beta_gy)
    return result
