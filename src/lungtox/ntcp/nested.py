"""Likelihood-ratio test of a model against a simpler one that it contains."""

from __future__ import annotations

from dataclasses import dataclass

from scipy.special import chdtrc


@dataclass(frozen=True)
class NestedTest:
    """One test.

    Attributes
    ----------
    null : str
        What the simpler model says, such as ``n = 1``.
    loglik : float
        Of the simpler model.
    chi2 : float
        Twice the gain of the log-likelihood.
    df : int
    p : float
        Where the null lies on the bound of the parameter, half of the upper tail: chi-square of 0 and 1 df, mixed
        50:50 (Self and Liang 1987).
    on_bound : bool
    """

    null: str
    loglik: float
    chi2: float
    df: int
    p: float
    on_bound: bool


def nested_test(null: str, *, loglik: float, simpler: float, df: int, on_bound: bool) -> NestedTest:
    """Give the test from both log-likelihoods."""
    chi2 = max(2.0 * (loglik - simpler), 0.0)
    tail = float(chdtrc(df, chi2))
    p = 1.0 if on_bound and chi2 == 0.0 else 0.5 * tail if on_bound else tail
    return NestedTest(null, simpler, chi2, df, p, on_bound)
