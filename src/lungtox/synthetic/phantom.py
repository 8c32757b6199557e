"""One synthetic patient: anatomy, plan, dose and perfusion together on a grid, and the dose summary of the lungs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lungtox.errors import ParameterError
from lungtox.geometry import Grid, Image, Plane, Structure
from lungtox.synthetic.anatomy import Anatomy, body_distance, lung_distances, tumour_distances
from lungtox.synthetic.contours import PLANE_MM, draw_structures
from lungtox.synthetic.patient import DoseSummary, DoseVolume, PatientTraits
from lungtox.synthetic.perfusion import blur, sample_perfusion
from lungtox.synthetic.plans import TreatmentPlan, dose_on_grid, make_plan
from lungtox.synthetic.sampling import sample_anatomy
from lungtox.synthetic.shapes import covered_share
from lungtox.synthetic.streams import child_stream

FloatArray = NDArray[np.float64]
Spacing = tuple[float, float, float]

FINE_MM: Spacing = (4.0, 4.0, PLANE_MM)
"""Grid of the DICOM dose: x, y, z."""
COARSE_MM: Spacing = (7.0, 7.0, 7.0)
"""Grid of simulations without DICOM."""
REGION_SHARE = 0.40
"""The functional region: perfusion of at least this share of its maximum in the lungs without the GTV."""
SPECT_SHARE = 0.90
DVH_BIN_GY = 0.1
_MARGIN_MM = 16.0


@dataclass(frozen=True)
class Phantom:
    """One synthetic patient in DICOM patient coordinates.

    Attributes
    ----------
    traits : PatientTraits
    anatomy : Anatomy
        In phantom coordinates; DICOM = phantom + anatomy.origin_mm.
    plan : TreatmentPlan
        In phantom coordinates.
    structures : dict of str to Structure
        Contours every 5 mm: Lung_L, Lung_R, GTV, PTV, Heart, Esophagus, SpinalCord, BODY.
    dose : Image
        In Gy, zero outside the body.
    lung_share : ndarray
        Share of each voxel that belongs to the lungs without the GTV.
    perfusion, perfusion_blurred : Image
        Of the patient, and at the camera's resolution without noise; arbitrary unit.
    summary : DoseSummary
    """

    traits: PatientTraits
    anatomy: Anatomy
    plan: TreatmentPlan
    structures: dict[str, Structure]
    dose: Image
    lung_share: FloatArray
    perfusion: Image
    perfusion_blurred: Image
    summary: DoseSummary

    @property
    def middle_mm(self) -> tuple[float, float, float]:
        """Middle of the dose grid."""
        grid = self.dose.grid
        x, y, z = (0.5 * float(axis[0] + axis[-1]) for axis in (grid.x_mm, grid.y_mm, grid.z_mm))
        return x, y, z


@dataclass(frozen=True)
class _Fields:
    anatomy: Anatomy
    plan: TreatmentPlan
    grid: Grid
    dose_gy: FloatArray
    lung_share: FloatArray
    perfusion: FloatArray
    blurred: FloatArray
    has_spect: bool


def build_phantom(traits: PatientTraits, rng: np.random.Generator, *, grid_mm: Spacing = FINE_MM) -> Phantom:
    """Build one patient.

    Parameters
    ----------
    traits : PatientTraits
    rng : numpy.random.Generator
        Only its seed sequence is used, together with ``traits.index``: the same two give the same patient.
    grid_mm : tuple of float
        Spacing of dose and perfusion along x, y, z.
    """
    fields = _compute_fields(traits, rng, grid_mm)
    grid = fields.grid
    inside = body_distance(fields.anatomy, *_open_axes(grid)) < 0.0
    x, y, z = fields.anatomy.origin_mm
    placed = Grid(grid.x_mm + x, grid.y_mm + y, grid.z_mm + z)
    return Phantom(
        traits=traits,
        anatomy=fields.anatomy,
        plan=fields.plan,
        structures={name: _moved(s, (x, y, z)) for name, s in draw_structures(fields.anatomy).items()},
        dose=Image(placed, np.where(inside, fields.dose_gy, 0.0)),
        lung_share=fields.lung_share,
        perfusion=Image(placed, fields.perfusion),
        perfusion_blurred=Image(placed, fields.blurred),
        summary=_summarise(fields),
    )


def dose_summary(traits: PatientTraits, rng: np.random.Generator, *, grid_mm: Spacing = COARSE_MM) -> DoseSummary:
    """Give the lung dose of one patient without contours and files, on a coarse grid.

    The patient is the one that `build_phantom` builds of the same ``traits`` and ``rng``; docs/methods/demo-cohort.md
    states how far the two grids differ.
    """
    return _summarise(_compute_fields(traits, rng, grid_mm))


def _compute_fields(traits: PatientTraits, rng: np.random.Generator, grid_mm: Spacing) -> _Fields:
    if min(grid_mm) <= 0.0:
        raise ParameterError(f"grid_mm must be positive, got {grid_mm}")
    draw = child_stream(rng, "anatomy", traits.index)
    anatomy = sample_anatomy(traits, draw)
    plan = make_plan(traits, anatomy, child_stream(rng, "plan", traits.index))
    perfusion = sample_perfusion(traits, anatomy, child_stream(rng, "perfusion", traits.index))
    has_spect = bool(child_stream(rng, "spect", traits.index).random() < SPECT_SHARE)
    grid = _grid(anatomy, grid_mm)
    axes = _open_axes(grid)
    solids = lung_distances(anatomy, *axes)
    voxel = float(np.cbrt(np.prod(grid_mm)))
    share = covered_share(np.minimum(solids["Lung_L"], solids["Lung_R"]), voxel_mm=voxel)
    share *= 1.0 - covered_share(tumour_distances(anatomy, *axes)["GTV"], voxel_mm=voxel)
    k, j, i = np.nonzero(share)
    flow = np.zeros_like(share)
    flow[k, j, i] = perfusion.at(np.column_stack([grid.x_mm[i], grid.y_mm[j], grid.z_mm[k]]))
    blurred = blur(flow * share, (grid_mm[2], grid_mm[1], grid_mm[0]))
    return _Fields(
        anatomy=anatomy,
        plan=plan,
        grid=grid,
        dose_gy=dose_on_grid(plan, grid.x_mm, grid.y_mm, grid.z_mm),
        lung_share=share,
        perfusion=flow,
        blurred=blurred,
        has_spect=has_spect,
    )


def _grid(anatomy: Anatomy, grid_mm: Spacing) -> Grid:
    """Cover lungs, heart and cord with a margin; samples lie on multiples of the spacing, so z meets the contours."""
    half_width, half_depth, height = anatomy.cavity_mm
    bend = anatomy.kyphosis_per_mm * (0.5 * height) ** 2
    low = (-half_width - _MARGIN_MM, -half_depth - bend - _MARGIN_MM, -_MARGIN_MM - 4.0)
    high = (half_width + _MARGIN_MM, half_depth + _MARGIN_MM, height + _MARGIN_MM)
    axes = [
        np.arange(np.floor(a / step), np.ceil(b / step) + 1) * step
        for a, b, step in zip(low, high, grid_mm, strict=True)
    ]
    return Grid(*axes)


def _open_axes(grid: Grid) -> tuple[FloatArray, FloatArray, FloatArray]:
    return grid.x_mm[None, None, :], grid.y_mm[None, :, None], grid.z_mm[:, None, None]


def _moved(structure: Structure, by: tuple[float, float, float]) -> Structure:
    planes = tuple(
        Plane(plane.z_mm + by[2], tuple(ring + np.array(by[:2]) for ring in plane.rings)) for plane in structure.planes
    )
    return replace(structure, planes=planes)


def _summarise(fields: _Fields) -> DoseSummary:
    inside = fields.lung_share > 0.0
    weight, dose = fields.lung_share[inside], fields.dose_gy[inside]
    steps = [float(axis[1] - axis[0]) for axis in (fields.grid.x_mm, fields.grid.y_mm, fields.grid.z_mm)]
    voxel_cc = float(np.prod(steps)) / 1000.0
    blurred, sharp = fields.blurred[inside], fields.perfusion[inside]
    whole = weight > 0.5
    region = weight * (blurred >= REGION_SHARE * blurred[whole].max())
    region_sharp = weight * (sharp >= REGION_SHARE * sharp[whole].max())
    return DoseSummary(
        mld_gy=_mean(dose, weight),
        fmld_gy=_mean(dose, region),
        fmld_unblurred_gy=_mean(dose, region_sharp),
        mpwld_gy=_mean(dose, weight * blurred),
        v20_pct=100.0 * _mean((dose >= 20.0).astype(np.float64), weight),
        fv20_pct=100.0 * _mean((dose >= 20.0).astype(np.float64), region),
        dvh_lung=_histogram(dose, weight * voxel_cc),
        dvh_functional=_histogram(dose, region * voxel_cc),
        treatment_beams=fields.plan.arrangement.treatment_beams,
        has_spect=fields.has_spect,
    )


def _mean(values: FloatArray, weight: FloatArray) -> float:
    return float(np.dot(values, weight) / weight.sum())


def _histogram(dose: FloatArray, volume_cc: FloatArray) -> DoseVolume:
    place = np.floor(dose / DVH_BIN_GY).astype(np.intp)
    volume = np.bincount(place, weights=volume_cc).astype(np.float64)
    return DoseVolume(np.arange(volume.size, dtype=np.float64) * DVH_BIN_GY, volume)
