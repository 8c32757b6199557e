"""Reading reconstructed SPECT; slice places by PS3.3 C.8.4.15 (sign of Spacing Between Slices), worked out by hand."""

import numpy as np
import pytest

from lungtox.dicom import read_function_image
from lungtox.errors import InputError
from lungtox.geometry import interpolate
from tests.unit import dicom_files as make

VALUES = np.arange(24, dtype="<u2").reshape(4, 2, 3)  # 4 slices, 2 rows, 3 columns


def test_positive_spacing_stacks_along_the_normal(tmp_path):
    image = read_function_image(make.save(make.spect(VALUES), tmp_path / "f"))
    assert image.image.grid.x_mm.tolist() == [-100, -94, -88]
    assert image.image.grid.y_mm.tolist() == [-50, -46]
    assert image.image.grid.z_mm.tolist() == [200, 205, 210, 215]
    np.testing.assert_array_equal(image.image.values, VALUES)
    assert (image.frame_of_reference, image.warnings) == (make.FRAME, ())
    assert make.FRAME not in repr(image)


def test_negative_spacing_stacks_against_the_normal(tmp_path):
    image = read_function_image(make.save(make.spect(VALUES, spacing_mm=-5), tmp_path / "f")).image
    assert image.grid.z_mm.tolist() == [185, 190, 195, 200]
    np.testing.assert_array_equal(image.values, VALUES[::-1])


def test_the_slice_vector_orders_the_frames(tmp_path):
    image = read_function_image(make.save(make.spect(VALUES, SliceVector=[2, 1, 4, 3]), tmp_path / "f")).image
    np.testing.assert_array_equal(image.values, VALUES[[1, 0, 3, 2]])


def test_a_folder_with_one_file_and_geometry_outside_the_detector(tmp_path):
    dataset = make.spect(VALUES, DetectorInformationSequence=None, SliceVector=None)
    dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [0, 0, 0], [1, 0, 0, 0, 1, 0]
    folder = tmp_path / "spect"
    folder.mkdir()
    make.save(dataset, folder / "f")
    assert read_function_image(folder).image.grid.z_mm.tolist() == [0, 5, 10, 15]
    make.save(dataset, folder / "g")
    with pytest.raises(InputError, match="found 2 files"):
        read_function_image(folder)


def test_rescaling_is_applied(tmp_path):
    dataset = make.spect(VALUES, RescaleSlope=2, RescaleIntercept=3)
    assert read_function_image(make.save(dataset, tmp_path / "f")).image.values.max() == 49  # 23 x 2 + 3


def test_no_attenuation_correction_is_warned_about(tmp_path):
    found = read_function_image(make.save(make.spect(VALUES, CorrectedImage=["DECY"]), tmp_path / "f"))
    assert found.warnings == ("the SPECT does not say that it is corrected for attenuation",)


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"kind": "TOMO"}, "spect-kind", "raw projections"),
        ({"kind": "STATIC"}, "spect-kind", "planar image"),
        ({"kind": "RECON GATED TOMO"}, "spect-kind", "gated reconstruction"),
        ({"kind": "ELSE"}, "spect-kind", "Image Type ELSE"),
        ({"ImageType": None}, "spect-kind", "Image Type not given"),
        ({"spacing_mm": 0}, "grid", "Spacing Between Slices"),
        ({"SpacingBetweenSlices": None}, "attribute", "SpacingBetweenSlices"),
        ({"SliceVector": [1, 1, 2, 3]}, "grid", "two at one place"),
        ({"RescaleSlope": 1, "PixelData": bytes(48)}, "spect-values", "counts above 0"),
        ({"Modality": "PT"}, "modality", "modality PT"),
    ],
)
def test_what_is_no_reconstruction_is_refused_by_name(tmp_path, changes, code, words):
    with pytest.raises(InputError, match=words) as error:
        read_function_image(make.save(make.spect(VALUES, **changes), tmp_path / "f"), who="P014")
    assert [fault.code for fault in error.value.faults] == [code]


def test_an_oblique_volume_keeps_its_own_axes(tmp_path):
    # PS3.3 C.7.6.2.1.1: slice 3, row 1, column 2 (counted from 0) with rows along (0.8, 0.6, 0), 4 x 6 mm pixels.
    dataset = make.spect(VALUES)
    dataset.DetectorInformationSequence[0].ImageOrientationPatient = [0.8, 0.6, 0, -0.6, 0.8, 0]
    image = read_function_image(make.save(dataset, tmp_path / "f")).image
    x, y, z = -100 + 12 * 0.8 - 4 * 0.6, -50 + 12 * 0.6 + 4 * 0.8, 215.0
    assert interpolate(image, [x], [y], [z])[0] == pytest.approx(VALUES[3, 1, 2])
