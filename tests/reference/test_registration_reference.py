"""Registration objects that leave out what they map between: both are refused by name."""

import os
from pathlib import Path

import pytest

from lungtox.dicom import read_registration
from lungtox.errors import InputError

DATA = Path(os.environ.get("LUNGTOX_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data"))
FOLDER = DATA / "registration"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="reference data are absent (LUNGTOX_REFERENCE_DATA)")


def test_a_matrix_without_frames_of_reference_is_not_guessed():
    with pytest.raises(InputError, match="frame of reference of each matrix; found none") as error:
        read_registration(FOLDER / "spatial_reg.dcm")
    assert [fault.code for fault in error.value.faults] == ["registration-frame", "registration-frame"]
    assert "FUSION" not in str(error.value)


def test_a_private_transform_is_no_registration():
    with pytest.raises(InputError, match="a DICOM REG file; found modality OT"):
        read_registration(FOLDER / "transform.dcm")
