"""Solids with a closed form in a linear dose: their contours, and the true answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungtox.geometry import Dose, Grid, Image, Plane, Structure

FloatArray = NDArray[np.float64]

RADIUS_MM = 12.0
HALF_MM = 12.0  # half the height
DOSE_GY = 16.0  # at the middle of the solid; 1 Gy/mm from there
CORNERS = 360
ENDPOINTS = ("D99%[Gy]", "D95%[Gy]", "D5%[Gy]", "D1%[Gy]", "D0.03cc[Gy]")
SPACINGS_MM = (1.0, 2.0, 3.0)
_STEPS = 240_001


@dataclass(frozen=True)
class Solid:
    """A solid between -12 and 12 mm.

    Attributes
    ----------
    name : str
    outline : callable
        Corners of the section at z (mm), or None where there is none.
    section_si_mm2, section_ap_mm2 : callable
        Area of the section across z, across y.
    half_width_2 : callable
        Square of half the extent along x, at (y, z) within the height; not positive where the solid is not.
    """

    name: str
    outline: Callable[[float], FloatArray | None]
    section_si_mm2: Callable[[FloatArray], FloatArray]
    section_ap_mm2: Callable[[FloatArray], FloatArray]
    half_width_2: Callable[[FloatArray, FloatArray], FloatArray]


def _circle(radius: float) -> FloatArray | None:
    turn = np.linspace(0, 2 * np.pi, CORNERS, endpoint=False)
    return radius * np.column_stack([np.cos(turn), np.sin(turn)]) if radius > 1e-9 else None


def _rectangle(z: float) -> FloatArray | None:
    half = RADIUS_MM**2 - z**2
    if half <= 1e-9:
        return None
    x = half**0.5
    return np.array([[-x, -HALF_MM], [x, -HALF_MM], [x, HALF_MM], [-x, HALF_MM]])


def _hyperbola(z: float) -> FloatArray | None:
    top = HALF_MM - 2 * abs(z)  # where the cone, its axis along y, is as narrow as |z|
    if top <= -HALF_MM + 1e-9:
        return None
    # Denser towards the vertex, where the outline bends.
    y = top - (top + HALF_MM) * np.linspace(0, 1, CORNERS // 2) ** 2
    x = np.sqrt(np.maximum(((HALF_MM - y) / 2) ** 2 - z**2, 0.0))
    return np.concatenate([np.column_stack([x, y]), np.column_stack([-x, y])[:0:-1]])


def _disc(s: FloatArray) -> FloatArray:
    return np.pi * (RADIUS_MM**2 - s**2)


def _constant(s: FloatArray) -> FloatArray:
    return np.full_like(s, np.pi * RADIUS_MM**2)


def _chord(s: FloatArray) -> FloatArray:
    return 4 * HALF_MM * np.sqrt(np.maximum(RADIUS_MM**2 - s**2, 0.0))


def _narrowing(s: FloatArray) -> FloatArray:
    return np.pi * ((HALF_MM - s) / 2) ** 2


def _cone_side(s: FloatArray) -> FloatArray:
    # Integral of 2 sqrt(r^2 - s^2) over the height, where r falls from R to |s| and the height is 2 dr.
    s = np.maximum(np.abs(s), 1e-12)
    q = np.sqrt(np.maximum(RADIUS_MM**2 - s**2, 0.0))
    return 2 * (RADIUS_MM * q - s**2 * np.log((RADIUS_MM + q) / s))


_R2 = RADIUS_MM**2
SOLIDS = (
    Solid("sphere", lambda z: _circle(max(_R2 - z**2, 0.0) ** 0.5), _disc, _disc, lambda y, z: _R2 - y**2 - z**2),
    Solid("cylinder along", lambda z: _circle(RADIUS_MM), _constant, _chord, lambda y, z: _R2 - y**2 + 0 * z),
    Solid("cylinder across", _rectangle, _chord, _constant, lambda y, z: _R2 - z**2 + 0 * y),
    Solid(
        "cone along",
        lambda z: _circle((HALF_MM - z) / 2),
        _narrowing,
        _cone_side,
        lambda y, z: ((HALF_MM - z) / 2) ** 2 - y**2,
    ),
    Solid("cone across", _hyperbola, _cone_side, _narrowing, lambda y, z: ((HALF_MM - y) / 2) ** 2 - z**2),
)


def truth(solid: Solid, direction: str) -> dict[str, float]:
    """Give volume, mean and the endpoints of a solid in a dose that rises along ``SI`` (z) or ``AP`` (y)."""
    section = solid.section_si_mm2 if direction == "SI" else solid.section_ap_mm2
    s = np.linspace(-HALF_MM, HALF_MM, _STEPS)
    return _answers(s, section(0.5 * (s[1:] + s[:-1])))


def truth_by_rule(solid: Solid, direction: str, *, end_cap: str, planes_mm: FloatArray) -> dict[str, float]:
    """Give the answers for what an end rule claims: the solid as far as it is drawn, and the ends of that rule.

    ``none``: the solid between its outermost contours. ``half-slice``: half a slice more at both ends, with the section
    of the outermost contours. ``rounded``: round ends as they are, flat ends half a slice further.
    """
    low, high, half = float(planes_mm[0]), float(planes_mm[-1]), 0.5 * float(planes_mm[1] - planes_mm[0])
    drawn, ends = (low, high), (low, high)
    if end_cap == "half-slice":
        ends = low - half, high + half
    if end_cap == "rounded":
        drawn = -HALF_MM, HALF_MM
        ends = (low - half if low == -HALF_MM else -HALF_MM), (high + half if high == HALF_MM else HALF_MM)
    z = np.linspace(*ends, 1201 if direction == "AP" else _STEPS)
    level = np.clip(0.5 * (z[1:] + z[:-1]), *drawn)
    if direction == "SI":
        return _answers(z, solid.section_si_mm2(level))
    y = np.linspace(-HALF_MM, HALF_MM, 2401)
    width = 2 * np.sqrt(np.maximum(solid.half_width_2(0.5 * (y[1:] + y[:-1])[:, None], level), 0.0))
    return _answers(y, width.sum(axis=1) * (z[1] - z[0]))


def truth_of_slabs(solid: Solid, direction: str, planes_mm: FloatArray) -> dict[str, float]:
    """Give the exact answers for slabs: the section at each plane, unchanged to half way to the next plane."""
    half = 0.5 * float(planes_mm[1] - planes_mm[0])
    z = np.linspace(planes_mm[0] - half, planes_mm[-1] + half, _STEPS if direction == "SI" else 2401)
    middle = 0.5 * (z[1:] + z[:-1])
    level = planes_mm[np.searchsorted(0.5 * (planes_mm[1:] + planes_mm[:-1]), middle)]
    if direction == "SI":
        return _answers(z, solid.section_si_mm2(level))
    y = np.linspace(-HALF_MM, HALF_MM, 2401)
    width = 2 * np.sqrt(np.maximum(solid.half_width_2(0.5 * (y[1:] + y[:-1])[:, None], level), 0.0))
    return _answers(y, width.sum(axis=1) * (z[1] - z[0]))


def _answers(s: FloatArray, section_mm2: FloatArray) -> dict[str, float]:
    """Integrate sections between positions ``s`` along the dose gradient."""
    part = section_mm2 * (s[1] - s[0])
    below = np.append(0.0, np.cumsum(part))
    total = float(below[-1])
    found = {"volume": total / 1000, "mean": DOSE_GY + float(0.5 * (s[1:] + s[:-1]) @ part) / total}
    for name, above in zip(ENDPOINTS, (0.99 * total, 0.95 * total, 0.05 * total, 0.01 * total, 30.0), strict=True):
        found[name] = DOSE_GY + float(np.interp(total - above, below, s))
    return found


def levels(spacing_mm: float, layout: str) -> FloatArray:
    """Give plane positions: the ``middle`` of slices that fill the height, or whole ``multiples`` of the spacing."""
    half_steps = round(HALF_MM / spacing_mm)
    if layout == "middle":
        return (np.arange(2 * half_steps, dtype=np.float64) + 0.5) * spacing_mm - HALF_MM
    return np.arange(-half_steps, half_steps + 1, dtype=np.float64) * spacing_mm


def contoured(solid: Solid, spacing_mm: float, layout: str) -> Structure:
    """Draw the solid in planes; a plane that only touches it has no contour."""
    rings = ((float(z), solid.outline(float(z))) for z in levels(spacing_mm, layout))
    return Structure(solid.name, tuple(Plane(z, (ring,)) for z, ring in rings if ring is not None))


def linear_dose(spacing_mm: float, direction: str) -> Dose:
    """Give a dose of 16 Gy in the middle that rises by 1 Gy/mm."""
    reach = int(np.ceil(20 / spacing_mm))  # the solid ends at 12 mm, and half a slice further
    axis = np.arange(-reach, reach + 1, dtype=np.float64) * spacing_mm
    rise = np.maximum(DOSE_GY + axis, 0.0)
    values = np.broadcast_to(rise[:, None, None] if direction == "SI" else rise[:, None], (axis.size,) * 3)
    return Dose(Image(Grid(axis, axis, axis), np.ascontiguousarray(values)), "frame", 30)


def cases(layout: str) -> Iterator[tuple[Solid, str, float, Structure, Dose]]:
    """Give solid, direction of the dose, spacing, contours and dose of the 30 cases."""
    for solid in SOLIDS:
        for direction in ("SI", "AP"):
            for spacing in SPACINGS_MM:
                yield solid, direction, spacing, contoured(solid, spacing, layout), linear_dose(spacing, direction)
