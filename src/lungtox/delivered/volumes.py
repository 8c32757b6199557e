"""Volumes of structures over the course of treatment: as the fields carry them, and as they were drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from lungtox.delivered.quality import SessionQuality
from lungtox.dose import Samples, sample_region
from lungtox.geometry import Dose, Grid, Image, Region

if TYPE_CHECKING:
    from lungtox.dose.config import DoseSettings


@dataclass(frozen=True)
class SessionVolume:
    """Volume of a structure in one session.

    Attributes
    ----------
    session : str
        ``planning`` for the planning image.
    order : int
        0 for planning, then the sessions in the order of the table.
    fractions_before : float
        Fractions given before the session (0 for planning).
    structure : str
    source : {"contours", "jacobian"}
        From a structure set of that image, or from the field.
    volume_cc : float
    ratio : float
        Of the volume in the planning image.
    percent_change : float
        ``100 (ratio - 1)``.
    """

    session: str
    order: int
    fractions_before: float
    structure: str
    source: Literal["contours", "jacobian"]
    volume_cc: float
    ratio: float
    percent_change: float


def session_volumes(
    planning: Mapping[str, Samples], sessions: Sequence[SessionQuality], drawn: Mapping[str, Mapping[str, float]]
) -> tuple[SessionVolume, ...]:
    """Give the volumes of all structures: planning, then session by session.

    Parameters
    ----------
    planning : mapping of str to Samples
        By structure.
    sessions : sequence of SessionQuality
    drawn : mapping of str to mapping of str to float
        Volumes in cc by contours: session -> structure. A session without a field has no volume of its own otherwise.
    """
    return tuple(_volumes(planning, sessions, drawn))


def _volumes(
    planning: Mapping[str, Samples], sessions: Sequence[SessionQuality], drawn: Mapping[str, Mapping[str, float]]
) -> Iterator[SessionVolume]:
    for name, samples in planning.items():
        yield SessionVolume("planning", 0, 0.0, name, "contours", samples.region_cc, 1.0, 0.0)
    before = 0.0
    for order, session in enumerate(sessions, start=1):
        for name, samples in planning.items():
            found: list[tuple[Literal["contours", "jacobian"], float]] = []
            if name in drawn.get(session.session, {}):
                found.append(("contours", drawn[session.session][name]))
            if session.kind != "none" and name in session.structures:
                found.append(("jacobian", session.structures[name].volume_cc))
            for source, volume_cc in found:
                ratio = volume_cc / samples.region_cc
                yield SessionVolume(
                    session.session, order, before, name, source, volume_cc, ratio, 100.0 * (ratio - 1.0)
                )
        before += session.fractions


def volume_cc(region: Region, settings: DoseSettings, *, like: Grid) -> float:
    """Give the volume of a region in cc, with ends as the config has them, by the raster that a dose grid would give.

    Parameters
    ----------
    region : Region
    settings : DoseSettings
    like : Grid
        Its spacing is taken, its place is not.
    """
    steps = [float(np.diff(axis).min()) for axis in (like.x_mm, like.y_mm, like.z_mm)]
    rings = [ring for part in region.operands for plane in part.planes for ring in plane.rings]
    heights = np.array([plane.z_mm for part in region.operands for plane in part.planes])
    corners = np.concatenate(rings)
    axes = []
    for points, step in zip((corners[:, 0], corners[:, 1], heights), steps, strict=True):
        around = max(20.0, 4.0 * step)  # more than half the distance of two contours
        axes.append(np.arange(points.min() - around, points.max() + around + step, step))
    grid = Grid(*axes)
    empty = Dose(Image(grid, np.broadcast_to(0.0, grid.shape)), "")
    samples = sample_region(region, empty, end_cap=settings.end_cap, between_planes=settings.between_planes)
    return samples.region_cc
