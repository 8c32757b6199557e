"""DVHs for the NTCP tests, made by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.special import ndtr

from lungtox.dose import Dvh, write_dvhs

TOY_DOSE_GY = (0, 2, 4, 6, 10, 15, 20, 25, 40, 60)  # SCIENCE.md section 2, 2 cc each


def dvh(volumes, *, bin_width_gy=0.1, mean_gy=None, structure="Lungs-GTV", **identity) -> Dvh:
    """A DVH of given bins; the mean of the samples is that of the mid-bins unless given."""
    volume = np.asarray(volumes, dtype=float)
    mid = (np.arange(volume.size) + 0.5) * bin_width_gy
    mean = float(mid @ volume / volume.sum()) if mean_gy is None else mean_gy
    total = float(volume.sum())
    return Dvh(
        structure=structure, volume_cc=volume, bin_width_gy=bin_width_gy, total_cc=total,
        min_gy=0.0, mean_gy=mean, max_gy=float(volume.size * bin_width_gy), **identity,
    )  # fmt: skip


def point_dvh(doses_gy, volumes_cc, *, bin_width_gy=1e-3, **identity) -> Dvh:
    """Point doses as fine bins centred on them: what is lost is at most half a bin, and the mean is exact."""
    doses = np.asarray(doses_gy, dtype=float)
    index = np.floor(doses / bin_width_gy + 1e-6).astype(int)
    volume = np.bincount(index, weights=np.asarray(volumes_cc, dtype=float))
    mean = float(np.average(doses, weights=volumes_cc))
    return dvh(volume, bin_width_gy=bin_width_gy, mean_gy=mean, **identity)


def toy(**identity) -> Dvh:
    return point_dvh(TOY_DOSE_GY, [2.0] * 10, **identity)


def eqd2_toy() -> Dvh:
    """The toy dose as EQD2 with N = 30 and alpha/beta 3, bin by bin (SCIENCE.md section 2)."""
    doses = np.array(TOY_DOSE_GY, dtype=float)
    return point_dvh(doses * (doses / 30 + 3) / 5, [2.0] * 10, structure="Lungs", quantity="eqd2", alpha_beta_gy=3.0)


def lung_dvhs(patients, rng, *, bins=700, **identity) -> list[Dvh]:
    """Lung-like DVHs: a low-dose bath and a tail that ends at the prescription."""
    mid = (np.arange(bins) + 0.5) * 0.1
    made = []
    for _ in range(patients):
        bath = rng.uniform(0.3, 0.7) * np.exp(-mid / rng.uniform(2, 8)) / 5
        tail = rng.uniform(0.003, 0.02) * np.exp(-mid / rng.uniform(15, 60))
        volume = np.where(mid < rng.uniform(45, 68), bath + tail, 0.0)
        made.append(dvh(3000 * volume / volume.sum(), **identity))
    return made


def lkb_outcomes(dvhs, rng, *, td50_gy=20.0, m=0.37, n=1.0) -> np.ndarray:
    """Outcomes drawn from an LKB model, gEUD by its definition (SCIENCE.md section 2)."""
    geud = []
    for item in dvhs:
        mid = (np.arange(item.volume_cc.size) + 0.5) * item.bin_width_gy
        geud.append(float((item.volume_cc / item.volume_cc.sum()) @ mid ** (1 / n)) ** n)
    return (rng.random(len(geud)) < ndtr((np.array(geud) - td50_gy) / (m * td50_gy))).astype(int)


def write_table(path: Path, dvhs) -> Path:
    """A DVH table as the dose stage writes it."""
    write_dvhs(dvhs, path)
    return path
