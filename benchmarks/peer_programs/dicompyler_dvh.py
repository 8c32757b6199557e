"""DVH figures by dicompyler-core. Usage: dicompyler_dvh.py JOBS.json [interpolate]."""

import json
import sys
from pathlib import Path

from dicompylercore import dicomparser, dvhcalc

jobs = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
between = "interpolate" in sys.argv[2:]


def figures(job, number):
    """Give the figures of one structure."""
    options = {}
    if between:
        spacing = float(dicomparser.DicomParser(job["dose"]).ds.PixelSpacing[0])
        # Half the grid in the plane, and one section more between two planes.
        options = {
            "interpolation_resolution": spacing / 2,
            "interpolation_segments_between_planes": 1,
            "use_structure_extents": True,
        }
    dvh = dvhcalc.get_dvh(job["struct"], job["dose"], number, **options)
    found = {"volume": float(dvh.volume), "mean": float(dvh.mean)}
    for name, (value, unit) in {"D99": (99, None), "D95": (95, None), "D5": (5, None), "D1": (1, None)}.items():
        found[f"{name}%[Gy]"] = float(dvh.dose_constraint(value, unit).value)
    found["D0.03cc[Gy]"] = float(dvh.dose_constraint(0.03, "cc").value)
    return found


answers = []
for job in jobs:
    structures = dicomparser.DicomParser(job["struct"]).GetStructures()
    names = {each["name"]: number for number, each in structures.items()}
    answers.append({name: figures(job, names[name]) for name in job["names"]})
print(json.dumps(answers))
