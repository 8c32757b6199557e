"""Time the parts of a DVH inside one process. Usage: in_process.py STRUCT.dcm DOSE.dcm REPEATS; prints seconds."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from lungtox.dicom import read_dose, read_structures
from lungtox.dose import compute_dvh, compute_metrics

METRICS = ("V5Gy[%]", "V20Gy[%]", "D95%[Gy]", "D0.03cc[Gy]")


def timed(work: Callable[[], object], repeats: int) -> dict[str, float]:
    """Give the first time, which fills caches, and the median of the ones after it."""
    seconds = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return {"first": seconds[0], "median": statistics.median(seconds[1:])}


def main() -> None:
    """Time reading, the first structure, all structures."""
    struct, dose, repeats = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    found = {
        "read the structure set": timed(lambda: read_structures(struct), repeats),
        "read the dose": timed(lambda: read_dose(dose), repeats),
    }
    organs, loaded = list(read_structures(struct).structures.values()), read_dose(dose)
    lung = organs[:1]
    found["one lung"] = timed(lambda: [compute_metrics(compute_dvh(each, loaded), METRICS) for each in lung], repeats)
    found["all organs"] = timed(
        lambda: [compute_metrics(compute_dvh(each, loaded), METRICS) for each in organs], repeats
    )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
