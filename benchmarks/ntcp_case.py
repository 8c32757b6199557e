"""One measurement of ntcp.py. Usage: ntcp_case.py fit|bootstrap MODEL PATIENTS COVARIATES; prints seconds."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pandas as pd
from scipy.special import ndtr

from lungtox.dose import Dvh
from lungtox.ntcp import fit_ntcp, validate_ntcp

BINS = 700
RESAMPLES = 1000


def lung_dvh(rng: np.random.Generator) -> Dvh:
    """Give a lung-like DVH: a low-dose bath and a tail that ends at the prescription."""
    mid = (np.arange(BINS) + 0.5) * 0.1
    bath = rng.uniform(0.3, 0.7) * np.exp(-mid / rng.uniform(2, 8)) / 5
    tail = rng.uniform(0.003, 0.02) * np.exp(-mid / rng.uniform(15, 60))
    volume = np.where(mid < rng.uniform(45, 68), bath + tail, 0.0)
    volume *= 3000.0 / volume.sum()
    mean = float(mid @ volume / volume.sum())
    return Dvh(
        structure="Lungs-GTV", volume_cc=volume, bin_width_gy=0.1, total_cc=3000.0, min_gy=0.0, mean_gy=mean,
        max_gy=BINS * 0.1,
    )  # fmt: skip


def main() -> None:
    """Simulate a cohort, fit, print what it took."""
    task, model, patients, columns = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    rng = np.random.default_rng(1)
    dvhs = [lung_dvh(rng) for _ in range(patients)]
    mid = (np.arange(BINS) + 0.5) * 0.1
    geud = np.array([(dvh.volume_cc @ mid ** (1 / 0.6) / 3000.0) ** 0.6 for dvh in dvhs])
    outcome = (rng.random(patients) < ndtr((geud - 25.0) / (0.3 * 25.0))).astype(int)
    covariates = None
    if columns:
        covariates = pd.DataFrame({"age_y": rng.normal(65, 9, patients), "disease": rng.choice([0, 1], patients)})
    fit = fit_ntcp(dvhs, outcome, model=model, covariates=covariates, intervals=False) if task == "bootstrap" else None
    clock, processor = time.perf_counter(), time.process_time()
    if fit is None:
        fit_ntcp(dvhs, outcome, model=model, covariates=covariates)
    else:
        validate_ntcp(fit, resamples=RESAMPLES, rng=np.random.default_rng(2))
    found = {"seconds": time.perf_counter() - clock, "processor_s": time.process_time() - processor}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
