"""Dose of a synthetic plan: shaped, partly modulated parallel beams with penumbra, scatter and attenuation.

The model is one that a reader can check by hand, not a dose engine: each beam is a fluence map in its own view
(projection of the PTV with a margin, blurred by the penumbra, with a broad low share for scatter and leakage) times
a depth curve in water-equivalent depth, build-up included, times the inverse square of the distance. Depth comes from
one transversal density map, the mean over the target's length, so that it does not depend on z.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lungtox.synthetic.anatomy import Anatomy, body_distance, cord_centre_mm, lung_distances, tumour_distances
from lungtox.synthetic.beams import Arrangement, beam_frame, choose_beams
from lungtox.synthetic.contours import PLANE_MM, tumour_box_mm
from lungtox.synthetic.depth import DepthMap, make_depth_map
from lungtox.synthetic.patient import PatientTraits

FloatArray = NDArray[np.float64]

FLUENCE_STEP_MM = 2.5
_TABLE_MM = 360.0
_APERTURE_MARGIN_MM = 7.0
_PENUMBRA_MM = 5.5
"""Sigma: about 14 mm from 20 to 80 %, as 6 MV has it in lung."""
_SCATTER_MM = 28.0
_SCATTER_SHARE = {"3D-CRT": 0.07, "IMRT": 0.09, "VMAT": 0.10}
_ATTENUATION_PER_MM = 0.0046
"""6 MV photons, fields of about 10 cm."""
_BUILD_UP_MM = 6.0
_SOURCE_AXIS_MM = 1000.0
_CORD_BLOCK = 0.45
_CORD_HALF_MM = 12.0
_CORD_LIMIT = 0.72
"""3D-CRT: beams through the cord give at most this share of the prescription, as an off-cord boost would leave it."""
_SIDEWAYS_SPARED = 0.7
"""Where the fluence is optimised, a lateral beam starts with this much less weight, to keep V20 down."""
_OPTIMISER_ROUNDS = 5
_TARGET_STEP_MM = 5.0
_ARRANGEMENTS_TRIED = 6


@dataclass(frozen=True)
class TreatmentPlan:
    """Beams of one patient in phantom coordinates.

    Attributes
    ----------
    arrangement : Arrangement
    isocentre_mm : ndarray, shape (3,)
    heights_mm : ndarray, shape (nz,)
        Planes of the fluence maps: those of the target and one more at both ends.
    across_mm : ndarray, shape (nu,)
        Distance from the isocentre across the beam (IEC x of the beam).
    opening : ndarray, shape (beams, nz, nu)
        Relative energy fluence before blurring, weights included.
    edges_mm : ndarray, shape (beams, nz, 2)
        Leaf edges in each plane, from the isocentre.
    depth : DepthMap
    scatter_share : float
    scale_gy : float
        Dose for one unit of fluence at the isocentre.
    """

    arrangement: Arrangement
    isocentre_mm: FloatArray
    heights_mm: FloatArray
    across_mm: FloatArray
    opening: FloatArray
    edges_mm: FloatArray
    depth: DepthMap
    scatter_share: float
    scale_gy: float


def make_plan(traits: PatientTraits, anatomy: Anatomy, rng: np.random.Generator) -> TreatmentPlan:
    """Choose beams, shape them to the PTV, optimise IMRT and VMAT, and scale the PTV's mean to the prescription."""
    points = _target_points(anatomy)
    central = float(np.abs(points[:, 0]).min()) < 12.0
    density = _density(anatomy, np.quantile(points[:, 2], [0.15, 0.5, 0.85]))
    best, least = None, np.inf
    for _ in range(_ARRANGEMENTS_TRIED):
        arrangement = choose_beams(traits, central=central, rng=rng)
        plan = _shape(traits, arrangement, points, density)
        plan = _optimise(_block_cord(plan, anatomy), points) if arrangement.modulated else _limit_cord(plan, anatomy)
        plan = replace(plan, scale_gy=traits.prescription_gy / float(_dose_at_points(plan, points).mean()))
        cord = float(_dose_at_points(plan, _cord_points(plan, anatomy)).max()) * plan.scale_gy
        if best is None or cord < least:
            best, least = plan, cord
        if least <= _CORD_LIMIT * traits.prescription_gy or arrangement.modulated:
            break
    assert best is not None
    return best


