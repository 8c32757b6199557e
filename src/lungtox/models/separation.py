"""Separation: outcome and predictors for which no finite maximum-likelihood estimate exists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

from lungtox.errors import FitError

FloatArray = npt.NDArray[np.float64]

_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Separation:
    """Whether some combination of predictors splits the outcome perfectly (or up to ties).

    Attributes
    ----------
    found : bool
    terms : tuple of str
        Terms whose maximum-likelihood estimate is infinite.
    """

    found: bool
    terms: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Tell whether separation was found."""
        return self.found


def find_separation(x: FloatArray, y: FloatArray, *, terms: tuple[str, ...]) -> Separation:
    """Find separation by Konis' linear programme (Konis 2007, equation 4.23).

    It looks for a direction along which no patient's likelihood falls and at least one rises. firthmodels has the
    same programme; here the columns are centred and scaled first, because its tolerance is absolute and a predictor
    in thousands would escape it.

    Parameters
    ----------
    x : ndarray, shape (n, k)
        Full-rank design matrix, the intercept in the first column.
    y : ndarray, shape (n,)
        0 or 1.
    terms : tuple of str
        Names of the columns.

    Returns
    -------
    Separation
    """
    mean, spread = x[:, 1:].mean(axis=0), x[:, 1:].std(axis=0)
    scaled = np.column_stack([x[:, :1], (x[:, 1:] - mean) / spread])
    signed = (2.0 * y - 1.0)[:, None] * scaled
    programme = linprog(
        -signed.sum(axis=0),
        A_ub=-signed,
        b_ub=np.zeros(len(y)),
        bounds=[(-1.0, 1.0)] * x.shape[1],
        method="highs",
    )
    if not programme.success:
        raise FitError(f"separation could not be checked: the linear programme stopped with: {programme.message}")
    direction = np.asarray(programme.x, dtype=np.float64)
    # Back to the intercept of the unscaled predictors.
    direction[0] -= float(np.sum(direction[1:] * mean / spread))
    infinite = np.abs(direction) > _TOLERANCE
    if not infinite[1:].any():
        return Separation(False)
    return Separation(True, tuple(term for term, yes in zip(terms, infinite, strict=True) if yes))
