"""Adjustment of p values within a declared family."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def benjamini_hochberg(p: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Give the q values of a family of p values (Benjamini and Hochberg 1995, by statsmodels).

    Parameters
    ----------
    p : array_like, shape (k,)
        A missing p value belongs to a test that was not done: it stays missing and does not count.

    Returns
    -------
    ndarray, shape (k,)
    """
    from statsmodels.stats.multitest import multipletests

    values = np.asarray(p, dtype=np.float64)
    q = np.full(values.shape, np.nan)
    done = ~np.isnan(values)
    if done.any():
        q[done] = multipletests(values[done], method="fdr_bh")[1]
    return q
