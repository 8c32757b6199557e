"""Awkward contours and doses, each on files: docs/awkward-dicom.md lists them. Figures by hand from the shapes.

Unless a test says otherwise the dose is 20 + 0.2 x Gy (box_patient.py), planes are 3 mm apart and squares 20 mm wide,
0.4 cc per mm of height.
"""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless

from lungtox.cli import main
from lungtox.dicom import read_dose, read_structure_names, read_structures
from lungtox.errors import InputError
from lungtox.extraction import compute_entries
from tests.unit import box_patient as boxes
from tests.unit import dicom_files as make

HEIGHTS = range(12, 43, 3)  # 11 planes, 33 mm with half-slice caps
BLOCK_CC = 0.4 * 33


def rings(*shapes, heights=HEIGHTS, kind="CLOSED_PLANAR"):
    """The same outlines (x, y) in every plane."""
    return [make.contour([(x, y, z) for x, y in shape], kind) for z in heights for shape in shapes]


def outline(half_mm, x_mm=0.0, y_mm=0.0):
    return [(x_mm + x, y_mm + y) for x, y, _ in make.square(0, half_mm)]


def entries(tmp_path, contours, *, dose=None, allow_partial=False):
    structures = read_structures(make.save(make.structures({1: ("Organ", contours)}), tmp_path / "rs"))
    given = read_dose(make.save(boxes.dose() if dose is None else dose, tmp_path / "rd"))
    (entry,) = compute_entries(structures, [given], metrics=["V20Gy[%]"], allow_partial=allow_partial)
    return entry, structures.warnings


# Contours


def test_a_keyhole_ring_leaves_its_hole_out(tmp_path):
    # Outer square, a bridge along y = 0 to the inner one, round that the other way, and back.
    keyhole = [(10, 0), (10, 10), (-10, 10), (-10, -10), (10, -10), (10, 0),
               (5, 0), (5, -5), (-5, -5), (-5, 5), (5, 5), (5, 0)]  # fmt: skip
    entry, _ = entries(tmp_path, rings(keyhole))
    assert entry.volume_cc == pytest.approx(0.75 * BLOCK_CC, rel=1e-6)


@pytest.mark.parametrize("kind", ["CLOSED_PLANAR", "CLOSEDPLANAR_XOR"])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_ring_within_a_ring_is_a_hole_whichever_way_it_runs(tmp_path, kind, reverse):
    inner = outline(5)[::-1] if reverse else outline(5)
    entry, _ = entries(tmp_path, rings(outline(10), inner, kind=kind))
    assert entry.volume_cc == pytest.approx(0.75 * BLOCK_CC, rel=1e-6)


def test_nested_rings_alternate(tmp_path):
    # 400 - 256 + 144 - 64 mm2 of 400: whole, hole, island, hole.
    entry, _ = entries(tmp_path, rings(*(outline(half) for half in (4, 8, 10, 6))))
    assert entry.volume_cc == pytest.approx((400 - 256 + 144 - 64) / 400 * BLOCK_CC, rel=1e-6)


def test_several_parts_in_a_plane_are_added(tmp_path):
    entry, _ = entries(tmp_path, rings(outline(5, x_mm=30), outline(5, x_mm=-10, y_mm=10)))
    assert entry.volume_cc == pytest.approx(0.5 * BLOCK_CC, rel=1e-6)
    assert entry.mean_gy == pytest.approx(20 + 0.2 * 10, abs=2e-3)


def test_repeated_contours_count_once_wherever_they_begin(tmp_path):
    square = outline(10)
    entry, warnings = entries(tmp_path, rings(square, square, square[2:] + square[:2], square[::-1]))
    assert entry.volume_cc == pytest.approx(BLOCK_CC, rel=1e-6)
    assert warnings == ("Organ: 33 contours that are there twice, taken once",)


def test_unsorted_contours_and_two_items_of_one_roi(tmp_path):
    contours = rings(outline(10))
    shuffled = [contours[n] for n in np.random.default_rng(1).permutation(len(contours))]
    dataset = make.structures({1: ("Organ", shuffled[:5])})
    second = make.Dataset()
    second.ReferencedROINumber, second.ContourSequence = 1, shuffled[5:]
    dataset.ROIContourSequence.append(second)
    found = read_structures(make.save(dataset, tmp_path / "rs"))
    dose = read_dose(make.save(boxes.dose(), tmp_path / "rd"))
    (entry,) = compute_entries(found, [dose], metrics=[])
    assert entry.volume_cc == pytest.approx(BLOCK_CC, rel=1e-6)
    assert entry.warnings == ()


