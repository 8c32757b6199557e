"""A file that a copy cut off is refused wherever the cut lies; pydicom would take the part before it for the whole."""

import numpy as np
import pydicom
import pytest

from lungtox.dicom import read_dose, read_function_image, read_plan, read_structures
from lungtox.errors import InputError
from tests.unit import dicom_files as make

RINGS = [make.contour(make.square(z)) for z in (0, 3, 6)]
FILES = {
    "RTSTRUCT": (lambda: make.structures({1: ("Lung_L", RINGS), 2: ("Heart", RINGS)}), read_structures),
    "RTPLAN": (lambda: make.plan([make.beam(1), make.beam(2)]), read_plan),
    "RTDOSE": (lambda: make.dose(np.full((3, 4, 5), 7, dtype="<u2")), read_dose),
    "SPECT": (lambda: make.spect(np.full((3, 4, 5), 7, dtype="<u2")), read_function_image),
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("options", [{}, {"implicit": True}, {"meta": False}], ids=["explicit", "implicit", "no meta"])
def test_no_cut_goes_unseen(tmp_path, kind, options):
    build, read = FILES[kind]
    content = make.save(build(), tmp_path / "whole", **options).read_bytes()
    read(tmp_path / "whole")
    dataset = pydicom.dcmread(tmp_path / "whole", force=True)
    last = dataset[max(dataset.keys())]
    # From the last element of the file on: its value makes most of each of these files.
    begin = content.rindex(last.tag.group.to_bytes(2, "little") + last.tag.element.to_bytes(2, "little"))
    cut = tmp_path / "cut"
    for size in range(begin + 1, len(content)):
        cut.write_bytes(content[:size])
        with pytest.raises(InputError, match="The file is cut off: copy it again"):
            read(cut)
