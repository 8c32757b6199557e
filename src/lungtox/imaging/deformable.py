"""Deformable registration of two images of one patient, where no field is given; marked as such everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lungtox.geometry import DeformationField, Image

if TYPE_CHECKING:  # pydantic is slow to import
    from lungtox.imaging.config import DeformableSettings


@dataclass(frozen=True)
class DeformableQuality:
    """How well two images lie upon each other, before and after.

    Attributes
    ----------
    method : str
    mutual_information_start, mutual_information : float
        In nats.
    correlation_start, correlation : float
        Pearson's, of the clipped values where both images show something.
    folding_pct : float
        Share of the nodes whose Jacobian determinant is 0 or less.
    iterations : int
    """

    method: str
    mutual_information_start: float
    mutual_information: float
    correlation_start: float
    correlation: float
    folding_pct: float
    iterations: int


def register_deformable(
    planning: Image,
    session: Image,
    *,
    settings: DeformableSettings,
    planning_frame: str,
    session_frame: str,
    who: str,
) -> tuple[DeformationField, DeformableQuality]:
    """Find the field that leads from points of the planning CT to the image of a session.

    Parameters
    ----------
    planning, session : Image
        In HU, evenly spaced.
    settings : DeformableSettings
    planning_frame, session_frame : str
    who : str

    Returns
    -------
    field : DeformationField
        With ``registered_by_lungtox``.
    quality : DeformableQuality

    Raises
    ------
    InputError
        Images that do not overlap, or that lie upon each other no better than before.
    """
    raise NotImplementedError