def test_a_missing_plane_is_named_and_not_filled(tmp_path):
    entry, _ = entries(tmp_path, rings(outline(10), heights=[z for z in HEIGHTS if z != 24]))
    assert entry.volume_cc == pytest.approx(0.4 * 30, rel=1e-6)
    assert entry.warnings == ("Organ: no contours from z = 21 to 27 mm (6 mm, usually 3 mm); not filled",)


def test_a_single_plane_is_one_dose_slice_thick_and_says_so(tmp_path):
    entry, _ = entries(tmp_path, rings(outline(10), heights=[30]))
    assert entry.volume_cc == pytest.approx(0.4 * 3, rel=1e-6)
    assert entry.warnings == ("Organ: a single contour plane; counted as 3 mm thick",)


def test_two_contours_at_almost_one_height_are_one_plane(tmp_path):
    contours = [*rings(outline(10)), *rings(outline(5), heights=[z + 0.01 for z in HEIGHTS])]
    entry, _ = entries(tmp_path, contours)
    assert entry.volume_cc == pytest.approx(0.75 * BLOCK_CC, rel=1e-6)


@pytest.mark.parametrize("kind", ["POINT", "OPEN_PLANAR", "OPEN_NONPLANAR"])
def test_points_and_open_lines_are_no_volume(tmp_path, kind):
    contours = [*rings(outline(10)), make.contour(make.square(24)[: 1 if kind == "POINT" else 4], kind)]
    entry, warnings = entries(tmp_path, contours)
    assert entry.volume_cc == pytest.approx(BLOCK_CC, rel=1e-6)
    assert warnings == (f"Organ: 1 contours of type {kind} left out",)
    alone, _ = entries(tmp_path, contours[-1:])
    assert (alone.volume_cc, alone.mean_gy, alone.usable) == (0.0, None, False)
    assert alone.warnings == (f"Organ: 1 contours of type {kind} left out", "empty: no closed contours")


@pytest.mark.parametrize("turned", [1, -1])
def test_the_way_round_does_not_matter(tmp_path, turned):
    entry, _ = entries(tmp_path, rings(outline(10, x_mm=20)[::turned]))
    assert entry.volume_cc == pytest.approx(BLOCK_CC, rel=1e-6)
    assert entry.mean_gy == pytest.approx(24, abs=2e-3)


def test_contour_planes_between_dose_planes(tmp_path):
    # Dose planes every 3 mm from 0, contours every 2.5 mm from 11.2: dose 20 + 0.2 z over z 9.95 to 32.45.
    z = 3 * np.arange(21)
    stored = np.broadcast_to((2000 + 20 * z)[:, None, None], (21, 21, 31)).astype("<u2")
    contours = rings(outline(10), heights=[11.2 + 2.5 * n for n in range(9)])
    entry, _ = entries(tmp_path, contours, dose=boxes.dose(PixelData=stored.tobytes()))
    assert entry.volume_cc == pytest.approx(0.4 * 22.5, rel=1e-6)
    assert entry.mean_gy == pytest.approx(20 + 0.2 * 21.2, abs=2e-3)


def test_an_empty_roi_is_told_and_stops_nothing(tmp_path):
    dataset = make.structures({1: ("Empty", []), 2: ("No item", None), 3: ("Organ", rings(outline(10)))})
    found = read_structures(make.save(dataset, tmp_path / "rs"))
    dose = read_dose(make.save(boxes.dose(), tmp_path / "rd"))
    empty, absent, organ = compute_entries(found, [dose], metrics=[])
    assert empty.warnings == absent.warnings == ("empty: no closed contours",)
    assert organ.usable


# Names


@pytest.mark.parametrize(("charset", "codec"), [("ISO_IR 100", "latin-1"), ("ISO_IR 192", "utf-8")])
def test_names_with_accents_and_blanks(tmp_path, charset, codec):
    dataset = make.structures({1: ("Ösophagus  ", rings(outline(10))), 2: (" Coeur_é", [])})
    dataset.SpecificCharacterSet = charset
    path = make.save(dataset, tmp_path / "rs")
    assert "Ösophagus".encode(codec) in path.read_bytes()
    assert read_structure_names(path) == {1: "Ösophagus", 2: "Coeur_é"}
    assert list(read_structures(path, names=["Ösophagus "]).structures) == [1]


