"""DVHs of a phantom from its voxels, without contours and files: the demo cohort with ``--dvh-only``."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lungtox.dose import Dvh, dvh_from_samples, eqd2_gy, functional_dvhs
from lungtox.synthetic.anatomy import cord_centre_mm, esophagus_centre_mm, lung_distances
from lungtox.synthetic.contours import ESOPHAGUS_MM
from lungtox.synthetic.patient import PatientTraits
from lungtox.synthetic.phantom import REGION_SHARE, Phantom
from lungtox.synthetic.shapes import covered_share

FloatArray = NDArray[np.float64]

ALPHA_BETA_GY = {"Lungs-GTV": 3.0, "Heart": 2.5, "Esophagus": 10.0, "SpinalCord": 2.0}
"""As config.yaml of the demo has them; another analysis needs DICOM."""
_REGION = f"{100 * REGION_SHARE:g}%max"


def phantom_dvhs(phantom: Phantom) -> list[Dvh]:
    """Give the DVHs that an extraction of the same patient's files gives, physical dose and EQD2.

    Functional ones are of the blurred perfusion without noise, and only where the patient has a SPECT.
    """
    dvhs: list[Dvh] = []
    everywhere = phantom.dose.values.astype(np.float64)
    for name, share in _shares(phantom).items():
        inside = share > 0.0
        volume = share[inside] * _voxel_cc(phantom)
        perfusion = phantom.perfusion_blurred.values[inside] if name == "Lungs-GTV" else None
        for dose, quantity, ratio in _quantities(everywhere[inside], phantom.traits, ALPHA_BETA_GY[name]):
            dvhs.append(dvh_from_samples(dose, volume, structure=name, quantity=quantity, alpha_beta_gy=ratio))
            if perfusion is not None and phantom.summary.has_spect:
                dvhs += functional_dvhs(
                    dose,
                    volume,
                    perfusion,
                    structure=name,
                    regions=(_REGION,),
                    quantity=quantity,
                    alpha_beta_gy=ratio,
                ).dvhs
    return dvhs


def _quantities(
    dose: FloatArray, traits: PatientTraits, alpha_beta_gy: float
) -> Iterator[tuple[FloatArray, str, float | None]]:
    yield dose, "physical", None
    yield eqd2_gy(dose, traits.fractions, alpha_beta_gy), "eqd2", alpha_beta_gy


def _voxel_cc(phantom: Phantom) -> float:
    grid = phantom.dose.grid
    return float(np.prod([axis[1] - axis[0] for axis in (grid.x_mm, grid.y_mm, grid.z_mm)])) / 1000.0


def _shares(phantom: Phantom) -> dict[str, FloatArray]:
    """Share of each voxel in each analysed structure."""
    anatomy, grid = phantom.anatomy, phantom.dose.grid
    dx, dy, dz = anatomy.origin_mm
    x, y, z = grid.x_mm[None, None, :] - dx, grid.y_mm[None, :, None] - dy, grid.z_mm[:, None, None] - dz
    length = np.any(phantom.lung_share > 0.5, axis=(1, 2))[:, None, None]
    voxel = float(np.cbrt(1000.0 * _voxel_cc(phantom)))
    cord_x, cord_y = cord_centre_mm(anatomy, z)
    tube_x, tube_y = esophagus_centre_mm(anatomy, z)
    cord = _flat(x - cord_x, y - cord_y, anatomy.cord_mm[:2])
    tube = _flat(x - tube_x, y - tube_y, ESOPHAGUS_MM)
    return {
        "Lungs-GTV": phantom.lung_share,
        "Heart": covered_share(lung_distances(anatomy, x, y, z)["Heart"], voxel_mm=voxel),
        "Esophagus": np.where(length, covered_share(tube, voxel_mm=voxel), 0.0),
        "SpinalCord": np.where(length, covered_share(cord, voxel_mm=voxel), 0.0),
    }


def _flat(dx: FloatArray, dy: FloatArray, half_axes_mm: tuple[float, float]) -> FloatArray:
    level = np.hypot(dx / half_axes_mm[0], dy / half_axes_mm[1])
    distance: FloatArray = (level - 1.0) * np.sqrt(half_axes_mm[0] * half_axes_mm[1])
    return distance
