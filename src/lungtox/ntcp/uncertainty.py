"""NTCP intervals from the intervals of a model's parameters, as far as these were published.

Papers print one interval for each parameter and no correlation. What that leaves open is not guessed: NTCP is drawn
under each dependence of the parameters that is possible, and the interval covers all of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from lungtox.errors import ParameterError
from lungtox.ntcp.published import PublishedModel
from lungtox.ntcp.records import BOUNDS, PARAMETERS

if TYPE_CHECKING:
    from lungtox.dose import Dvh

Floats = NDArray[np.float64]
Draw = Mapping[str, Floats]

DRAWS = 100_000
FEW_DRAWS = 2_000
LEVEL = 0.95
LINEAR = ("b0", "b1")  # every other parameter is positive, and drawn on the log scale
SMALLEST_SLOPE = 1e-9
SPOKEN = {"td50_gy": "TD50", "d50_gy": "D50"}


@dataclass(frozen=True)
class ParameterDraws:
    """Values of a model's parameters, one set for each possible dependence between them.

    Attributes
    ----------
    independent : mapping of str to ndarray, shape (draws,)
    dependent : tuple of mappings
        The other dependences that the interval has to cover; with a given correlation the only one.
    varied : tuple of str
        Parameters with a published interval.
    assumption : str
        How they were put together, for the reader.
    given : bool
        The correlation was given: `independent` is then for comparison only.
    """

    independent: Draw
    dependent: tuple[Draw, ...]
    varied: tuple[str, ...]
    assumption: str
    given: bool


@dataclass(frozen=True)
class NtcpInterval:
    """The interval of an NTCP, or of a difference of two.

    Attributes
    ----------
    low, high : float
        Under every dependence of the parameters that is possible (or the one that was given).
    low_independent, high_independent : float
        With independent parameters.
    level : float
    varied : tuple of str
    assumption : str
    """

    low: float
    high: float
    low_independent: float
    high_independent: float
    level: float
    varied: tuple[str, ...]
    assumption: str


def no_interval_reason(model: PublishedModel) -> str:
    """Say why a model has no NTCP interval; empty when it has one."""
    if model.status == "fit":
        return "" if model.covariance is not None else model.covariance_absent
    without = [name for name in PARAMETERS[model.model] if name != "n" and name not in model.intervals]
    return f"none is on record for {spoken(without)}" if without else ""


def spoken(parameters: Iterable[str]) -> str:
    """Give parameter names as a reader knows them, joined by "and"."""
    return " and ".join(SPOKEN.get(name, name) for name in parameters)


def draw_parameters(
    model: PublishedModel, rng: np.random.Generator, *, draws: int | None = None, correlation: float | None = None
) -> ParameterDraws | None:
    """Draw a model's parameters from their published intervals; None where it has none (`no_interval_reason`).

    Each parameter follows a normal distribution of two halves, on the log scale if it is positive: its median is the
    estimate and its central share of the printed level is exactly the printed interval.

    Parameters
    ----------
    model : PublishedModel
    rng : numpy Generator
    draws : int, optional
        Default: 100,000; 2,000 for relative seriality, which is computed one by one.
    correlation : float, optional
        Of the two parameters with an interval (of their normal scores), when it is known. By default every dependence
        is covered: independent, and the extremes, in which one parameter is a function of the other. For b0 and b1 of a
        logistic regression on doses the rising one is left out: maximum likelihood gives them a negative correlation,
        because no dose is negative.

    Raises
    ------
    ParameterError
        A correlation outside -1..1, or for other than two parameters.
    """
    varied = tuple(name for name in model.parameters if name in model.intervals)
    if correlation is not None and (model.status == "fit" or len(varied) != 2 or not -1.0 <= correlation <= 1.0):
        count = f"{model.name} has {len(varied)} with an interval"
        raise ParameterError(f"a correlation is a number from -1 to 1 for two parameters; {count}")
    if no_interval_reason(model):
        return None
    if model.covariance is not None:
        return _draw_fit(model, model.covariance, rng, draws or DRAWS)
    draws = draws or (FEW_DRAWS if model.model == "relative_seriality" else DRAWS)
    scores = rng.standard_normal((len(varied), draws))
    first = scores[0]

    def drawn(rows: list[Floats]) -> Draw:
        values = {name: _spread(model, name, row) for name, row in zip(varied, rows, strict=True)}
        fixed = {name: np.full(draws, value) for name, value in model.parameters.items() if name not in values}
        return values | fixed

    independent = drawn(list(scores))
    names = spoken(varied)
    if correlation is not None:
        tied = correlation * first + np.sqrt(1.0 - correlation**2) * scores[1]
        return ParameterDraws(independent, (drawn([first, tied]),), varied, f"{names} correlated {correlation:g}", True)
    regression = varied == ("b0", "b1")
    signs = [(1, -1)] if regression else [(1, *rest) for rest in itertools.product((1, -1), repeat=len(varied) - 1)]
    if len(varied) == 1:
        signs, assumption = [], f"only {names} varies"
    elif regression:
        assumption = "correlation of b0 and b1 not known: every one from -1 to 0 covered (above 0 is impossible)"
    else:
        assumption = f"correlation of {names} not known: every one covered"
    tied_draws = tuple(drawn([sign * first for sign in pattern]) for pattern in signs)
    return ParameterDraws(independent, tied_draws, varied, assumption, False)


def interval_of(quantity: Callable[[Draw], Floats], drawn: ParameterDraws, *, level: float = LEVEL) -> NtcpInterval:
    """Give the interval of what `quantity` makes of the parameters, over all their dependences.

    Two plans of a patient share the draws when `quantity` is the difference of their NTCP: the interval is paired.
    """
    tails = [50.0 * (1.0 - level), 50.0 * (1.0 + level)]
    alone = np.percentile(quantity(drawn.independent), tails)
    others = [np.percentile(quantity(draw), tails) for draw in drawn.dependent]
    covered = others if drawn.given else [alone, *others]
    return NtcpInterval(
        low=float(min(low for low, _ in covered)),
        high=float(max(high for _, high in covered)),
        low_independent=float(alone[0]),
        high_independent=float(alone[1]),
        level=level,
        varied=drawn.varied,
        assumption=drawn.assumption,
    )


def ntcp_draws(
    model: PublishedModel, dose: Dvh | float, factors: Mapping[str, object] | None, parameters: Draw
) -> Floats:
    """Give NTCP of one dose for each draw of the parameters, shape (draws,).

    Parameters
    ----------
    model : PublishedModel
    dose : Dvh or float
        Already accepted by the model; a mean dose (Gy) where it needs no more.
    factors : mapping or None
        Clinical columns; their odds ratios do not vary (no interval of theirs is on record).
    parameters : mapping of str to ndarray, shape (draws,)
    """
    if isinstance(dose, (int, float)):
        return np.asarray(model.risk_at(float(dose), factors, dict(parameters)), dtype=float)
    if model.model == "relative_seriality":
        rows = zip(*parameters.values(), strict=True)
        return np.array([model.serial_risk(dose, dict(zip(parameters, row, strict=True))) for row in rows])
    return np.asarray(model.risk_at(model.dose_gy(dose), factors, dict(parameters)), dtype=float)


def _draw_fit(
    model: PublishedModel, covariance: tuple[float, float, float], rng: np.random.Generator, draws: int
) -> ParameterDraws:
    """Draw a fit's c0 and c1 from their normal approximation; the dose response does not fall."""
    p = model.parameters
    lkb = model.model == "lkb"
    centre = (-1.0 / p["m"], 1.0 / (p["m"] * p["td50_gy"])) if lkb else (p["b0"], p["b1"])
    v00, v01, v11 = covariance
    c0, c1 = rng.multivariate_normal(centre, [[v00, v01], [v01, v11]], size=draws).T
    c1 = np.maximum(c1, SMALLEST_SLOPE)
    if lkb:
        c0 = np.minimum(c0, -1.0 / BOUNDS["m"][1])
    drawn = {"td50_gy": -c0 / c1, "m": -1.0 / c0} if lkb else {"b0": c0, "b1": c1}
    assumption = "normal approximation of the profile-likelihood band of the fit"
    return ParameterDraws(drawn, (drawn,), tuple(drawn), assumption, True)


def _spread(model: PublishedModel, name: str, score: Floats) -> Floats:
    """Turn normal scores into values whose median is the estimate and whose central share is the interval."""
    low, high = model.intervals[name]
    estimate = model.parameters[name]
    reach = float(ndtri(0.5 * (1.0 + LEVEL)))  # the level that papers print
    if name in LINEAR:
        values = estimate + score / reach * np.where(score < 0, estimate - low, high - estimate)
    else:
        values = estimate * np.exp(score / reach * np.where(score < 0, np.log(estimate / low), np.log(high / estimate)))
    inside: Floats = np.clip(values, *BOUNDS[name])
    return inside