def test_a_name_outside_the_declared_character_set_does_not_stop_the_others(tmp_path):
    dataset = make.structures({1: ("Osophagus", rings(outline(10))), 2: ("Heart", rings(outline(10)))})
    path = make.save(dataset, tmp_path / "rs")
    path.write_bytes(path.read_bytes().replace(b"Osophagus", b"\xd6sophagus"))
    names = read_structure_names(path)
    assert names[2] == "Heart" and names[1].endswith("sophagus")
    assert list(read_structures(path, names=[1]).structures) == [1]


def test_duplicate_names_are_told_apart_by_number(tmp_path):
    dataset = make.structures({4: ("Lung ", rings(outline(10))), 9: ("Lung", rings(outline(5)))})
    path = make.save(dataset, tmp_path / "rs")
    found = read_structures(path)
    assert found.warnings == ("2 structures are named Lung: ROI numbers 4, 9",)
    dose = read_dose(make.save(boxes.dose(), tmp_path / "rd"))
    volumes = [entry.volume_cc for entry in compute_entries(found, [dose], metrics=[])]
    assert volumes == pytest.approx([BLOCK_CC, BLOCK_CC / 4])
    assert read_structures(path, names=[9]).warnings == ()


def test_a_lung_whose_name_two_rois_share_is_not_guessed(tmp_path, capsys):
    blocks = {1: ("Lungs", rings(outline(10))), 2: ("Lungs ", rings(outline(5)))}
    struct = make.save(make.structures(blocks), tmp_path / "rs")
    dose = make.save(boxes.dose(), tmp_path / "rd")
    with pytest.raises(SystemExit) as stopped:
        main(["ntcp", "--model", "quantec_logistic_2010", "--struct", str(struct), "--dose", str(dose)])
    assert stopped.value.code == 1
    assert "found several ROIs named Lungs" in capsys.readouterr().err


# Dose grids

ORIENTATION = {  # rows and columns as planning systems export them; DICOM axes are +x left, +y posterior, +z cranial
    "HFS": [1, 0, 0, 0, 1, 0],
    "HFP": [-1, 0, 0, 0, -1, 0],
    "HFDL": [0, -1, 0, 1, 0, 0],
    "HFDR": [0, 1, 0, -1, 0, 0],
    "FFS": [-1, 0, 0, 0, 1, 0],
    "FFP": [1, 0, 0, 0, -1, 0],
    "FFDL": [0, 1, 0, 1, 0, 0],
    "FFDR": [0, -1, 0, -1, 0, 0],
}


def in_patient(orientation, *, offsets=None, gy=lambda x, y, z: 20 + 0.2 * x + 0.1 * y + 0.3 * z):
    """RTDOSE of a linear dose about (0, 0, 30) by PS3.3 C.7.6.2.1.1: 33 rows, 37 columns, 31 frames."""
    row, column = np.array(orientation[:3], dtype=float), np.array(orientation[3:], dtype=float)
    normal = np.cross(row, column)
    offsets = np.arange(31) * 3.0 if offsets is None else np.asarray(offsets, dtype=float)
    origin = np.array([0, 0, 30.0]) - 18 * 2.5 * row - 16 * 3 * column - 45 * normal
    frame, down, across = np.meshgrid(offsets, np.arange(33) * 3.0, np.arange(37) * 2.5, indexing="ij")
    x, y, z = (origin[n] + across * row[n] + down * column[n] + frame * normal[n] for n in range(3))
    stored = np.round(np.maximum(gy(x, y, z), 0) * 1e6).astype("<u4")
    dataset = make.dose(stored, DoseGridScaling=1e-6, PixelSpacing=[3, 2.5])
    dataset.ImagePositionPatient = [f"{v:.6f}" for v in origin]
    dataset.ImageOrientationPatient = [f"{v:.6f}" for v in orientation]
    dataset.GridFrameOffsetVector = [f"{v:g}" for v in offsets]
    return dataset


def assert_linear(entry):
    """Block about x = 5, y = -4, z = 27."""
    assert entry.volume_cc == pytest.approx(BLOCK_CC, rel=1e-6)
    assert entry.mean_gy == pytest.approx(20 + 1 - 0.4 + 8.1, abs=2e-3)
    assert entry.warnings == ()


BLOCK = rings(outline(10, x_mm=5, y_mm=-4))


@pytest.mark.parametrize("position", ORIENTATION)
def test_all_patient_positions_give_the_same_dvh(tmp_path, position):
    assert_linear(entries(tmp_path, BLOCK, dose=in_patient(ORIENTATION[position]))[0])


