"""Multivariable logistic regression with profile-likelihood intervals."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc

from lungtox.errors import FitError, ParameterError
from lungtox.models.config import SelectionSettings, TransformSettings
from lungtox.models.design import Design, build_design, require_few_parameters
from lungtox.models.firth import fit_firth, flic_intercept
from lungtox.models.logistic_fit import LogisticFit as LogisticFit
from lungtox.models.newton import maximise
from lungtox.models.profile import Profile, profile_coefficients
from lungtox.models.recipe import SHRINKING, Coefficients, Penalty, make_recipe
from lungtox.models.sandwich import robust_covariance, wald, wald_joint
from lungtox.models.separation import Separation, find_separation
from lungtox.models.weights import row_weights

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]

# Peduzzi 1996: below ten events per variable estimates and intervals of logistic models become unreliable.
FEW_EVENTS_PER_VARIABLE = 10.0


def fit_logistic(
    table: pd.DataFrame,
    *,
    outcome: str = "rp",
    predictors: Sequence[str],
    penalty: Penalty = "none",
    dictionary: pd.DataFrame | None = None,
    transforms: Mapping[str, TransformSettings] | None = None,
    interactions: Sequence[Sequence[str]] = (),
    selection: SelectionSettings | None = None,
    rng: np.random.Generator | None = None,
    weight: str | None = None,
) -> LogisticFit:
    """Fit a logistic model to the complete rows of a table.

    Parameters
    ----------
    table : DataFrame
        One row per patient.
    outcome : str
        Column of 0, 1 or missing.
    predictors : sequence of str
        Numeric columns enter as they are, text columns dummy-coded against the dictionary's first level, else
        ``no``/``none``/``never``, else the first in alphabetical order. With a selection or a shrinking penalty these
        are the candidates.
    penalty : {"none", "firth", "ridge", "lasso", "elastic_net"}
        With ``none``, separated data (found by linear programming) are fitted with Firth's penalty instead, and a
        warning says so. The last three shrink, their strength tuned by cross-validation.
    dictionary : DataFrame, optional
        Data dictionary with `column` and `levels`.
    transforms : mapping of str to TransformSettings, optional
    interactions : sequence of pairs of str
        Pairs of predictors whose products enter.
    selection : SelectionSettings, optional
        Refused together with a shrinking penalty.
    rng : numpy.random.Generator, optional
        For the folds of a tuning; needed by the shrinking penalties and the selection by lasso.
    weight : str, optional
        Column of weights, such as those of `censoring_weights`; positive where the outcome is known.

    Returns
    -------
    LogisticFit

    Raises
    ------
    InputError
        A column does not exist.
    ParameterError
        The outcome is not 0 or 1, a number is infinite, the penalty is unknown, a value cannot be transformed, a
        weight is missing or not positive.
    FitError
        No complete row, one outcome class, constant or duplicated predictor, more parameters than events, no
        convergence. The message begins with the name of the finding.

    Notes
    -----
    Maximum likelihood by statsmodels, Firth (1993) by firthmodels. Intervals solve the profile-likelihood equation
    exactly; after a selection they ignore it. With weights they are robust (sandwich) and Wald's, because a weighted
    likelihood cannot be profiled; without, everything is as if there were no such column.
    """
    shrinks = penalty in SHRINKING
    if penalty not in ("none", "firth", *SHRINKING):
        raise ParameterError(f"penalty must be none, firth, {', '.join(SHRINKING)}, got {penalty!r}")
    if shrinks and selection is not None:
        raise ParameterError("a shrinking penalty selects or shrinks by itself: leave the selection out")
    if rng is None and (shrinks or (selection is not None and selection.method == "lasso")):
        raise ParameterError("a tuned penalty needs a generator: give rng")
    design = build_design(
        table, outcome=outcome, predictors=predictors, dictionary=dictionary, transforms=transforms,
        interactions=interactions, candidates=shrinks or selection is not None,
    )  # fmt: skip
    weights = row_weights(table, design, weight)
    recipe = make_recipe(design.encoding.groups, penalty=penalty, selection=selection)
    draws = np.random.default_rng(0) if rng is None else rng
    if shrinks:
        model = recipe.fit(design.x[None], design.y, draws, weights)
        if model is None:
            raise AssertionError("a design has both outcomes")
        return _shrunken_fit(design, model, weights, outcome=outcome, penalty=penalty)
    chosen = recipe.choose(design.x[None], design.y, draws, weights)
    columns = recipe.columns(chosen)
    return _selected_fit(design, chosen, columns, weights, outcome=outcome, penalty=penalty, selection=selection)


def _selected_fit(
    design: Design,
    chosen: frozenset[str],
    columns: list[int],
    weights: FloatArray | None,
    *,
    outcome: str,
    penalty: Penalty,
    selection: SelectionSettings | None,
) -> LogisticFit:
    """Fit the chosen columns, with intervals."""
    x, y, terms = design.x[:, columns], design.y, tuple(design.encoding.terms[column] for column in columns)
    require_few_parameters(len(columns) - 1, y)
    separation = find_separation(x, y, terms=terms) if len(columns) > 1 else Separation(False)
    used: Penalty = "firth" if separation else penalty
    beta, loglik, covariance = _firth(x, y, weights) if used == "firth" else _maximum_likelihood(x, y, weights)
    if weights is None:
        profile = profile_coefficients(x, y, beta=beta, firth=used == "firth")
    else:
        covariance = robust_covariance(x, y, beta=beta, weights=weights, firth=used == "firth")
        profile = Profile(*wald(beta, covariance))
    robust = None if weights is None else (beta, covariance)
    candidates = design.x.shape[1] - 1
    epv = min(design.events, design.n - design.events) / max(candidates, 1)
    told = _selection_warnings(selection, candidates, len(columns) - 1)
    return LogisticFit(
        outcome=outcome,
        predictors=design.encoding.predictors,
        penalty=used,
        estimates=_estimates(terms, beta, covariance, profile.low, profile.high, profile.p),
        weights=weights,
        covariance=covariance,
        loglik=loglik,
        n=design.n,
        events=design.events,
        epv=epv,
        separation=separation,
        converged=True,
        warnings=(*design.warnings, *told, *_warnings(penalty, separation, epv, profile, weights)),
        encoding=design.encoding,
        prediction_intercept=flic_intercept(x, y, beta, weights) if used == "firth" else float(beta[0]),
        candidates=candidates,
        chosen=tuple(group.name for group in design.encoding.groups if group.name in chosen),
        selection="none" if selection is None else selection.method,
        joint=() if used == "firth" else tuple(_joint_tests(design, chosen, columns, loglik, robust)),
    )


def _joint_tests(
    design: Design,
    chosen: frozenset[str],
    columns: list[int],
    loglik: float,
    robust: tuple[FloatArray, FloatArray] | None,
) -> Iterator[tuple[str, int, float]]:
    """Test all terms of a factor, a spline or an interaction at once; the other terms stay in.

    By the likelihood ratio; with weights by Wald's test of `robust`, estimates and covariance.
    """
    scaled = design.x / np.concatenate([[1.0], design.x[:, 1:].std(axis=0)])
    for group in design.encoding.groups:
        if group.name in chosen and len(group.columns) > 1:
            if robust is not None:
                places = [columns.index(column) for column in group.columns]
                yield group.name, len(places), wald_joint(*robust, places)
                continue
            rest = [column for column in columns if column not in group.columns]
            ratio = max(0.0, 2.0 * (loglik - maximise(scaled[:, rest], design.y).loglik))
            yield group.name, len(group.columns), float(chdtrc(len(group.columns), ratio))


def _shrunken_fit(
    design: Design, model: Coefficients, weights: FloatArray | None, *, outcome: str, penalty: Penalty
) -> LogisticFit:
    """Give a shrunken fit; its estimates are biased on purpose and carry no interval."""
    kept = [0, *(np.flatnonzero(model.beta[1:]) + 1)]
    terms = tuple(design.encoding.terms[column] for column in kept)
    eta = design.x @ model.beta
    loglik = float(design.y @ eta - np.logaddexp(0.0, eta).sum())
    if weights is not None:
        loglik = float(weights @ (design.y * eta - np.logaddexp(0.0, eta)))
    nothing = np.full(len(kept), np.nan)
    candidates = design.x.shape[1] - 1
    epv = min(design.events, design.n - design.events) / candidates
    few = [f"Only {epv:.1f} events per candidate variable; below 10 even shrunken estimates are unstable."]
    return LogisticFit(
        outcome=outcome,
        predictors=design.encoding.predictors,
        penalty=penalty,
        estimates=_estimates(terms, model.beta[kept], np.full((len(kept), len(kept)), np.nan), *[nothing] * 3),
        covariance=np.full((len(kept), len(kept)), np.nan),
        loglik=loglik,
        weights=weights,
        n=design.n,
        events=design.events,
        epv=epv,
        separation=Separation(False),
        converged=True,
        warnings=(*design.warnings, *(few if epv < FEW_EVENTS_PER_VARIABLE else [])),
        encoding=design.encoding,
        prediction_intercept=float(model.beta[0]),
        candidates=candidates,
        chosen=tuple(group.name for group in design.encoding.groups if group.name in model.chosen),
        strength=model.strength,
        mix=model.mix,
    )


def _selection_warnings(selection: SelectionSettings | None, candidates: int, kept: int) -> list[str]:
    if selection is None:
        return []
    sentences = [
        f"Selected by these data: {kept} of {candidates} candidate parameters. p values and intervals ignore the "
        "selection and are too optimistic."
    ]
    if kept == 0:
        sentences.append("No predictor was selected: every patient gets the same risk.")
    return sentences


def _maximum_likelihood(
    x: FloatArray, y: FloatArray, weights: FloatArray | None
) -> tuple[FloatArray, float, FloatArray]:
    scale = np.concatenate([[1.0], x[:, 1:].std(axis=0)])
    start = maximise(x / scale, y, weights=weights)
    if weights is not None:
        if not start.converged:
            raise FitError("no convergence: Newton's method did not reach the maximum of the weighted likelihood.")
        return start.beta / scale, start.loglik, np.linalg.inv(start.information) / np.outer(scale, scale)
    # Imported here: prediction and the refits of validation do without it (1.2 s).
    from statsmodels.discrete.discrete_model import Logit

    # statsmodels' Newton has no step control; ours has, so it gives the start and statsmodels has the last word.
    result = Logit(y, x / scale).fit(
        start_params=start.beta, method="newton", maxiter=100, tol=1e-10, disp=0, warn_convergence=False
    )
    if not (start.converged and result.mle_retvals["converged"]):
        raise FitError("no convergence: Newton's method did not reach the maximum of the likelihood.")
    covariance = np.asarray(result.cov_params(), dtype=np.float64) / np.outer(scale, scale)
    return np.asarray(result.params, dtype=np.float64) / scale, float(result.llf), covariance


def _firth(x: FloatArray, y: FloatArray, weights: FloatArray | None) -> tuple[FloatArray, float, FloatArray]:
    solution = fit_firth(x, y, weights)
    if not solution.converged:
        raise FitError("no convergence: Firth's penalised likelihood did not reach its maximum.")
    return solution.beta, solution.loglik, np.asarray(np.linalg.inv(solution.information))


def _estimates(
    terms: tuple[str, ...], beta: FloatArray, covariance: FloatArray, low: FloatArray, high: FloatArray, p: FloatArray
) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "term": list(terms),
            "estimate": beta,
            "se": np.sqrt(np.diag(covariance)),
            "low": low,
            "high": high,
            "p": p,
        }
    )


def _warnings(
    penalty: Penalty, separation: Separation, epv: float, profile: Profile, weights: FloatArray | None
) -> list[str]:
    sentences = []
    if separation:
        terms = ", ".join(separation.terms)
        action = "switch to Firth's penalised likelihood" if penalty == "none" else "Firth's penalty keeps them finite"
        sentences.append(f"Separation: no finite maximum-likelihood estimate for {terms}; {action}.")
    if separation or penalty == "firth":
        sentences.append(
            "Predictions use the FLIC intercept, because Firth's own pulls probabilities towards one half."
        )
    if epv < FEW_EVENTS_PER_VARIABLE:
        sentences.append(f"Only {epv:.1f} events per variable; below 10 estimates and intervals are unreliable.")
    if separation and weights is not None:
        sentences.append(
            "Separated and weighted: robust intervals are rough here; the codings beside are without weights."
        )
    if not (np.isfinite(profile.low).all() and np.isfinite(profile.high).all()):
        sentences.append("The likelihood is flat on one side: some interval limits are infinite.")
    return sentences


def odds_ratio(log_odds: float, *, step: float = 1.0) -> float:
    """Give the odds ratio for a step of the predictor; infinite where it overflows."""
    try:
        return math.exp(log_odds * step)
    except OverflowError:
        return math.inf
