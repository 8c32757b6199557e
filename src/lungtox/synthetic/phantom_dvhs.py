"""DVHs of a phantom without files: the demo cohort with ``--dvh-only``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lungtox.dose import Dvh, dvh_from_samples, eqd2_gy, functional_dvhs, sample_region
from lungtox.geometry import Dose
from lungtox.synthetic.phantom import REGION_SHARE, Phantom

FloatArray = NDArray[np.float64]

LUNGS = "Lungs-GTV"
ALPHA_BETA_GY = {LUNGS: 3.0, "Heart": 2.5, "Esophagus": 10.0, "SpinalCord": 2.0}
"""As config.yaml of the demo has them; another analysis needs DICOM."""
_REGION = f"{100 * REGION_SHARE:g}%max"


def phantom_dvhs(phantom: Phantom) -> list[Dvh]:
    """Give the DVHs that an extraction of the same patient's files gives, physical dose and EQD2.

    Those of the lungs are of the phantom's voxels: the functional ones of the blurred perfusion without noise, and only
    where the patient has a SPECT. The other organs are sampled from their contours.
    """
    inside = phantom.lung_share > 0.0
    dose_gy = phantom.dose.values[inside].astype(np.float64)
    grid = phantom.dose.grid
    voxel_cc = float(np.prod([axis[1] - axis[0] for axis in (grid.x_mm, grid.y_mm, grid.z_mm)])) / 1000.0
    volume_cc = phantom.lung_share[inside] * voxel_cc
    perfusion = phantom.perfusion_blurred.values[inside] if phantom.summary.has_spect else None
    dvhs: list[Dvh] = []
    for quantity in ("physical", "eqd2"):
        dvhs += _histograms(phantom, LUNGS, dose_gy, volume_cc, quantity, perfusion)
        for name in ("Heart", "Esophagus", "SpinalCord"):
            samples = sample_region(phantom.structures[name], Dose(phantom.dose, "", phantom.traits.fractions))
            dvhs += _histograms(phantom, name, samples.dose_gy, samples.volume_cc, quantity, None)
    return dvhs


def _histograms(
    phantom: Phantom,
    structure: str,
    dose_gy: FloatArray,
    volume_cc: FloatArray,
    quantity: str,
    perfusion: NDArray[np.floating] | None,
) -> list[Dvh]:
    """Give the DVH of one structure in one quantity, and the functional ones where there is perfusion."""
    ratio = None
    if quantity == "eqd2":
        ratio = ALPHA_BETA_GY[structure]
        dose_gy = eqd2_gy(dose_gy, phantom.traits.fractions, ratio)
    dvhs = [dvh_from_samples(dose_gy, volume_cc, structure=structure, quantity=quantity, alpha_beta_gy=ratio)]
    if perfusion is not None:
        dvhs += functional_dvhs(
            dose_gy,
            volume_cc,
            perfusion,
            structure=structure,
            regions=(_REGION,),
            quantity=quantity,
            alpha_beta_gy=ratio,
        ).dvhs
    return dvhs