def _shape(
    traits: PatientTraits,
    arrangement: Arrangement,
    points: FloatArray,
    density: tuple[FloatArray, FloatArray, FloatArray],
) -> TreatmentPlan:
    """Fit open fields of equal weight to the target."""
    isocentre = points.mean(axis=0)
    edges, heights = _leaf_edges(points - isocentre, arrangement.angles_deg)
    columns = int(np.ceil(np.abs(edges).max() / FLUENCE_STEP_MM))
    across: FloatArray = np.arange(-columns, columns + 1, dtype=np.float64) * FLUENCE_STEP_MM
    opening = (across >= edges[..., :1]) & (across <= edges[..., 1:])
    return TreatmentPlan(
        arrangement=arrangement,
        isocentre_mm=isocentre,
        heights_mm=heights + isocentre[2],
        across_mm=across,
        opening=opening * _start_weights(arrangement)[:, None, None],
        edges_mm=edges,
        depth=make_depth_map(arrangement.angles_deg, isocentre[:2], density),
        scatter_share=_SCATTER_SHARE[traits.technique],
        scale_gy=1.0,
    )


def _start_weights(arrangement: Arrangement) -> FloatArray:
    """Weights of the beams that add up to 1: equal, or from front and back rather than across both lungs."""
    sideways = np.sin(np.deg2rad(arrangement.angles_deg)) ** 2
    weights = 1.0 - _SIDEWAYS_SPARED * sideways if arrangement.modulated else np.ones_like(sideways)
    share: FloatArray = weights / weights.sum()
    return share


def dose_on_grid(plan: TreatmentPlan, x_mm: FloatArray, y_mm: FloatArray, z_mm: FloatArray) -> FloatArray:
    """Give the dose in Gy on a grid in phantom coordinates, shape (nz, ny, nx); the skin is not applied.

    Parameters
    ----------
    plan : TreatmentPlan
    x_mm, y_mm, z_mm : ndarray
        Axes of the grid.
    """
    columns = np.arange(-_TABLE_MM, _TABLE_MM + 0.1, FLUENCE_STEP_MM)
    fluence = _fluence(plan, z_mm, columns)
    source, across = beam_frame(plan.arrangement.angles_deg)
    dx, dy = x_mm[None, :] - plan.isocentre_mm[0], y_mm[:, None] - plan.isocentre_mm[1]
    dose = np.zeros((z_mm.size, y_mm.size * x_mm.size))
    for beam in range(plan.arrangement.angles_deg.size):
        u = (dx * across[beam, 0] + dy * across[beam, 1]).ravel()
        t = (dx * source[beam, 0] + dy * source[beam, 1]).ravel()
        curve = _depth_curve(plan, beam, u, t)
        place = np.clip((u - columns[0]) / FLUENCE_STEP_MM, 0.0, columns.size - 1.001)
        left = place.astype(np.intp)
        share = place - left
        dose += np.take(fluence[beam], left, axis=1) * ((1.0 - share) * curve)
        dose += np.take(fluence[beam], left + 1, axis=1) * (share * curve)
    shaped: FloatArray = plan.scale_gy * dose.reshape(z_mm.size, y_mm.size, x_mm.size)
    return shaped


def _target_points(anatomy: Anatomy) -> FloatArray:
    low, high = tumour_box_mm(anatomy)
    x, y = (np.arange(low[axis], high[axis] + _TARGET_STEP_MM, _TARGET_STEP_MM) for axis in (0, 1))
    z = np.arange(np.floor(low[2] / PLANE_MM), np.ceil(high[2] / PLANE_MM) + 1) * PLANE_MM
    inside = tumour_distances(anatomy, x[None, None, :], y[None, :, None], z[:, None, None])["PTV"] < 0.0
    k, j, i = np.nonzero(inside)
    return np.column_stack([x[i], y[j], z[k]])


