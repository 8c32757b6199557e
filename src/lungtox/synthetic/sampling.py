"""Drawing the anatomy of one synthetic patient: sizes first, then the tumour where site, side and stage put it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lungtox.errors import ParameterError
from lungtox.synthetic.anatomy import SIDES, Anatomy, lung_distances
from lungtox.synthetic.patient import PatientTraits
from lungtox.synthetic.shapes import Ellipsoid, Point

# Mean radius of the primary in mm by stage: from about T1 to T3-4.
_RADIUS_MM = {"I": (9.0, 18.0), "II": (11.0, 22.0), "III": (13.0, 27.0), "IV": (12.0, 27.0)}
# Height of the tumour as a share of the rib cage.
_HEIGHT = {"upper": (0.70, 0.84), "middle": (0.50, 0.64), "lower": (0.34, 0.46)}
# Place between mediastinum (0) and chest wall (1): early tumours are treated by RT when they lie outside.
_OUTWARD = {"I": (0.35, 0.80), "II": (0.20, 0.65), "III": (0.08, 0.50), "IV": (0.08, 0.60)}
_TRIES = 200


def sample_anatomy(traits: PatientTraits, rng: np.random.Generator) -> Anatomy:
    """Draw one patient's anatomy.

    Parameters
    ----------
    traits : PatientTraits
        Site, side and stage place the tumour; lung disease makes the lungs longer and the diaphragm flatter.
    rng : numpy.random.Generator
    """
    size = float(np.clip(rng.normal(1.0, 0.045), 0.90, 1.10))
    half_width = size * rng.normal(160.0, 6.0)
    half_depth = size * rng.normal(110.0, 4.0)
    cavity = (
        half_width - rng.uniform(24.0, 35.0),
        half_depth - rng.uniform(20.0, 27.0),
        size * rng.normal(246.0, 10.0) + (8.0 if traits.lung_disease else 0.0),
    )
    right_top = size * rng.normal(78.0, 8.0) - (8.0 if traits.lung_disease else 0.0)
    fall = rng.uniform(62.0, 80.0) - (10.0 if traits.lung_disease else 0.0)
    vertebra = (rng.uniform(18.0, 21.0), rng.uniform(15.0, 17.5), 0.66 * cavity[1])
    bare = Anatomy(
        body_mm=(half_width, half_depth),
        cavity_mm=cavity,
        kyphosis_per_mm=rng.uniform(2.5e-4, 7e-4),
        domes_mm={"R": (right_top, fall), "L": (right_top - rng.uniform(6.0, 16.0), fall)},
        mediastinum_mm=rng.uniform(20.0, 26.0),
        hilum_z_mm=cavity[2] * rng.uniform(0.56, 0.61),
        heart=_sample_heart(rng, size=size, base_mm=right_top),
        vertebra_mm=vertebra,
        cord_mm=(rng.uniform(6.0, 7.2), rng.uniform(4.8, 5.6), vertebra[2] + vertebra[1] + 9.0),
        esophagus_mm=(rng.uniform(-2.0, 3.0), rng.uniform(8.0, 16.0)),
        primary=(),
        nodes=(),
        margin_mm=rng.uniform(10.0, 14.0),
        origin_mm=tuple(float(v) for v in np.round(rng.normal((0.0, -40.0, -180.0), (6.0, 25.0, 60.0)), 1)),  # type: ignore[arg-type]
    )
    return _with_tumour(bare, traits, rng)


def _sample_heart(rng: np.random.Generator, *, size: float, base_mm: float) -> Ellipsoid:
    scale = size * float(np.clip(rng.normal(1.0, 0.06), 0.85, 1.18))
    centre = (rng.uniform(18.0, 30.0), -rng.uniform(26.0, 34.0), base_mm + scale * rng.uniform(28.0, 36.0))
    return Ellipsoid(
        centre,
        (62.0 * scale, 44.0 * scale, 46.0 * scale),
        tilt_rad=float(np.deg2rad(rng.uniform(20.0, 38.0))),
        yaw_rad=float(np.deg2rad(rng.uniform(20.0, 35.0))),
    )


def _with_tumour(bare: Anatomy, traits: PatientTraits, rng: np.random.Generator) -> Anatomy:
    low, high = _RADIUS_MM[traits.stage]
    radius = float(rng.uniform(low, high))
    centre = _tumour_centre(bare, traits, radius, rng)
    shape = rng.uniform(0.82, 1.18, size=3)
    half_axes = tuple(float(v) for v in radius * shape / np.prod(shape) ** (1.0 / 3.0))
    direction = rng.normal(size=3)
    lobe_centre = np.asarray(centre) + 0.65 * radius * direction / np.linalg.norm(direction)
    lobe_radius = radius * rng.uniform(0.5, 0.7)
    primary = (
        Ellipsoid(centre, half_axes, tilt_rad=float(rng.uniform(-0.6, 0.6)), yaw_rad=float(rng.uniform(-0.6, 0.6))),  # type: ignore[arg-type]
        Ellipsoid(tuple(float(v) for v in lobe_centre), (lobe_radius,) * 3),  # type: ignore[arg-type]
    )
    return replace(bare, primary=primary, nodes=_sample_nodes(bare, traits, rng))


def _tumour_centre(bare: Anatomy, traits: PatientTraits, radius: float, rng: np.random.Generator) -> Point:
    """Draw a point that lies in the lung, at least 40 % of the tumour's radius below its surface."""
    half_width, half_depth, height = bare.cavity_mm
    sign, deepest, best = SIDES[traits.laterality], np.inf, (0.0, 0.0, 0.0)
    for _ in range(_TRIES):
        z = height * rng.uniform(*_HEIGHT[traits.tumour_site])
        # Low tumours that keep clear of heart and diaphragm lie behind.
        y = half_depth * (rng.uniform(0.0, 0.55) if traits.tumour_site == "lower" else rng.uniform(-0.4, 0.45))
        x = sign * (28.0 + rng.uniform(*_OUTWARD[traits.stage]) * (half_width - 34.0))
        point = (float(x), float(y), float(z))
        depth = float(lung_distances(bare, *(np.array(v) for v in point))[f"Lung_{traits.laterality}"])
        if depth < deepest:
            deepest, best = depth, point
        if depth < -0.4 * radius:
            return point
    if deepest > 0.0:
        raise ParameterError(f"{traits.study_id}: no place for a tumour in the {traits.tumour_site} lung")
    return best


def _sample_nodes(bare: Anatomy, traits: PatientTraits, rng: np.random.Generator) -> tuple[Ellipsoid, ...]:
    """Hilar node from stage II, one to three mediastinal ones from stage III (stations 4, 7, 2)."""
    sign, hilum = SIDES[traits.laterality], bare.hilum_z_mm
    stations: list[Point] = [
        (sign * 32.0, 2.0, hilum),
        (sign * 14.0, -6.0, hilum + 32.0),
        (sign * 6.0, 8.0, hilum - 8.0),
        (sign * 14.0, -4.0, hilum + 58.0),
    ]
    number = int(rng.integers(1, 4))
    radii = rng.uniform(7.0, 14.0, size=len(stations))
    places = rng.normal(0.0, 3.0, size=(len(stations), 3)) + np.asarray(stations)
    metastatic_with_nodes = rng.random() < 0.7
    if traits.stage == "I":
        count = 0
    elif traits.stage == "II":
        count = 1
    else:
        count = 1 + number if traits.stage == "III" or metastatic_with_nodes else 1
    return tuple(
        Ellipsoid(tuple(float(v) for v in place), (float(radius),) * 3)  # type: ignore[arg-type]
        for place, radius in zip(places[:count], radii[:count], strict=True)
    )
