"""The doses of sessions added up on the planning grid, one session in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lungtox.delivered.quality import SessionQuality
from lungtox.dose import Samples
from lungtox.geometry import DeformationField, Dose, Image

if TYPE_CHECKING:
    from lungtox.delivered.config import DeliveredSettings

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Session:
    """One session, or several fractions for which it stands.

    Attributes
    ----------
    name : str
        Such as ``week_2``; at the front of messages.
    fractions : float
        Fractions of the plan for which it stands.
    dose : Dose, path of an RTDOSE, or callable that gives a Dose
        Read when its turn comes. What it holds is `DeliveredSettings.dose_of`.
    field : DeformationField, path, callable, or None
        Leads from planning points to the session. None: the dose already lies on the planning anatomy. A NIfTI or
        MetaImage file leads from the planning frame of reference to that of the session's dose.
    """

    name: str
    fractions: float
    dose: Dose | Path | Callable[[], Dose]
    field: DeformationField | Path | Callable[[], DeformationField] | None = None


@dataclass(frozen=True, eq=False)
class Delivered:
    """The accumulated dose.

    Attributes
    ----------
    dose : Dose
        Physical dose of all fractions on the planning grid, in its frame of reference; NaN where some session has no
        dose for the tissue. A `Dose` like any other: `compute_dvh` and `sample_courses` take it.
    variance_gy2 : Image or None
        Variance over the fractions of the session doses in units of the whole plan; zero where all are alike. EQD2
        needs it: large and small fractions do not cancel.
    sessions : tuple of SessionQuality
    warnings : tuple of str
    """

    dose: Dose
    variance_gy2: Image | None
    sessions: tuple[SessionQuality, ...]
    warnings: tuple[str, ...] = ()

    def eqd2_gy(self, alpha_beta_gy: float) -> Image:
        """Give EQD2 on the planning grid: converted per session and voxel, then added.

        With d_k the dose per fraction of session k and n_k its fractions, sum n_k d_k (d_k + r)/(2 + r) equals
        [D (D/N + r) + V/N]/(2 + r), D the sum and V the variance.
        """
        raise NotImplementedError


def accumulate(
    sessions: Sequence[Session],
    *,
    planning: Dose,
    settings: DeliveredSettings,
    structures: Mapping[str, Samples] | None = None,
    variance: bool = True,
    threads: int = 1,
    who: str = "delivered",
) -> Delivered:
    """Add the doses of sessions on the planning grid: D(x) = sum w_k D_k(x + u_k(x)).

    Parameters
    ----------
    sessions : sequence of Session
    planning : Dose
        Planned dose with its number of fractions; gives grid and frame of reference.
    settings : DeliveredSettings
        What the dose files hold, and the limits beyond which a field is refused.
    structures : mapping of str to Samples, optional
        Points of structures by name, as `lungtox.dose.sample_region` gives them; judged one by one.
    variance : bool
        Keep the variance over the fractions, for EQD2.
    threads : int
        The result does not depend on it.
    who : str
        Study ID, at the front of every message.

    Returns
    -------
    Delivered

    Raises
    ------
    InputError
        All faults of all sessions at once: files that cannot be read; fractions that do not add up to those of the plan
        (``delivered-weights``); a field (``delivered-field-frame``) or dose (``delivered-dose-frame``) of another frame
        of reference; folding (``delivered-folding``), displacement (``delivered-displacement``) or coverage
        (``delivered-coverage``) beyond the limits; doses in another unit than ``dose_of`` says (``delivered-scale``).
    """
    raise NotImplementedError