@pytest.mark.parametrize("tilt", [0.001, 0.1, 0.7, 2.0])
def test_an_oblique_dose_gives_the_same_dvh(tmp_path, tilt):
    c, s = math.cos(tilt), math.sin(tilt)
    entry, _ = entries(tmp_path, BLOCK, dose=in_patient([c, s * c, s * s, -s, c * c, s * c]))
    assert_linear(entry)


@pytest.mark.parametrize(
    "offsets",
    [
        np.arange(31) * 3.0,
        np.arange(31) * 3.0 - 15,  # absolute: the first frame lies at z = -15
        np.cumsum([0, *([1.5, 2, 4, 4.5, 3] * 6)]),  # uneven, 90 mm
    ],
    ids=["relative", "absolute", "uneven"],
)
def test_frame_offsets(tmp_path, offsets):
    dataset = in_patient(ORIENTATION["HFS"], offsets=offsets - offsets[0])
    dataset.GridFrameOffsetVector = [f"{v:g}" for v in offsets]
    assert_linear(entries(tmp_path, BLOCK, dose=dataset)[0])


def test_descending_frames(tmp_path):
    dataset = in_patient(ORIENTATION["HFS"])
    pixels = np.frombuffer(dataset.PixelData, "<u4").reshape(31, 33, 37)[::-1]
    dataset.PixelData = pixels.tobytes()
    dataset.ImagePositionPatient[2] = 75
    for offsets in (-3 * np.arange(31), 75 - 3 * np.arange(31)):  # relative, absolute
        dataset.GridFrameOffsetVector = offsets.tolist()
        assert_linear(entries(tmp_path, BLOCK, dose=dataset)[0])


# Encodings


@pytest.mark.parametrize("dtype", ["u2", "u4"])
@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_transfer_syntaxes(tmp_path, dtype, syntax):
    big = syntax == ExplicitVRBigEndian
    values = np.arange(24).reshape(2, 3, 4) * 3
    dataset = make.dose(values.astype((">" if big else "<") + dtype))
    make.save(dataset, tmp_path / "plain")  # sets the file meta
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.save_as(tmp_path / "rd", enforce_file_format=True)
    np.testing.assert_array_equal(read_dose(tmp_path / "rd").image.values, values * 0.5)


def run_lengths(frame):
    """RLE of one small frame by PS3.5 annex G: a segment for each byte, highest first, as one literal run each."""
    size = frame.dtype.itemsize
    planes = frame.astype(frame.dtype.newbyteorder(">")).tobytes()
    segments = [bytes([frame.size - 1]) + planes[n::size] + b"\0" * (1 - frame.size % 2) for n in range(size)]
    starts = [64 + sum(len(part) for part in segments[:n]) for n in range(size)]
    header = np.array([size, *starts, *([0] * (15 - size))], dtype="<u4").tobytes()
    return header + b"".join(segments)


@pytest.mark.parametrize("dtype", ["<u2", "<u4"])
def test_run_length_encoding(tmp_path, dtype):
    values = np.arange(24).reshape(2, 3, 4) * 300
    dataset = make.dose(values.astype(dtype), DoseGridScaling=0.01)
    make.save(dataset, tmp_path / "plain")
    dataset.PixelData = encapsulate([run_lengths(frame) for frame in values.astype(dtype)])
    dataset["PixelData"].VR, dataset["PixelData"].is_undefined_length = "OB", True
    dataset.file_meta.TransferSyntaxUID = RLELossless
    dataset.save_as(tmp_path / "rd", enforce_file_format=True)
    np.testing.assert_allclose(read_dose(tmp_path / "rd").image.values, values * 0.01)


@pytest.mark.parametrize("dtype", ["u2", "u4"])
@pytest.mark.parametrize(("implicit", "little"), [(True, True), (False, True), (False, False)])
def test_doses_without_file_meta(tmp_path, dtype, implicit, little):
    values = np.arange(24).reshape(2, 3, 4) * 3
    dataset = make.dose(values.astype(("<" if little else ">") + dtype))
    dataset.save_as(tmp_path / "rd", implicit_vr=implicit, little_endian=little, enforce_file_format=False)
    np.testing.assert_array_equal(read_dose(tmp_path / "rd").image.values, values * 0.5)


