"""A population of synthetic patients with what the comparison of dose descriptions needs: metrics and lung DVHs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lungtox.ntcp import DoseMatrix
from lungtox.synthetic.factors import sample_traits
from lungtox.synthetic.patient import PatientTraits
from lungtox.synthetic.phantom import DVH_BIN_GY, dose_summary
from lungtox.synthetic.population import POPULATION_SEED
from lungtox.synthetic.workers import worker_processes
from lungtox.tables import atomic_path

FloatArray = npt.NDArray[np.float64]

METRICS = ("mld_gy", "v20_pct", "fmld_gy", "mpwld_gy")
FINGERPRINT_PATIENTS = 2
PATIENTS_PER_TASK = 25
BINS = 1000
"""Of DVH_BIN_GY: up to 100 Gy."""


@dataclass(frozen=True)
class DosePopulation:
    """Patients 0 to n - 1 of one seed.

    Attributes
    ----------
    seed : int
    metrics : ndarray, shape (n, 4)
        In the order of `METRICS`.
    volume_cc : ndarray, shape (n, bins)
        Differential DVH of the lungs without the GTV, bins of 0.1 Gy.
    has_spect : ndarray of bool, shape (n,)
    """

    seed: int
    metrics: FloatArray
    volume_cc: npt.NDArray[np.float32]
    has_spect: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.metrics)

    def traits(self, index: int) -> PatientTraits:
        """Give the traits of one patient."""
        return sample_traits(np.random.default_rng(self.seed), f"P{index:06d}", index)

    def column(self, metric: str) -> FloatArray:
        """Give one metric of all patients."""
        return self.metrics[:, METRICS.index(metric)]

    def dose_matrix(self, rows: npt.NDArray[np.int64]) -> DoseMatrix:
        """Give the DVHs of some patients as the NTCP models see them."""
        volume = self.volume_cc[rows].astype(np.float64)
        used = int(np.flatnonzero(volume.any(axis=0))[-1]) + 1
        share = volume[:, :used] / volume.sum(axis=1, keepdims=True)
        dose_gy = (np.arange(used, dtype=np.float64) + 0.5) * DVH_BIN_GY
        return DoseMatrix(
            dose_gy, share, self.column("mld_gy")[rows] / (share @ dose_gy), "Lungs-GTV", "anatomical", "physical", None
        )


def make_dose_population(size: int, *, processes: int, cache: Path, seed: int = POPULATION_SEED) -> DosePopulation:
    """Compute the doses of ``size`` patients, or read them from ``cache`` if the same generator made them.

    Parameters
    ----------
    size : int
    processes : int
    cache : path of a folder
    seed : int
    """
    first, _ = _summarise(seed, np.arange(FINGERPRINT_PATIENTS))
    key = hashlib.sha256(np.round(first, 6).tobytes()).hexdigest()[:16]
    path = cache / f"dose-population-{key}-{seed}-{size}.npz"
    if not path.is_file():
        indices = np.array_split(np.arange(size), max(size // PATIENTS_PER_TASK, 1))
        with worker_processes(processes) as workers:
            parts = list(workers.map(_summarise, [seed] * len(indices), indices))
        with atomic_path(path) as temporary:
            np.savez_compressed(
                temporary, doses=np.vstack([one for one, _ in parts]), volume_cc=np.vstack([two for _, two in parts])
            )
    with np.load(path) as stored:
        doses, volume_cc = stored["doses"], stored["volume_cc"]
    return DosePopulation(seed, doses[:, :-1], volume_cc, doses[:, -1] > 0.0)


def _summarise(seed: int, indices: npt.NDArray[np.int64]) -> tuple[FloatArray, npt.NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    rows, volumes = [], np.zeros((len(indices), BINS), dtype=np.float32)
    for place, index in enumerate(indices):
        summary = dose_summary(sample_traits(rng, f"P{index:06d}", int(index)), rng)
        rows.append([*(getattr(summary, name) for name in METRICS), float(summary.has_spect)])
        volumes[place, : len(summary.dvh_lung.volume_cc)] = summary.dvh_lung.volume_cc
    return np.array(rows), volumes
