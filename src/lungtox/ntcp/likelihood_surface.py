"""The likelihood over the volume parameter and the dose parameter of a fit, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lungtox.ntcp.climb import LOOSE, climb
from lungtox.ntcp.estimate import VOLUME_NAMES, NtcpEstimate
from lungtox.ntcp.result import NtcpFit

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]
COLUMNS = ("volume_parameter", "dose_parameter", "volume_value", "dose_value", "deviance")
POINTS = 61
COARSE = 21  # along each side where every point is a climb
DEEPEST = 50.0  # deviances beyond this are written as this: no contour lies there
DOSE_PARAMETERS = ("td50_gy", "d50_gy")


def likelihood_surface(fit: NtcpFit) -> pd.DataFrame:
    """Give the profile likelihood over (n, TD50), or (s, D50) of relative seriality.

    Parameters
    ----------
    fit : NtcpFit

    Returns
    -------
    DataFrame
        `volume_parameter, dose_parameter, volume_value, dose_value, deviance`: twice the drop of the log-likelihood
        from its maximum, all other parameters maximised, on a grid even in logarithms over the ranges that the data
        support. The first row is the estimate (deviance 0). Empty where the fit has no free pair of such parameters.
    """
    import pandas as pd

    pair = _pair(fit)
    if pair is None:
        return pd.DataFrame(columns=list(COLUMNS)).astype({"volume_value": float, "dose_value": float})
    volume, dose = pair
    points = POINTS if fit.surface is not None else COARSE
    across, along = _range(fit, volume, points), _range(fit, dose, points)
    loglik = _exact(fit, across, along) if fit.surface is not None else _searched(fit, pair, across, along)
    deviance = np.clip(2.0 * (fit.loglik - loglik), 0.0, DEEPEST)
    rows = pd.DataFrame(
        {
            "volume_value": np.repeat(across, points),
            "dose_value": np.tile(along, points),
            "deviance": deviance.ravel(),
        }
    )
    top = pd.DataFrame({"volume_value": [volume.estimate], "dose_value": [dose.estimate], "deviance": [0.0]})
    table = pd.concat([top, rows], ignore_index=True)
    table.insert(0, "volume_parameter", volume.parameter)
    table.insert(1, "dose_parameter", dose.parameter)
    return table


def _pair(fit: NtcpFit) -> tuple[NtcpEstimate, NtcpEstimate] | None:
    """Give the volume and the dose parameter where both are estimated; a logistic model's TD50 is derived."""
    known = [item for item in fit.estimates if not item.fixed and item.estimate is not None]
    volume = next((item for item in known if item.parameter in VOLUME_NAMES), None)
    dose = next((item for item in known if item.parameter in DOSE_PARAMETERS), None)
    if volume is None or dose is None or (dose.derived and fit.surface is None):
        return None
    return volume, dose


def _range(fit: NtcpFit, item: NtcpEstimate, points: int) -> Floats:
    """Give values beyond both limits by a third of the distance, not outside of the parameter's own range."""
    estimate = float(item.estimate or 0.0)
    names = [parameter.name for parameter in fit.likelihood.parameters]
    own = fit.likelihood.parameters[names.index(item.parameter)] if item.parameter in names else None
    least, most = (own.low, own.high) if own else (0.1, 1000.0)
    if item.parameter in DOSE_PARAMETERS:
        # An open limit would take the picture far beyond the doses.
        least, most = max(least, estimate / 4.0), min(most, estimate * 4.0)
    low, high = item.low or least, item.high or most
    low, high = low * (low / estimate) ** 0.35, high * (high / estimate) ** 0.35
    values: Floats = np.geomspace(max(min(low, estimate * 0.9), least), min(max(high, estimate * 1.1), most), points)
    values[-1] = min(values[-1], most)
    return values


def _exact(fit: NtcpFit, across: Floats, along: Floats) -> Floats:
    if fit.surface is None:
        raise AssertionError("not an exact fit")
    surface = fit.surface.on_grid(across)
    columns = [surface.along_grid(surface.model.level("td50_gy", float(value))) for value in along]
    return np.column_stack(columns)


def _searched(fit: NtcpFit, pair: tuple[NtcpEstimate, NtcpEstimate], across: Floats, along: Floats) -> Floats:
    """Climb from point to point, outwards from the estimate, each from its neighbour."""
    if fit.general is None:
        raise AssertionError("not a general fit")
    names = [parameter.name for parameter in fit.likelihood.parameters]
    places = [names.index(item.parameter) for item in pair]
    held = fit.general.held.copy()
    held[places] = True
    loglik = np.full((across.size, along.size), -np.inf)
    starts: dict[tuple[int, int], Floats] = {}
    middle = [
        int(np.argmin(np.abs(np.log(values / fit.theta[place]))))
        for values, place in zip((across, along), places, strict=True)
    ]
    order = sorted(np.ndindex(loglik.shape), key=lambda at: max(abs(at[0] - middle[0]), abs(at[1] - middle[1])))
    for row, column in order:
        near = [starts[at] for at in _neighbours(row, column) if at in starts] or [fit.theta]
        for begin in near[:2]:
            theta = begin.copy()
            theta[places] = across[row], along[column]
            peak = climb(fit.likelihood, theta, held=held, decrement=LOOSE)
            if peak.loglik > loglik[row, column]:
                loglik[row, column], starts[row, column] = peak.loglik, peak.theta
    return loglik


def _neighbours(row: int, column: int) -> list[tuple[int, int]]:
    return [(row + i, column + j) for i in (0, -1, 1) for j in (0, -1, 1) if (i, j) != (0, 0)]
