"""What the camera's resolution does to functional metrics: the demo's perfusion blurred against unblurred.

`python -m lungtox.synthetic.resolution` writes docs/validation/perfusion-resolution.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lungtox.dose import compute_metrics, functional_dvhs
from lungtox.provenance import code_digest, versions
from lungtox.synthetic.factors import sample_traits
from lungtox.synthetic.patient_files import study_id
from lungtox.synthetic.perfusion import blur
from lungtox.synthetic.phantom import FINE_MM, build_phantom
from lungtox.synthetic.workers import worker_processes
from lungtox.tables import write_text

FloatArray = NDArray[np.float64]

FWHM_MM = (10.0, 12.0, 15.0)
"""Resolutions of the table; 12 mm is that of the demo's SPECT."""
REGIONS = ("20%max", "40%max", "60%max", "40%p99", "p50")
BOUND_GY, BOUND_POINTS = 0.3, 2.0
_SEED = 1  # of `lungtox demo`


def metrics_by_resolution(index: int, *, seed: int = _SEED) -> FloatArray:
    """Compute the functional metrics of one demo patient at every resolution, without noise.

    Parameters
    ----------
    index : int
        Place of the patient in the demo cohort, from 0.
    seed : int

    Returns
    -------
    ndarray, shape (1 + resolutions, 1 + regions, 2)
        First row: perfusion before blurring. First column: weighted by perfusion, then each region. Mean dose in Gy,
        V20 in %.
    """
    rng = np.random.default_rng(seed)
    phantom = build_phantom(sample_traits(rng, study_id(index), index), rng)
    inside = phantom.lung_share > 0.0
    # The voxels of the lung's edge are partly lung: their share of it is their volume.
    dose_gy, volume = phantom.dose.values[inside].astype(np.float64), phantom.lung_share[inside]
    flow = phantom.perfusion.values.astype(np.float64)
    images = [flow, *(blur(flow * phantom.lung_share, FINE_MM[::-1], resolution_mm=fwhm_mm) for fwhm_mm in FWHM_MM)]
    found = []
    for image in images:
        # The maximum is that within the lung; a voxel that is hardly lung is no place for it.
        q = np.minimum(image[inside], image[phantom.lung_share > 0.5].max())
        dvhs = functional_dvhs(dose_gy, volume, q, structure="Lungs-GTV", regions=REGIONS).dvhs
        found.append([list(compute_metrics(dvh, ["Mean[Gy]", "V20Gy[%]"]).values()) for dvh in dvhs])
    return np.array(found)


def describe_resolution(metrics: FloatArray, *, seed: int = _SEED) -> str:
    """Write the page docs/validation/perfusion-resolution.md.

    Parameters
    ----------
    metrics : ndarray, shape (patients, 1 + resolutions, 1 + regions, 2)
        Of `metrics_by_resolution`.
    seed : int
    """
    names = ["perfusion-weighted", *REGIONS]
    rows = []
    for number, fwhm_mm in enumerate(FWHM_MM, start=1):
        for column, name in enumerate(names):
            bias = metrics[:, number, column] - metrics[:, 0, column]
            rows.append(
                f"| {fwhm_mm:g} | {name} | {_summary(bias[:, 0], 3)} | {_inside(bias[:, 0], BOUND_GY)} |"
                f" {_summary(bias[:, 1], 2)} | {_inside(bias[:, 1], BOUND_POINTS)} |"
            )
    found = versions()
    return "\n".join(
        [
            "# What resolution does to functional metrics",
            "",
            "Written by `python -m lungtox.synthetic.resolution`; not edited by hand.",
            "",
            f"- The {len(metrics)} patients of the demo (seed {seed}), on the grid of their dose (4 x 4 x 5 mm):"
            " perfusion blurred by a Gaussian of the given full width at half maximum, without noise and without the"
            " camera's voxels, against the same perfusion before blurring. Both lungs without the tumour; nothing is"
            " perfused outside of them.",
            "- Bias: blurred minus unblurred, mean (from the lowest to the highest patient). fV20 in points of percent"
            " of the region, whose volume changes too. The reference value (maximum, 99th percentile) is that of the"
            " image itself, as in an analysis.",
            f"- Within: patients whose bias is at most {BOUND_GY:g} Gy, or {BOUND_POINTS:g} points.",
            "",
            "| FWHM [mm] | region | bias of the mean dose [Gy] | within | bias of V20 [points] | within |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            "The mean dose is fMLD of a region and MPWLD where perfusion-weighted. The demo's SPECT has 12 mm.",
            "",
            "## Made with",
            "",
            f"Code {code_digest(__file__)}, numpy {found.get('numpy')}, scipy {found.get('scipy')}.",
            "",
        ]
    )


def _summary(bias: FloatArray, digits: int) -> str:
    return f"{bias.mean():+.{digits}f} ({bias.min():+.{digits}f} to {bias.max():+.{digits}f})"


def _inside(bias: FloatArray, bound: float) -> str:
    return f"{int((np.abs(bias) <= bound).sum())}/{bias.size}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m lungtox.synthetic.resolution", description=(__doc__ or "").strip())
    parser.add_argument("--patients", type=int, default=120)
    parser.add_argument("--seed", type=int, default=_SEED, help="of the demo cohort")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("docs/validation/perfusion-resolution.md"))
    options = parser.parse_args(arguments)
    with worker_processes(options.processes) as pool:
        found = list(pool.map(partial(metrics_by_resolution, seed=options.seed), range(options.patients)))
    write_text(describe_resolution(np.array(found), seed=options.seed), options.out)


if __name__ == "__main__":
    main()
