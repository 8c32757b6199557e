"""Function images of single slices and of enhanced frames; places and rescaled values were worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from lungtox.dicom import read_function_image
from lungtox.errors import InputError
from tests.unit import dicom_files as make

VALUES = np.arange(24, dtype="<u2").reshape(4, 2, 3)  # 4 slices, 2 rows, 3 columns
PT, CT, ENHANCED_PT, SC = (f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("128", "2", "130", "7"))


def slices(modality: str = "PT", sop_class: str = PT, **changes: Any) -> list[Dataset]:
    """Four slices 5 mm apart from z = 200, the stored values 0, 1, 2, ..; rows 4 mm, columns 6 mm."""
    found = []
    for number, values in enumerate(VALUES):
        dataset = Dataset()
        dataset.SOPClassUID, dataset.Modality, dataset.SOPInstanceUID = sop_class, modality, f"1.2.3.13.{number}"
        dataset.FrameOfReferenceUID, dataset.SeriesInstanceUID = make.FRAME, "1.2.3.20"
        dataset.ImageType = ["DERIVED", "PRIMARY"]
        dataset.Rows, dataset.Columns, dataset.PixelSpacing = 2, 3, [4, 6]
        dataset.ImagePositionPatient = [-100, -50, 200 + 5 * number]
        dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        dataset.BitsAllocated = dataset.BitsStored = 16
        dataset.HighBit, dataset.SamplesPerPixel, dataset.PixelRepresentation = 15, 1, 0
        dataset.PhotometricInterpretation = "MONOCHROME2"
        dataset.RescaleSlope, dataset.RescaleIntercept = number + 1, 0  # PET has a slope of its own in every slice
        dataset.CorrectedImage, dataset.SeriesType = ["DECY", "ATTN"], ["STATIC", "IMAGE"]
        dataset.PixelData = values.tobytes()
        dataset["PixelData"].VR = "OW"
        found.append(make.changed(dataset, **changes))
    return found


def write(folder: Path, datasets: list[Dataset]) -> Path:
    """Save them in an order that is not that of the slices."""
    folder.mkdir()
    for number, dataset in enumerate(datasets):
        make.save(dataset, folder / f"{(7 * number + 3) % 10}.dcm")
    return folder


def test_a_pet_is_stacked_along_its_normal_and_rescaled_slice_by_slice(tmp_path):
    found = read_function_image(write(tmp_path / "pet", slices()))
    grid = found.image.grid
    assert (grid.x_mm.tolist(), grid.y_mm.tolist()) == ([-100, -94, -88], [-50, -46])
    assert grid.z_mm.tolist() == [200, 205, 210, 215]
    np.testing.assert_array_equal(found.image.values, VALUES * np.array([1, 2, 3, 4])[:, None, None])
    assert (found.kind, found.attenuation_corrected, found.warnings) == ("PET", True, ())
    assert found.frame_of_reference == make.FRAME


def test_slices_from_the_head_downwards_and_turned_rows(tmp_path):
    # Rows to the right, columns to the front: the normal still points to the head (PS3.3 C.7.6.2.1.1).
    turned = slices(ImageOrientationPatient=[-1, 0, 0, 0, -1, 0])
    image = read_function_image(write(tmp_path / "pet", turned[::-1])).image
    assert (image.grid.x_mm.tolist(), image.grid.y_mm.tolist()) == ([-112, -106, -100], [-54, -50])
    assert image.values[3, 0].tolist() == [4 * 23, 4 * 22, 4 * 21]


def test_a_spect_as_single_slices_keeps_its_place_with_the_detector(tmp_path):
    datasets = []
    for number, dataset in enumerate(slices("NM", make.NM)):
        detector = Dataset()
        detector.ImagePositionPatient, detector.ImageOrientationPatient = [0, 0, 10 * number], [1, 0, 0, 0, 1, 0]
        dataset.DetectorInformationSequence = [detector]
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]
        del dataset.ImagePositionPatient, dataset.ImageOrientationPatient
        datasets.append(make.changed(dataset, CorrectedImage=["DECY"]))
    found = read_function_image(write(tmp_path / "spect", datasets))
    assert found.image.grid.z_mm.tolist() == [0, 10, 20, 30]
    assert (found.kind, found.attenuation_corrected) == ("SPECT", False)
    assert found.warnings == ("the SPECT does not say that it is corrected for attenuation",)


def test_a_map_of_ventilation_written_as_ct_is_read_and_its_padding_is_nothing(tmp_path):
    maps = slices("CT", CT, RescaleType="US", RescaleSlope=0.5, RescaleIntercept=-1, PixelPaddingValue=0)
    found = read_function_image(write(tmp_path / "map", maps))
    assert (found.kind, found.attenuation_corrected) == ("map", None)
    assert found.image.values[0, 0].tolist() == [0, -0.5, 0]  # 0 is padding; 1 x 0.5 - 1; 2 x 0.5 - 1
    assert found.warnings == ("pixels that are marked as padding count as 0",)


def enhanced(**changes: Any) -> Dataset:
    """An enhanced PET: one file, the place and slope of each frame in its functional groups."""
    dataset = slices("PT", ENHANCED_PT)[0]
    del dataset.ImagePositionPatient, dataset.ImageOrientationPatient, dataset.PixelSpacing, dataset.RescaleSlope
    dataset.NumberOfFrames = 4
    shared, turned, measures = Dataset(), Dataset(), Dataset()
    turned.ImageOrientationPatient, measures.PixelSpacing = [1, 0, 0, 0, 1, 0], [4, 6]
    shared.PlaneOrientationSequence, shared.PixelMeasuresSequence = [turned], [measures]
    dataset.SharedFunctionalGroupsSequence, dataset.PerFrameFunctionalGroupsSequence = [shared], []
    for number in range(4):
        frame, place, scale = Dataset(), Dataset(), Dataset()
        place.ImagePositionPatient = [-100, -50, 215 - 5 * number]
        scale.RescaleSlope, scale.RescaleIntercept = 2, number
        frame.PlanePositionSequence, frame.PixelValueTransformationSequence = [place], [scale]
        dataset.PerFrameFunctionalGroupsSequence.append(frame)
    dataset.PixelData = VALUES.tobytes()
    dataset["PixelData"].VR = "OW"
    return make.changed(dataset, **changes)


def test_an_enhanced_pet_is_read_by_the_groups_of_its_frames(tmp_path):
    found = read_function_image(make.save(enhanced(), tmp_path / "f"))
    assert found.image.grid.z_mm.tolist() == [200, 205, 210, 215]
    np.testing.assert_array_equal(found.image.values, (2 * VALUES + np.arange(4)[:, None, None])[::-1])
    assert found.kind == "PET"


def test_frames_without_a_place_are_refused(tmp_path):
    with pytest.raises(InputError, match="says where its frames lie"):
        read_function_image(make.save(enhanced(PerFrameFunctionalGroupsSequence=[]), tmp_path / "f"))


def glucose() -> list[Dataset]:
    tracer = Dataset()
    tracer.Radiopharmaceutical = "Fluorodeoxyglucose F^18^"
    return [tracer]


@pytest.mark.parametrize(
    ("datasets", "code", "words"),
    [
        (slices(SeriesType=["GATED", "IMAGE"]), "pet-kind", r"a gated PET .*\(in 4 of 4 files\)"),
        (slices(SeriesType=["STATIC", "REPROJECTION"]), "pet-kind", "projections of a PET"),
        (slices(RadiopharmaceuticalInformationSequence=glucose()), "pet-kind", "a PET of glucose"),
        (slices("CT", CT, RescaleType="HU"), "map-kind", "modality CT: an anatomical image in Hounsfield units"),
        (slices("CT", CT, ImageType=["ORIGINAL", "PRIMARY", "AXIAL"]), "map-kind", "anatomical image"),
        (slices("CT", CT, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]), "map-kind", "scout"),
        (slices("MR", "1.2.840.10008.5.1.4.1.1.4", ImageType=["ORIGINAL"]), "map-kind", "not derived"),
        (slices("NM", make.NM, ImageType=["ORIGINAL", "PRIMARY", "WHOLE BODY"]), "spect-kind", "planar whole-body"),
        (slices("NM", make.NM, ImageType=["ORIGINAL", "PRIMARY", "RECON TOMO", "TRANSMISSION"]), "spect-kind", "a tr"),
        (slices("OT", SC, ImagePositionPatient=None), "attribute", "ImagePositionPatient"),
        (slices(FrameOfReferenceUID=None), "attribute", "FrameOfReferenceUID"),
        (slices(ImagePositionPatient=[0, 0, 0]), "slices-twice", "3 at the place of another"),
        (slices()[:1], "slices-single", "a PET of several slices; found one"),
        ([*slices()[:2], slices()[3]], "slices-uneven", "from 5 to 10 mm"),
        (slices(RescaleSlope=0, RescaleIntercept=-1), "spect-values", "counts above 0"),
        ([*slices(), enhanced()], "spect-folder", "a multi-frame image"),
        ([*slices()[:3], *slices(SeriesInstanceUID="1.2.3.21")[3:]], "series-mixed", "one series; found those of 2"),
        ([*slices()[:3], *slices(FrameOfReferenceUID="1.2.3.21")[3:]], "series-mixed", "one frame of reference"),
        ([*slices()[:3], *slices(PixelSpacing=[5, 6])[3:]], "slices-mixed", "2 sizes"),
        ([*slices()[:3], *slices(ImageOrientationPatient=[0, 1, 0, 0, 0, 1])[3:]], "slices-mixed", "1 turned"),
        ([], "file-missing", "empty folder"),
    ],
)  # fmt: skip
def test_what_is_no_volume_of_lung_function_is_refused_by_name(tmp_path, datasets, code, words):
    with pytest.raises(InputError, match=words) as error:
        read_function_image(write(tmp_path / "folder", datasets), who="P014")
    assert [fault.code for fault in error.value.faults] == [code]
    assert str(tmp_path) not in str(error.value) and make.FRAME not in str(error.value)


def test_a_missing_slice_and_shifted_slices_are_told_apart(tmp_path):
    many = [dataset for dataset in (*slices(), *slices())]
    for number, dataset in enumerate(many):
        dataset.ImagePositionPatient = [0, 0, 5 * number]
    with pytest.raises(InputError, match="1 missing between the first and the last"):
        read_function_image(write(tmp_path / "gap", [*many[:3], *many[4:]]))
    for number, dataset in enumerate(many):
        dataset.ImagePositionPatient = [0, number, 5 * number]
    with pytest.raises(InputError, match="a shift of 7 mm sideways"):
        read_function_image(write(tmp_path / "tilt", many))
