"""DVH figures by pyCERR. Usage: pycerr_dvh.py JOBS.json."""

import contextlib
import json
import sys
from pathlib import Path

with contextlib.redirect_stdout(sys.stderr):
    from cerr import dvh, plan_container

BIN_GY = 0.01


def figures(job):
    """Give the figures of the wanted structures."""
    plan = plan_container.loadDcmDir([job["ct"], job["struct"], job["dose"]])
    found = {}
    for number, structure in enumerate(plan.structure):
        if structure.structureName not in job["names"]:
            continue
        doses, volumes, error = dvh.getDVH(number, 0, plan)
        if error:
            found[structure.structureName] = None
            continue
        bins, parts = dvh.doseHist(doses, volumes, BIN_GY)
        found[structure.structureName] = {
            "volume": float(sum(volumes)),
            "mean": float(dvh.meanDose(bins, parts)),
            **{f"D{x}%[Gy]": float(dvh.Dx(bins, parts, x, 1)) for x in (99, 95, 5, 1)},
            "D0.03cc[Gy]": float(dvh.Dx(bins, parts, 0.03, 0)),
        }
    return found


with contextlib.redirect_stdout(sys.stderr):
    answers = [figures(job) for job in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))]
print(json.dumps(answers))
