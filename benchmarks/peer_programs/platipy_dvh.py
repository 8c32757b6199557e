"""DVH figures by platipy. Usage: platipy_dvh.py JOBS.json."""

import json
import sys
from pathlib import Path

from platipy.dicom.io.rtdose_to_nifti import convert_rtdose
from platipy.dicom.io.rtstruct_to_nifti import (
    read_dicom_image,
    read_dicom_struct_file,
    transform_point_set_from_dicom_struct,
)
from platipy.imaging.dose.dvh import calculate_d_cc_x, calculate_d_x, calculate_dvh_for_labels


def figures(job):
    """Give the figures of the wanted structures."""
    masks, names = transform_point_set_from_dicom_struct(
        read_dicom_image(job["ct"]), read_dicom_struct_file(job["struct"])
    )
    labels = dict(zip(names, masks, strict=True))
    wanted = {name: labels["_".join(name.split())] for name in job["names"]}
    dvh = calculate_dvh_for_labels(convert_rtdose(job["dose"]), wanted, bin_width=0.01)
    percent = calculate_d_x(dvh, [99, 95, 5, 1]).set_index("label")
    cc = calculate_d_cc_x(dvh, [0.03]).set_index("label")
    table = dvh.set_index("label")
    return {
        name: {
            "volume": float(table.loc[name, "cc"]),
            "mean": float(table.loc[name, "mean"]),
            **{f"D{x}%[Gy]": float(percent.loc[name, f"D{x}"]) for x in (99, 95, 5, 1)},
            "D0.03cc[Gy]": float(cc.loc[name].iloc[-1]),
        }
        for name in wanted
    }


print(json.dumps([figures(job) for job in json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))]))
