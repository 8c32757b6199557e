"""Turning the fluence of a synthetic plan into deliverable beams: leaf positions, segments, arcs, monitor units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lungtox.dicom import BeamOutline
from lungtox.synthetic.plans import TreatmentPlan

FloatArray = NDArray[np.float64]

LEAF_MM = 10.0
LEAF_BOUNDARIES_MM: FloatArray = np.arange(-200.0, 200.0 + LEAF_MM / 2, LEAF_MM)
_SEGMENTS = 8
_ARC_STEP_DEG = 4.0
# Monitor units for 1 Gy at depth: open fields, many small segments, arcs.
_MU_PER_GY = {"3D-CRT": 130.0, "IMRT": 380.0, "VMAT": 260.0}


def deliver(plan: TreatmentPlan, *, technique: str, fraction_gy: float) -> list[BeamOutline]:
    """Give the beams of the plan in the order of delivery, two set-up fields at the end.

    Parameters
    ----------
    plan : TreatmentPlan
    technique : {"3D-CRT", "IMRT", "VMAT"}
        Fixed fields with one aperture, step-and-shoot segments, or arcs.
    fraction_gy : float
        Prescribed dose of one fraction.
    """
    weights = plan.opening.mean(axis=(1, 2))
    metersets = fraction_gy * _MU_PER_GY[technique] * weights / weights.sum()
    if plan.arrangement.arcs_deg:
        treatment = _arcs(plan, float(metersets.sum()))
    elif plan.arrangement.modulated:
        treatment = [_step_and_shoot(plan, beam, float(mu)) for beam, mu in enumerate(metersets)]
    else:
        treatment = [_open_field(plan, beam, float(mu)) for beam, mu in enumerate(metersets)]
    setup = [BeamOutline(f"SETUP {angle}", "SETUP", np.full(2, float(angle))) for angle in (0, 90)]
    return [*treatment, *setup]


def _leaves(plan: TreatmentPlan, edges: FloatArray) -> FloatArray:
    """Set each leaf pair to the edges of the plane at its middle; pairs beyond the target stay closed.

    ``edges`` has the shape (planes, 2), NaN where closed; the result is all left leaves, then all right ones.
    """
    middles = LEAF_BOUNDARIES_MM[:-1] + LEAF_MM / 2
    planes = plan.heights_mm - plan.isocentre_mm[2]
    nearest = np.argmin(np.abs(middles[:, None] - planes[None, :]), axis=1)
    open_pair = np.abs(middles - planes[nearest]) <= LEAF_MM / 2
    chosen = np.where(open_pair[:, None], edges[nearest], 0.0)
    return np.nan_to_num(chosen, nan=0.0).T.ravel()


def _open_field(plan: TreatmentPlan, beam: int, mu: float) -> BeamOutline:
    angle = float(plan.arrangement.angles_deg[beam])
    leaves = np.tile(_leaves(plan, plan.edges_mm[beam]), (2, 1))
    return BeamOutline(f"F{beam + 1} G{angle:.0f}", "TREATMENT", np.full(2, angle), leaves_mm=leaves, meterset_mu=mu)


def _step_and_shoot(plan: TreatmentPlan, beam: int, mu: float) -> BeamOutline:
    """Cut the fluence into levels; each level is one segment with its outermost edges."""
    opening = plan.opening[beam]
    levels = (np.arange(_SEGMENTS) + 0.5) / _SEGMENTS * float(opening.max())
    shapes = []
    for level in levels:
        above = opening >= level
        left = plan.across_mm[np.argmax(above, axis=1)]
        right = plan.across_mm[above.shape[1] - 1 - np.argmax(above[:, ::-1], axis=1)]
        edges = np.where(above.any(axis=1)[:, None], np.column_stack([left, right]), np.nan)
        shapes.append(_leaves(plan, edges))
    angle = float(plan.arrangement.angles_deg[beam])
    return BeamOutline(
        f"F{beam + 1} G{angle:.0f}",
        "TREATMENT",
        np.full(2 * _SEGMENTS, angle),
        leaves_mm=np.repeat(np.array(shapes), 2, axis=0),
        weights=np.repeat(np.arange(_SEGMENTS + 1) / _SEGMENTS, 2)[1:-1],
        meterset_mu=mu,
    )


def _arcs(plan: TreatmentPlan, mu: float) -> list[BeamOutline]:
    """Move the leaves from direction to direction; where the mean fluence is low they close in from the left."""
    arrangement = plan.arrangement
    arcs = []
    for number, ((start, stop), clockwise) in enumerate(
        zip(arrangement.arcs_deg, arrangement.clockwise, strict=True), start=1
    ):
        turn = (stop - start) % 360.0 if clockwise else -((start - stop) % 360.0)
        count = int(np.ceil(abs(turn) / _ARC_STEP_DEG)) + 1
        gantry = (start + np.linspace(0.0, turn, count)) % 360.0
        weights = _interpolated(plan, gantry, plan.opening.mean(axis=(1, 2))[:, None])[:, 0]
        edges = _interpolated(plan, gantry, plan.edges_mm.reshape(plan.edges_mm.shape[0], -1))
        edges = edges.reshape(count, -1, 2)
        closing = 0.4 * (1.0 - weights / weights.max()) * (edges[..., 1] - edges[..., 0]).T
        edges[..., 0] += closing.T
        steps = 0.5 * (weights[1:] + weights[:-1])
        arcs.append(
            BeamOutline(
                f"ARC {number}",
                "TREATMENT",
                gantry,
                rotation="CW" if clockwise else "CC",
                leaves_mm=np.array([_leaves(plan, edge) for edge in edges]),
                weights=np.concatenate([[0.0], np.cumsum(steps) / steps.sum()]),
                meterset_mu=mu / len(arrangement.arcs_deg),
            )
        )
    return arcs


def _interpolated(plan: TreatmentPlan, gantry: FloatArray, values: FloatArray) -> FloatArray:
    """Interpolate what is known in the plan's directions, shape (directions, n), to other gantry angles."""
    # Angles are counted from the middle of the arc, so that 0 and 360 do not tear it.
    middle = float(plan.arrangement.angles_deg[plan.arrangement.angles_deg.size // 2])
    known = (plan.arrangement.angles_deg - middle + 180.0) % 360.0
    order = np.argsort(known)
    wanted = (gantry - middle + 180.0) % 360.0
    return np.column_stack([np.interp(wanted, known[order], column[order]) for column in values.T])