def _density(anatomy: Anatomy, heights: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Give axes x, y and the mean water-equivalent density on them over a few planes."""
    reach_x, reach_y = anatomy.body_mm[0] + 12.0, anatomy.body_mm[1] + 12.0
    x, y = np.arange(-reach_x, reach_x, 6.0), np.arange(-reach_y, reach_y, 6.0)
    grid = (x[None, None, :], y[None, :, None], heights[:, None, None])
    solids = lung_distances(anatomy, *grid)
    lung = np.minimum(solids["Lung_L"], solids["Lung_R"])
    lung = np.maximum(lung, -tumour_distances(anatomy, *grid)["GTV"])
    density = np.where(body_distance(anatomy, *grid) < 0.0, np.where(lung < 0.0, 0.27, 1.0), 0.0)
    return x, y, density.mean(axis=0)


def _leaf_edges(points: FloatArray, angles_deg: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fit leaves to the target in each plane with the margin, one plane further at both ends.

    Returns edges, shape (beams, nz, 2), and the planes' heights, both from the isocentre.
    """
    _, across = beam_frame(angles_deg)
    u = points[:, :2] @ across.T
    first = points[:, 2].min()
    plane = np.rint((points[:, 2] - first) / PLANE_MM).astype(np.intp) + 1
    heights = first + (np.arange(plane.max() + 2) - 1) * PLANE_MM
    low = np.full((heights.size, angles_deg.size), np.inf)
    high = np.full_like(low, -np.inf)
    np.minimum.at(low, plane, u)
    np.maximum.at(high, plane, u)
    while True:
        padded_low, padded_high = np.pad(low, ((1, 1), (0, 0)), "edge"), np.pad(high, ((1, 1), (0, 0)), "edge")
        low = np.minimum(low, np.minimum(padded_low[:-2], padded_low[2:]))
        high = np.maximum(high, np.maximum(padded_high[:-2], padded_high[2:]))
        # Planes without target between two parts of it are opened too: a field has no gap.
        if np.isfinite(low).all():
            break
    edges = np.stack([low - _APERTURE_MARGIN_MM, high + _APERTURE_MARGIN_MM], axis=-1)
    return edges.transpose(1, 0, 2), heights


def _kernel(places: FloatArray, nodes: FloatArray, sigma_mm: float) -> FloatArray:
    weights = np.exp(-0.5 * ((places[:, None] - nodes[None, :]) / sigma_mm) ** 2)
    kernel: FloatArray = weights * (nodes[1] - nodes[0]) / (sigma_mm * np.sqrt(2.0 * np.pi))
    return kernel


def _fluence(plan: TreatmentPlan, heights: FloatArray, columns: FloatArray) -> FloatArray:
    """Blur the openings: penumbra, and a broad share for scatter and leakage. Columns are from the isocentre."""
    fluence = np.zeros((plan.opening.shape[0], heights.size, columns.size))
    for sigma, share in ((_PENUMBRA_MM, 1.0 - plan.scatter_share), (_SCATTER_MM, plan.scatter_share)):
        in_z = _kernel(heights, plan.heights_mm, sigma)
        in_u = _kernel(columns, plan.across_mm, sigma)
        fluence += share * (in_z @ plan.opening @ in_u.T)
    return fluence


def _depth_curve(plan: TreatmentPlan, beam: int, u: FloatArray, t: FloatArray) -> FloatArray:
    """Relative dose along the beam, 1 at the isocentre."""
    depth = plan.depth.water_mm(beam, u, t)
    at_isocentre = plan.depth.water_mm(beam, np.zeros(1), np.zeros(1))
    build_up = 1.0 - 0.6 * np.exp(-depth / _BUILD_UP_MM)
    curve: FloatArray = (
        build_up
        * np.exp(-_ATTENUATION_PER_MM * (depth - at_isocentre))
        * (_SOURCE_AXIS_MM / (_SOURCE_AXIS_MM - t)) ** 2
    )
    return curve


@dataclass(frozen=True)
class _Rays:
    """Where each target point lies in each fluence map, and its depth factor."""

    plane: NDArray[np.intp]
    column: NDArray[np.intp]
    curve: FloatArray


def _trace_points(plan: TreatmentPlan, points: FloatArray) -> _Rays:
    source, across = beam_frame(plan.arrangement.angles_deg)
    offsets = points[:, :2] - plan.isocentre_mm[:2]
    u, t = offsets @ across.T, offsets @ source.T
    curve = np.stack([_depth_curve(plan, beam, u[:, beam], t[:, beam]) for beam in range(u.shape[1])], axis=1)
    plane = np.rint((points[:, 2] - plan.heights_mm[0]) / PLANE_MM).astype(np.intp)
    column = np.rint((u - plan.across_mm[0]) / FLUENCE_STEP_MM).astype(np.intp)
    # Beyond the open columns there is no fluence worth counting.
    outside = (column < 0) | (column >= plan.across_mm.size)
    return _Rays(plane, np.where(outside, 0, column), np.where(outside, 0.0, curve))


def _dose_by_beam(plan: TreatmentPlan, rays: _Rays) -> FloatArray:
    beams = np.arange(rays.column.shape[1])
    fluence = _fluence(plan, plan.heights_mm, plan.across_mm)
    dose: FloatArray = fluence[beams[None, :], rays.plane[:, None], rays.column] * rays.curve
    return dose


def _dose_at_points(plan: TreatmentPlan, points: FloatArray) -> FloatArray:
    total: FloatArray = _dose_by_beam(plan, _trace_points(plan, points)).sum(axis=1)
    return total


def _cord_points(plan: TreatmentPlan, anatomy: Anatomy) -> FloatArray:
    return np.column_stack([*cord_centre_mm(anatomy, plan.heights_mm), plan.heights_mm])


def _limit_cord(plan: TreatmentPlan, anatomy: Anatomy) -> TreatmentPlan:
    """Shift weight from fields through the cord to the others until the cord stays under its limit."""
    rays = _trace_points(plan, _cord_points(plan, anatomy))
    by_beam = _dose_by_beam(plan, rays)
    worst = by_beam[int(np.argmax(by_beam.sum(axis=1)))]
    through = worst > 0.5 * plan.opening.max()
    if worst.sum() <= _CORD_LIMIT or through.all() or not through.any():
        return plan
    rest = worst[~through].sum()
    factor = float(np.clip((_CORD_LIMIT - rest) / worst[through].sum(), 0.35, 1.0))
    share = through.mean()
    weights = np.where(through, factor, (1.0 - factor * share) / (1.0 - share))
    return replace(plan, opening=plan.opening * weights[:, None, None])


def _block_cord(plan: TreatmentPlan, anatomy: Anatomy) -> TreatmentPlan:
    """Lower the fluence of rays through the cord, where modulation starts from."""
    _, across = beam_frame(plan.arrangement.angles_deg)
    cord = np.column_stack(cord_centre_mm(anatomy, plan.heights_mm)) - plan.isocentre_mm[:2]
    centre = across @ cord.T
    near = np.abs(plan.across_mm[None, None, :] - centre[:, :, None]) < _CORD_HALF_MM
    return replace(plan, opening=np.where(near, _CORD_BLOCK, 1.0) * plan.opening)


def _optimise(plan: TreatmentPlan, points: FloatArray) -> TreatmentPlan:
    """Even out the target's dose: multiply each ray by the mean of wanted over given dose along it.

    A few rounds of this give fluences like those of an inverse planner and keep the block of the cord, as other rays to
    the same points grow as well.
    """
    rays = _trace_points(plan, points)
    beams, planes, columns = plan.opening.shape
    flat = (np.arange(beams)[None, :] * planes + rays.plane[:, None]) * columns + rays.column
    count = np.bincount(flat.ravel(), minlength=plan.opening.size)
    smooth = _kernel(plan.across_mm, plan.across_mm, 5.0)
    for _ in range(_OPTIMISER_ROUNDS):
        dose = _dose_by_beam(plan, rays).sum(axis=1)
        wanted = np.broadcast_to((dose.mean() / dose)[:, None], flat.shape)
        ratio = np.bincount(flat.ravel(), weights=wanted.ravel(), minlength=plan.opening.size)
        filled = np.stack([count, ratio]).astype(np.float64).reshape(2, beams, planes, columns) @ smooth
        correction = np.where(filled[0] > 1e-3, filled[1] / np.maximum(filled[0], 1e-3), 1.0)
        plan = replace(plan, opening=plan.opening * np.clip(correction, 0.6, 1.6))
    return plan
