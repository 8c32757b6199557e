"""Reading RTDOSE. Expected numbers are worked out by hand from the headers in dicom_files.py."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom import DataElement, config
from pydicom.uid import JPEG2000Lossless, RLELossless

from lungtox.dicom import Plan, read_dose, read_dose_header
from lungtox.dicom.axes import orient
from lungtox.errors import InputError
from lungtox.geometry import interpolate
from tests.unit import dicom_files as make

VALUES = np.arange(24, dtype="<u2").reshape(2, 3, 4)  # 2 frames, 3 rows, 4 columns
PLAN = Plan(30, 60.0, 3, 1, "IMRT", uid="1.2.3.12")


def codes(error: pytest.ExceptionInfo[InputError]) -> list[str]:
    return [fault.code for fault in error.value.faults]


@pytest.mark.parametrize("dtype", ["<u2", "<u4"])
@pytest.mark.parametrize("meta", [True, False])
def test_values_are_stored_times_scaling_at_the_header_positions(tmp_path, dtype, meta):
    path = make.save(make.dose(VALUES.astype(dtype)), tmp_path / "d", meta=meta)
    dose = read_dose(path, plan=PLAN)
    assert dose.image.grid.x_mm.tolist() == [10, 13, 16, 19]
    assert dose.image.grid.y_mm.tolist() == [20, 22, 24]
    assert dose.image.grid.z_mm.tolist() == [30, 34]
    np.testing.assert_array_equal(dose.image.values, VALUES * 0.5)
    assert (dose.fractions, dose.rbe_weighted, dose.frame_of_reference) == (30, False, make.FRAME)


def test_absolute_and_descending_frame_offsets(tmp_path):
    absolute = make.save(make.dose(VALUES, GridFrameOffsetVector=[30, 33]), tmp_path / "a")
    assert read_dose(absolute).image.grid.z_mm.tolist() == [30, 33]
    descending = read_dose(make.save(make.dose(VALUES, GridFrameOffsetVector=[0, -4]), tmp_path / "b"))
    assert descending.image.grid.z_mm.tolist() == [26, 30]
    np.testing.assert_array_equal(descending.image.values, VALUES[::-1] * 0.5)
    mixed_values = np.arange(36, dtype="<u2").reshape(3, 3, 4)
    mixed = read_dose(make.save(make.dose(mixed_values, GridFrameOffsetVector=[0, 8, 4]), tmp_path / "c"))
    assert mixed.image.grid.z_mm.tolist() == [30, 34, 38]
    np.testing.assert_array_equal(mixed.image.values, mixed_values[[0, 2, 1]] * 0.5)


def test_absolute_offsets_of_a_feet_first_dose_are_patient_z(tmp_path):
    dataset = make.dose(VALUES, ImageOrientationPatient=[-1, 0, 0, 0, 1, 0], GridFrameOffsetVector=[30, 26])
    assert read_dose(make.save(dataset, tmp_path / "d")).image.grid.z_mm.tolist() == [26, 30]


def test_a_single_plane_is_no_volume(tmp_path):
    dataset = make.dose(VALUES[:1], GridFrameOffsetVector=None, NumberOfFrames=None)
    with pytest.raises(InputError, match="one plane, row or column"):
        read_dose(make.save(dataset, tmp_path / "d"))


def test_feet_first_prone_is_turned_into_patient_axes(tmp_path):
    # Row along +x, column along -y: the normal is (1,0,0) x (0,-1,0) = -z.
    dose = read_dose(make.save(make.dose(VALUES, ImageOrientationPatient=[1, 0, 0, 0, -1, 0]), tmp_path / "d"))
    assert dose.image.grid.y_mm.tolist() == [16, 18, 20]
    assert dose.image.grid.z_mm.tolist() == [26, 30]
    np.testing.assert_array_equal(dose.image.values, VALUES[::-1, ::-1, :] * 0.5)


def test_decubitus_swaps_rows_and_columns(tmp_path):
    # Row along +y, column along +x: the normal is y x x = -z.
    dose = read_dose(make.save(make.dose(VALUES, ImageOrientationPatient=[0, 1, 0, 1, 0, 0]), tmp_path / "d"))
    assert dose.image.grid.x_mm.tolist() == [10, 12, 14]  # between rows
    assert dose.image.grid.y_mm.tolist() == [20, 23, 26, 29]  # between columns
    np.testing.assert_array_equal(dose.image.values, VALUES[::-1].transpose(0, 2, 1) * 0.5)


AXES = [np.array(v, dtype=float) for v in ([1, 0, 0], [0, 1, 0], [0, 0, 1])]
ORIENTATIONS = [
    np.concatenate([s * a, t * b]) for a in AXES for b in AXES if a is not b for s in (1, -1) for t in (1, -1)
]


@given(
    orientation=st.sampled_from(ORIENTATIONS), frame=st.integers(0, 1), row=st.integers(0, 2), column=st.integers(0, 3)
)
def test_every_voxel_keeps_its_value_in_every_orientation(orientation, frame, row, column):
    # PS3.3 C.7.6.2.1.1: position + column index * row direction * column spacing + row index * ... + normal * offset.
    position, spacing, offsets = np.array([5.0, -7.0, 11.0]), np.array([2.0, 3.0]), np.array([0.0, 4.0])
    found = orient(
        position_mm=position, orientation=orientation, spacing_mm=spacing, size=(3, 4), offsets_mm=offsets, who="P"
    )
    x, y, z = (
        position
        + orientation[:3] * 3.0 * column
        + orientation[3:] * 2.0 * row
        + np.cross(orientation[:3], orientation[3:]) * offsets[frame]
    )
    grid = found.grid
    index = (np.searchsorted(grid.z_mm, z), np.searchsorted(grid.y_mm, y), np.searchsorted(grid.x_mm, x))
    assert [grid.z_mm[index[0]], grid.y_mm[index[1]], grid.x_mm[index[2]]] == [z, y, x]
    assert found.arrange(VALUES)[index] == VALUES[frame, row, column]


@pytest.mark.parametrize("offsets", [[0, 4], [30, 34]])
def test_an_oblique_grid_keeps_its_own_axes(tmp_path, offsets):
    # PS3.3 C.7.6.2.1.1 gives where pixel (frame 1, row 2, column 3) lies; interpolation there gives its value.
    c, s = 0.8, 0.6  # turned about z, so that absolute offsets are patient z
    dataset = make.dose(VALUES, ImageOrientationPatient=[c, s, 0, -s, c, 0], GridFrameOffsetVector=offsets)
    dose = read_dose(make.save(dataset, tmp_path / "d"))
    x, y, z = 10 + 3 * 3 * c - 2 * 2 * s, 20 + 3 * 3 * s + 2 * 2 * c, 34.0
    assert interpolate(dose.image, [x], [y], [z])[0] == pytest.approx(VALUES[1, 2, 3] * 0.5)
    assert np.isnan(interpolate(dose.image, [x], [y], [z + 0.1])).all()
    assert dose.warnings == ("the dose grid is oblique: its values are interpolated along its own axes",)


def test_rows_and_columns_that_are_not_at_right_angles_are_refused(tmp_path):
    path = make.save(make.dose(VALUES, ImageOrientationPatient=[0.8, 0.6, 0, 0, 1, 0]), tmp_path / "d")
    with pytest.raises(InputError, match="at right angles") as error:
        read_dose(path)
    assert codes(error) == ["orientation"]


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"DoseUnits": "RELATIVE"}, "dose-units", "DoseUnits RELATIVE"),
        ({"DoseType": "ERROR"}, "dose-type", "DoseType ERROR"),
        ({"DoseSummationType": "BEAM"}, "dose-summation", "DoseSummationType BEAM"),
        ({"DoseSummationType": "FRACTION"}, "dose-summation", "DoseSummationType FRACTION"),
        ({"DoseSummationType": None}, "dose-summation", "DoseSummationType none"),
        ({"DoseGridScaling": 20}, "dose-scale", "a maximum of 460 Gy"),
        ({"DoseGridScaling": None}, "attribute", "DoseGridScaling"),
        ({"FrameOfReferenceUID": None}, "attribute", "FrameOfReferenceUID"),
        ({"PixelSpacing": [1]}, "attribute", "2 numbers in PixelSpacing; found 1 value"),
        ({"PixelSpacing": [0, 1]}, "grid", "two at one place"),
        ({"GridFrameOffsetVector": [0, 0]}, "grid", "two at one place"),
        ({"GridFrameOffsetVector": [7, 11]}, "grid", "begins with 0"),
        ({"GridFrameOffsetVector": [0, 1, 2]}, "attribute", "GridFrameOffsetVector"),
        ({"PixelData": b"\0" * 20}, "pixels", "48 bytes of pixels; found 20 bytes"),
        ({"BitsAllocated": 64}, "pixels", "64 bits"),
        ({"Modality": "CT"}, "modality", "modality CT"),
        ({"ImageOrientationPatient": [0, 1, 0, 0, 0, 1], "GridFrameOffsetVector": [30, 34]}, "grid", "stacked along z"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, changes, code, words):
    path = make.save(make.dose(VALUES, **changes), tmp_path / "d", implicit=True)
    with pytest.raises(InputError, match=r"^P014: ") as error:
        read_dose(path, who="P014")
    assert codes(error) == [code]
    assert words in str(error.value)


def test_all_faults_of_a_header_come_together_and_before_the_pixels(tmp_path):
    dataset = make.dose(
        VALUES, DoseUnits="RELATIVE", DoseSummationType="BEAM", ImagePositionPatient=None, PixelData=b""
    )
    path = make.save(dataset, tmp_path / "d")
    for read in (read_dose_header, read_dose):
        with pytest.raises(InputError) as error:
            read(path)
        assert codes(error) == ["dose-units", "dose-summation", "attribute"]


def test_missing_file_and_other_content(tmp_path):
    with pytest.raises(InputError) as error:
        read_dose(tmp_path / "none", who="P014")
    assert codes(error) == ["file-missing"] and str(tmp_path) not in str(error.value)
    for content in (b"", b"patient,age\nP001,63\n" * 20, bytes(range(256)) * 8):
        (tmp_path / "text").write_bytes(content)
        with pytest.raises(InputError) as error:
            read_dose(tmp_path / "text", who="P014")
        assert codes(error) == ["not-dicom"]


def test_header_holds_no_pixels_and_shows_no_identifier(tmp_path):
    header = read_dose_header(make.save(make.dose(VALUES, PixelData=b""), tmp_path / "d"))
    assert header.grid.shape == (2, 3, 4)
    assert make.FRAME not in repr(header)


def test_rbe_weighted_and_sums_of_plans_are_marked(tmp_path):
    dataset = make.dose(VALUES, DoseType="EFFECTIVE", DoseSummationType="MULTI_PLAN")
    dose = read_dose(make.save(dataset, tmp_path / "d"), plan=PLAN)
    assert dose.rbe_weighted
    assert dose.fractions is None
    assert len(dose.warnings) == 2


def test_a_beam_dose_is_read_when_asked_for(tmp_path):
    path = make.save(make.dose(VALUES, DoseSummationType="BEAM"), tmp_path / "d")
    assert read_dose(path, accept=("BEAM",)).image.values.max() == 11.5


def test_a_dose_of_another_plan_is_warned_about(tmp_path):
    dataset = make.dose(VALUES)
    dataset.ReferencedRTPlanSequence = [make.Dataset()]
    dataset.ReferencedRTPlanSequence[0].ReferencedSOPInstanceUID = "1.2.3.77"
    dose = read_dose(make.save(dataset, tmp_path / "d"), plan=PLAN)
    assert dose.warnings == ("the dose refers to another plan than the one given",)
    assert "1.2.3" not in repr(PLAN)


def test_run_length_encoded_pixels_are_decoded_and_unknown_compression_refused(tmp_path):
    dataset = make.dose(VALUES)
    make.save(dataset, tmp_path / "plain")
    dataset.compress(RLELossless)
    dataset.save_as(tmp_path / "rle", enforce_file_format=True)
    np.testing.assert_array_equal(read_dose(tmp_path / "rle").image.values, VALUES * 0.5)
    dataset.file_meta.TransferSyntaxUID = JPEG2000Lossless
    dataset.save_as(tmp_path / "jpeg", enforce_file_format=True)
    with pytest.raises(InputError, match="a compression that cannot be read"):
        read_dose(tmp_path / "jpeg")


def test_text_where_numbers_belong_is_refused(tmp_path):
    path = make.save(make.dose(VALUES, DoseGridScaling="0.125"), tmp_path / "d", implicit=True)
    path.write_bytes(path.read_bytes().replace(b"0.125 ", b"0,125 "))
    with pytest.raises(InputError, match="1 number in DoseGridScaling"):
        read_dose(path)


def test_damaged_dicom_is_refused(tmp_path, monkeypatch):
    def fail(*_args, **_kwargs):
        raise KeyError("Doe^Jane")

    path = make.save(make.dose(VALUES), tmp_path / "d")
    monkeypatch.setattr("lungtox.dicom.source.pydicom.dcmread", fail)
    with pytest.raises(InputError, match="cannot be read as DICOM") as error:
        read_dose(path)
    assert "Doe" not in str(error.value)
    assert error.value.__cause__ is None and error.value.__suppress_context__


def test_the_header_shows_a_cut_off_file_and_a_missing_scaling(tmp_path):
    path = make.save(make.dose(np.zeros((20, 100, 100), dtype="<u2")), tmp_path / "d")
    read_dose_header(path, whole=True)
    path.write_bytes(path.read_bytes()[:200_000])
    with pytest.raises(InputError, match="a file that ends within an element"):
        read_dose_header(path)
    short = make.dose(np.zeros((20, 100, 100), dtype="<u2"))
    short.PixelData = short.PixelData[:200_000]
    path = make.save(short, tmp_path / "short")
    with pytest.raises(InputError, match="expected 400000 bytes of pixels; found 200000 bytes"):
        read_dose_header(path, whole=True)
    assert read_dose_header(path).grid.shape == (20, 100, 100)  # a header may stand alone
    in_cgy = make.save(make.dose(VALUES, DoseGridScaling=1000), tmp_path / "cgy")
    with pytest.raises(InputError, match="probably in cGy"):
        read_dose_header(in_cgy, whole=True)
    with pytest.raises(InputError, match="DoseGridScaling"):
        read_dose_header(make.save(make.dose(VALUES, DoseGridScaling=None), tmp_path / "s"))


def test_a_value_of_the_wrong_kind_is_refused_and_not_quoted(tmp_path):
    dataset = make.dose(VALUES)
    dataset["NumberOfFrames"] = DataElement(0x00280008, "LO", "Planted^Name", validation_mode=config.IGNORE)
    path = make.save(dataset, tmp_path / "d", implicit=True)
    for read in (read_dose, read_dose_header):
        with pytest.raises(InputError, match="P1: expected usable values in the RTDOSE") as error:
            read(path, who="P1")
        assert codes(error) == ["malformed"]
        assert "Planted" not in str(error.value)
