"""What a search is given and what it hands back, whichever of the two it is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lungtox.ntcp.estimate import NtcpEstimate
from lungtox.ntcp.general import General, StartReport
from lungtox.ntcp.likelihood import Bernoulli
from lungtox.ntcp.nested import NestedTest
from lungtox.ntcp.surface import Optimum, Surface

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """A likelihood to be maximised.

    Attributes
    ----------
    likelihood : Bernoulli
    fixed : dict
        Values of parameters of the response that are not estimated.
    confidence : float
    intervals : bool
        Whether profile limits and nested tests are wanted.
    """

    likelihood: Bernoulli
    fixed: dict[str, float]
    confidence: float = 0.95
    intervals: bool = True

    @property
    def held(self) -> NDArray[np.bool_]:
        """Which of the likelihood's parameters are fixed."""
        return np.array([item.name in self.fixed for item in self.likelihood.parameters], dtype=bool)

    @property
    def values(self) -> Floats:
        """The fixed values in the order of the likelihood's parameters, 0 elsewhere."""
        return np.array([self.fixed.get(item.name, 0.0) for item in self.likelihood.parameters])


@dataclass(frozen=True)
class Solved:
    """A maximum; `lungtox.ntcp.result.NtcpFit` says what the parts are."""

    theta: Floats
    loglik: float
    converged: bool
    estimates: tuple[NtcpEstimate, ...] = ()
    warnings: tuple[str, ...] = ()
    nested: tuple[NestedTest, ...] = ()
    starts: StartReport | None = None
    optimum: Optimum | None = None
    surface: Surface | None = field(default=None, repr=False)
    general: General | None = field(default=None, repr=False)
