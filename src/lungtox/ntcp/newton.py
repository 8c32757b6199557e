"""Newton's method for the models that are a straight line: over the plane, over many planes at once, along lines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, expit, log_expit, log_ndtr, ndtr

from lungtox.ntcp.model import Link

Floats = NDArray[np.float64]
SQRT_2_OVER_PI = float(np.sqrt(2.0 / np.pi))
NEWTON_STEPS = 100
PLAIN_STEPS = 25  # without step control, which concave probits and logits seldom need


def probability(eta: Floats, link: Link) -> Floats:
    """Give the probability of a linear predictor."""
    result: Floats = ndtr(eta) if link == "probit" else expit(eta)
    return result


def log_probability(eta: Floats, link: Link) -> Floats:
    """Give the logarithm of the probability of a linear predictor, exact far into the tail."""
    result: Floats = log_ndtr(eta) if link == "probit" else log_expit(eta)
    return result


def slope_and_weight(eta: Floats, sign: Floats, link: Link) -> tuple[Floats, Floats]:
    """Give first derivative and negative second derivative of the log-likelihood terms by the linear predictor."""
    t = sign * eta
    if link == "logit":
        p = expit(-t)
        return sign * p, p * (1.0 - p)
    # phi(t)/Phi(t) by the scaled complementary error function: exact in both tails.
    with np.errstate(over="ignore"):
        ratio = SQRT_2_OVER_PI / erfcx(-t / np.sqrt(2.0))
    return sign * ratio, np.where(t < -1e5, 1.0, ratio * (ratio + t))


def newton_plane(g: Floats, sign: Floats, link: Link) -> tuple[float, float, float] | None:
    """Maximise over (c0, c1) for one vector g; None where there is no finite maximum (separation, constant g).

    Gives c0, c1 and the log-likelihood.
    """
    centre, spread = float(g.mean()), float(g.std())
    if not spread > 1e-12 * max(1.0, abs(centre)):
        return None
    z = (g - centre) / spread
    c = np.zeros(2)
    loglik = float(log_probability(sign * 0.0 * z, link).sum())
    for _ in range(NEWTON_STEPS):
        slope, weight = slope_and_weight(c[0] + c[1] * z, sign, link)
        gradient = np.array([slope.sum(), slope @ z])
        cross = float(weight @ z)
        hessian = np.array([[weight.sum(), cross], [cross, weight @ (z * z)]])
        determinant = hessian[0, 0] * hessian[1, 1] - cross**2
        if not determinant > 1e-14:
            return None
        step = np.linalg.solve(hessian, gradient)
        decrement = float(gradient @ step)
        if decrement < 1e-20:
            break
        stepped = _climb(c, step, loglik, z, sign, link)
        if stepped is None:
            break
        c, loglik = stepped
        if np.abs(c).max() > 1e4:
            return None
    return float(c[0] - c[1] * centre / spread), float(c[1] / spread), loglik


def newton_planes(g: Floats, sign: Floats, link: Link) -> list[tuple[float, float, float] | None]:
    """Maximise over (c0, c1) for each row of g at once, shape (rows, patients); None where plain Newton does not do.

    The log-likelihood found is short of the maximum by less than 1e-12. `newton_plane` does the rows left over.
    """
    rows = g.shape[0]
    centre, spread = g.mean(axis=1), g.std(axis=1)
    usable = spread > 1e-12 * np.maximum(1.0, np.abs(centre))
    z = (g - centre[:, np.newaxis]) / np.where(usable, spread, 1.0)[:, np.newaxis]
    squares = z * z
    c, done, active = np.zeros((rows, 2)), np.zeros(rows, dtype=bool), np.flatnonzero(usable)
    for _ in range(PLAIN_STEPS):
        eta = c[active, :1] + c[active, 1:] * z[active]
        slope, weight = slope_and_weight(eta, sign, link)
        g0, g1 = slope.sum(axis=1), (slope * z[active]).sum(axis=1)
        h00, h01 = weight.sum(axis=1), (weight * z[active]).sum(axis=1)
        h11 = (weight * squares[active]).sum(axis=1)
        determinant = h00 * h11 - h01**2
        sound = determinant > 1e-10
        scale = np.where(sound, determinant, 1.0)
        s0, s1 = (h11 * g0 - h01 * g1) / scale, (h00 * g1 - h01 * g0) / scale
        small = sound & (g0 * s0 + g1 * s1 < 1e-12)
        c[active] += np.column_stack([s0, s1])
        done[active[small]] = True
        going = sound & ~small & (np.abs(c[active]).max(axis=1) < 50.0)
        active = active[going]
        if active.size == 0:
            break
    loglik = log_probability(sign * (c[:, :1] + c[:, 1:] * z), link).sum(axis=1)
    steep = c[:, 1] / np.where(usable, spread, 1.0)
    return [
        (float(c[row, 0] - steep[row] * centre[row]), float(steep[row]), float(loglik[row])) if done[row] else None
        for row in range(rows)
    ]


def _climb(c: Floats, step: Floats, loglik: float, z: Floats, sign: Floats, link: Link) -> tuple[Floats, float] | None:
    """Halve a Newton step until the log-likelihood does not fall; None when it is at its top."""
    for halving in range(40):
        trial = c + step * 0.5**halving
        value = float(log_probability(sign * (trial[0] + trial[1] * z), link).sum())
        if value > loglik or (halving == 0 and value >= loglik - 1e-13 * abs(loglik) and np.abs(step).max() < 1e-6):
            return trial, value
    return None


def newton_line(
    base: Floats, direction: Floats, sign: Floats, link: Link, *, low: float, high: float
) -> tuple[Floats, Floats]:
    """Maximise sum log F(sign (base + s direction)) over s in [low, high], for each row on its own.

    Newton with a bracket: a step that leaves the bracket goes to its end when that was not tried, else to its middle.

    Parameters
    ----------
    base, direction : ndarray, shape (rows, patients)
    low, high : float
        Finite; the bounds of the parameters see to that.

    Returns
    -------
    s, loglik : ndarray, shape (rows,)
    """
    rows = base.shape[0]
    left, right = np.full(rows, low), np.full(rows, high)
    left_tried, right_tried = np.zeros(rows, dtype=bool), np.zeros(rows, dtype=bool)
    s = np.clip(np.zeros(rows), low, high)
    active = np.arange(rows)
    for _ in range(NEWTON_STEPS):
        here = s[active]
        slope, weight = slope_and_weight(base[active] + here[:, np.newaxis] * direction[active], sign, link)
        gradient = (slope * direction[active]).sum(axis=1)
        step = gradient / np.maximum((weight * direction[active] ** 2).sum(axis=1), 1e-300)
        rising, falling = active[gradient > 0], active[gradient < 0]
        left[rising], left_tried[rising] = s[rising], True
        right[falling], right_tried[falling] = s[falling], True
        # At an end of the range where the log-likelihood still climbs outwards, the end is the answer.
        pinned = ((here >= high) & (gradient > 0)) | ((here <= low) & (gradient < 0))
        narrow = right[active] - left[active] < 1e-15 * (1.0 + np.abs(here))
        moving = ~((gradient * step < 1e-20) | pinned | narrow)
        active, gradient, target = active[moving], gradient[moving], (here + step)[moving]
        if active.size == 0:
            break
        middle = 0.5 * (left[active] + right[active])
        above = np.where(right_tried[active], middle, right[active])
        below = np.where(left_tried[active], middle, left[active])
        s[active] = np.where(target >= right[active], above, np.where(target <= left[active], below, target))
    loglik = log_probability(sign * (base + s[:, np.newaxis] * direction), link).sum(axis=1)
    return s, loglik