def test_structures_in_big_endian_and_without_file_meta(tmp_path):
    dataset = make.structures({1: ("Organ", rings(outline(10)))})
    make.save(dataset, tmp_path / "bare", meta=False)
    make.save(dataset, tmp_path / "plain")
    dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    dataset.save_as(tmp_path / "big", enforce_file_format=True)
    dose = read_dose(make.save(boxes.dose(), tmp_path / "rd", meta=False))
    for name, little in (("bare explicit", True), ("bare big", False)):
        bare = make.structures({1: ("Organ", rings(outline(10)))})
        bare.save_as(tmp_path / name, implicit_vr=False, little_endian=little, enforce_file_format=False)
    for name in ("bare", "plain", "big", "bare explicit", "bare big"):
        (entry,) = compute_entries(read_structures(tmp_path / name), [dose], metrics=[])
        assert entry.volume_cc == pytest.approx(BLOCK_CC, rel=1e-6)
        assert entry.mean_gy == pytest.approx(20, abs=2e-3)


# What the dose stands for


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"DoseUnits": "RELATIVE"}, "dose-units", "Export the absolute dose in Gy."),
        ({"DoseUnits": None}, "dose-units", "Export the absolute dose in Gy."),
        ({"DoseType": None}, "dose-type", "Export the plan's dose."),
        ({"DoseSummationType": None}, "dose-summation", "A part is never taken for the whole plan"),
        ({"DoseSummationType": "BEAM"}, "dose-summation", "A part is never taken for the whole plan"),
        ({"DoseSummationType": "FRACTION"}, "dose-summation", "A part is never taken for the whole plan"),
        ({"DoseSummationType": "CONTROL_POINT"}, "dose-summation", "A part is never taken for the whole plan"),
        ({"DoseGridScaling": 1}, "dose-scale", "probably in cGy"),
    ],
)
def test_what_is_no_plan_dose_in_gy_is_refused(tmp_path, changes, code, words):
    path = make.save(boxes.dose(**changes), tmp_path / "rd")
    with pytest.raises(InputError) as error:
        read_dose(path, who="P014")
    (fault,) = error.value.faults
    assert (fault.who, fault.code) == ("P014", code)
    assert words in fault.action


def test_figures_stored_beside_the_dose_are_not_trusted(tmp_path):
    # As a planning system writes them: in percent of the prescription, under DoseUnits GY.
    dataset, stored = boxes.dose(), make.Dataset()
    stored.DVHType, stored.DoseUnits, stored.DVHDoseScaling, stored.DVHVolumeUnits = "CUMULATIVE", "GY", 1, "CM3"
    stored.DVHMinimumDose, stored.DVHMaximumDose, stored.DVHMeanDose = 4.2, 107.3, 61.9
    stored.DVHData, stored.DVHNumberOfBins = [0.01, 999.0], 1
    dataset.DVHSequence = [stored]
    entry, _ = entries(tmp_path, rings(outline(10)), dose=dataset)
    assert entry.mean_gy == pytest.approx(20, abs=2e-3)
    assert (entry.min_gy, entry.max_gy) == (pytest.approx(18, abs=0.1), pytest.approx(22, abs=0.1))
    assert entry.volume_cc == pytest.approx(BLOCK_CC, rel=1e-6)


# Where the dose grid ends


def test_a_grid_that_ends_inside_is_refused_or_counted_with_its_share(tmp_path):
    # z 10.5 to 43.5 in a grid from 20 mm: 23.5 of 33 mm.
    high = boxes.dose(ImagePositionPatient=[-60, -40, 20])
    entry, _ = entries(tmp_path, rings(outline(10)), dose=high)
    assert (entry.mean_gy, entry.metrics) == (None, {"V20Gy[%]": None})
    assert entry.volume_cc == pytest.approx(BLOCK_CC, rel=1e-6)
    assert any("covers 71.21 % of the volume" in text for text in entry.warnings)
    partly, _ = entries(tmp_path, rings(outline(10)), dose=high, allow_partial=True)
    assert partly.mean_gy == pytest.approx(20, abs=2e-3)


def test_a_structure_outside_the_grid_has_no_dose(tmp_path):
    entry, _ = entries(tmp_path, rings(outline(10, x_mm=500)), allow_partial=True)
    assert entry.mean_gy is None
    assert entry.warnings == ("a dose grid that covers the structure expected, 100 % of its volume outside found",)


def test_every_test_that_the_table_names_is_there():
    root = Path(__file__).parents[2]
    named = set(re.findall(r"`(test_\w+)`", (root / "docs" / "awkward-dicom.md").read_text(encoding="utf-8")))
    code = "".join(path.read_text(encoding="utf-8") for path in (root / "tests").glob("*/test_*.py"))
    assert {name for name in named if f"def {name}(" not in code} == set()
