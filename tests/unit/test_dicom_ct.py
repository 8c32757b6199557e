"""Reading CT slices. Expected numbers are worked out by hand from the headers made here with pydicom alone."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset

from lungtox.dicom import read_ct
from lungtox.errors import InputError
from lungtox.geometry import interpolate
from tests.unit import dicom_files as make

CT = "1.2.840.10008.5.1.4.1.1.2"
STORED = np.arange(36, dtype="<i2").reshape(3, 3, 4)  # 3 slices, 3 rows, 4 columns


def slice_of(stored: np.ndarray, z_mm: float, **changes) -> Dataset:
    """One CT slice with 2 mm between rows and 3 mm between columns, 10 HU a step from -1000 on."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.Modality, dataset.FrameOfReferenceUID = CT, "CT", make.FRAME
    dataset.SOPInstanceUID, dataset.SeriesInstanceUID = f"1.2.3.20.{int(z_mm * 10) + 10000}", "1.2.3.21"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.Rows, dataset.Columns = stored.shape
    dataset.PixelSpacing, dataset.ImageOrientationPatient = [2, 3], [1, 0, 0, 0, 1, 0]
    dataset.ImagePositionPatient = [-50, -20, z_mm]
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit, dataset.PixelRepresentation, dataset.SamplesPerPixel = 15, 1, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.RescaleSlope, dataset.RescaleIntercept = 10, -1000
    dataset.PixelData = stored.tobytes()
    dataset["PixelData"].VR = "OW"
    return make.changed(dataset, **changes)


def write(folder, slices):
    folder.mkdir(exist_ok=True)
    for number, one in enumerate(slices):
        make.save(one, folder / f"{number}")
    return folder


def series(heights=(30.0, 34.0, 38.0), **changes):
    return [slice_of(STORED[n % 3], z, **changes) for n, z in enumerate(heights)]


def codes(error: pytest.ExceptionInfo[InputError]) -> list[str]:
    return [fault.code for fault in error.value.faults]


def refusal(folder, slices) -> list[str]:
    with pytest.raises(InputError) as error:
        read_ct(write(folder, slices), who="P7")
    assert all(fault.who == "P7" for fault in error.value.faults)
    return codes(error)


def test_slices_become_hounsfield_units_on_ascending_axes(tmp_path):
    folder = write(tmp_path / "ct", [series()[n] for n in (2, 0, 1)])  # file names in another order than the slices
    ct = read_ct(folder)
    assert ct.image.grid.z_mm.tolist() == [30, 34, 38]
    assert ct.image.grid.y_mm.tolist() == [-20, -18, -16]
    assert ct.image.grid.x_mm.tolist() == [-50, -47, -44, -41]
    np.testing.assert_array_equal(ct.image.values, STORED * 10.0 - 1000)
    assert ct.frame_of_reference == make.FRAME
    files = sorted(folder.iterdir())
    np.testing.assert_array_equal(read_ct(files).image.values, ct.image.values)


def test_each_slice_has_its_own_rescale_and_padding_is_air(tmp_path):
    stored = STORED.copy()
    stored[0, 0, 0], stored[1, 0, 0] = -2000, 3000
    slices = [slice_of(stored[n], 4.0 * n) for n in range(3)]
    slices[2].RescaleSlope = 5
    slices[1].PixelPaddingValue = 3000
    values = read_ct(write(tmp_path / "ct", slices)).image.values
    assert values[0, 0, 0] == values[1, 0, 0] == -1024
    assert values[2, 1, 1] == STORED[2, 1, 1] * 5 - 1000


def test_a_sagittal_and_an_oblique_stack_keep_their_values_in_place(tmp_path):
    # PS3.3 C.7.6.2.1.1: where column 3 of row 2 of the second slice lies.
    c, s = 0.8, 0.6
    for number, axes in enumerate(([0, 1, 0, 0, 0, -1], [c, s, 0, -s, c, 0])):
        axes = np.array(axes, dtype=float)
        normal = np.cross(axes[:3], axes[3:])
        places = [np.array([5.0, 6.0, 7.0]) + 4.0 * k * normal for k in range(3)]
        slices = [
            slice_of(STORED[k], 0.0, ImagePositionPatient=list(place), ImageOrientationPatient=list(axes))
            for k, place in enumerate(places)
        ]
        ct = read_ct(write(tmp_path / str(number), slices))
        x, y, z = places[1] + axes[:3] * 3 * 3 + axes[3:] * 2 * 2
        found = interpolate(ct.image, [x], [y], [z])[0]
        assert found == pytest.approx(STORED[1, 2, 3] * 10 - 1000)


def test_missing_uneven_and_doubled_slices_are_refused_by_name(tmp_path):
    even = [30.0 + 3 * n for n in range(9)]
    with pytest.raises(InputError, match="a slice every 3 mm; found 2 missing"):
        read_ct(write(tmp_path / "a", series([z for z in even if z not in (36.0, 48.0)])))
    assert refusal(tmp_path / "b", series([*even, 56.0])) == ["slices-uneven"]
    assert refusal(tmp_path / "c", series([*even, 33.0])) == ["slices-twice"]
    assert refusal(tmp_path / "d", series([30.0])) == ["slices-single"]
    assert read_ct(write(tmp_path / "e", series([30.0, 33.05, 35.98, 39.0]))).image.grid.shape == (4, 3, 4)


def test_gantry_tilt_is_refused(tmp_path):
    slices = series()
    for number, one in enumerate(slices):
        one.ImagePositionPatient = [-50, -20 + number, 30 + 4 * number]
    assert refusal(tmp_path / "a", slices) == ["slices-shifted"]


def test_what_is_no_ct_slice_is_refused_with_its_number(tmp_path):
    scout = slice_of(STORED[0], 0.0, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    other = make.dose(STORED.astype("<u2"))
    with pytest.raises(InputError) as error:
        read_ct(write(tmp_path / "a", [*series(), scout, other, other]))
    assert sorted(codes(error)) == ["ct-kind", "modality"]
    assert "modality RTDOSE (in 2 of 6 files)" in str(error.value)
    assert refusal(tmp_path / "b", series(RescaleType="US")) == ["ct-units"]
    assert refusal(tmp_path / "c", series(RescaleSlope=None)) == ["attribute"]
    assert refusal(tmp_path / "d", series(NumberOfFrames=2)) == ["ct-kind"]


def test_several_series_and_frames_are_said_together_and_mixed_slices_by_name(tmp_path):
    slices = series()
    slices[2] = slice_of(STORED[2], 38.0, SeriesInstanceUID="1.9", FrameOfReferenceUID="1.8")
    with pytest.raises(InputError) as error:
        read_ct(write(tmp_path / "a", slices))
    assert [fault.expected.split(" of ")[0] for fault in error.value.faults] == ["one series", "one frame"]
    assert "1.9" not in str(error.value)
    slices[2] = slice_of(STORED[2, :, :3], 38.0, ImageOrientationPatient=[0, 1, 0, 1, 0, 0])
    assert refusal(tmp_path / "b", slices) == ["slices-mixed", "slices-mixed"]


def test_an_empty_folder_and_cut_off_pixels_are_refused(tmp_path):
    assert refusal(tmp_path / "a", []) == ["file-missing"]
    slices = series()
    slices[1].PixelData = slices[1].PixelData[:-2]
    assert refusal(tmp_path / "b", slices) == ["pixels"]
