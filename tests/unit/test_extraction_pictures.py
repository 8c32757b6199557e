"""What a patient's page shows, and where: on boxes worked out by hand, and on two demo patients as DICOM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from lungtox.config import Config, load_config
from lungtox.extraction import PatientPicture, PatientRow, PicturePlane, extract_patient, picture_patient, read_patients
from lungtox.figures import FiguresSettings, plot_patient_page, save_page
from lungtox.synthetic.patient_files import Job, write_patient
from tests.unit import box_patient as boxes
from tests.unit import dicom_files as make
from tests.unit.box_patient import FUNCTION, SETTINGS

CONFIG = Path(__file__).parents[2] / "config.yaml"
AXES = {"transversal": (0, 1), "coronal": (0, 2), "sagittal": (1, 2)}


def value(plane: PicturePlane, values: Any, point: tuple[float, float, float]) -> float:
    """Look a value up between pixels; the point is projected onto the plane."""
    across, up = (point[axis] for axis in AXES[plane.plane])
    rows = [np.interp(across, plane.across_mm, row) for row in values]
    return float(np.interp(up, plane.up_mm, rows))


def box_row(folder: Path, **changes: Dataset | None) -> PatientRow:
    table, names = boxes.write(folder, {"P014": changes})
    (row,) = read_patients(table, structures=names)
    return row


def picture_of(row: PatientRow, **changes: Any) -> PatientPicture:
    dose = SETTINGS.model_copy(update=changes)
    found = extract_patient(row, dose=dose, function=FUNCTION)
    assert found.qa["status"] == "ok"
    return picture_patient(row, found.qa, dose=dose, function=FUNCTION)


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> PatientPicture:
    return picture_of(box_row(tmp_path_factory.mktemp("boxes")))


def test_the_planes_meet_in_the_middle_of_the_tumour(picture: PatientPicture) -> None:
    assert picture.centre_mm == pytest.approx((30, 0, 30))
    assert picture.centre_of == "middle of the GTV"
    assert {plane.plane: plane.at_mm for plane in picture.planes} == pytest.approx(
        {"transversal": 30, "coronal": 0, "sagittal": 30}
    )


def test_dose_and_perfusion_are_those_of_the_files_at_each_point(picture: PatientPicture) -> None:
    # Dose 20 + 0.2 x; function 1 on the left (x > 0), 3 on the right: 33.3 % and 100 % of the maximum.
    for plane in picture.planes:
        for x in (-30.0, 30.0) if plane.plane != "sagittal" else (30.0,):
            point = (x, 3.0, 27.0)
            assert value(plane, plane.dose_gy, point) == pytest.approx(20 + 0.2 * x, abs=0.01)
            assert value(plane, plane.perfusion_pct, point) == pytest.approx(100.0 if x < 0 else 100 / 3, abs=0.1)
            # 40 % of the maximum: the right lung only, and nothing outside of the lungs.
            assert (value(plane, plane.functional, point) > 0) == (x < 0)
            assert value(plane, plane.functional, (-55.0 if x < 0 else 55.0, 25.0, 70.0)) < 0
    assert picture.region == "40%max"
    assert picture.threshold_pct == pytest.approx(40.0)


def test_nothing_is_made_up_outside_the_dose_grid(picture: PatientPicture) -> None:
    # The grid reaches from x -60 to 60, y -40 to 40, z 0 to 60.
    for plane in picture.planes:
        known = np.isfinite(plane.dose_gy)
        reach = ((-60, 60), (-40, 40), (0, 60))
        (low_a, high_a), (low_u, high_u) = (reach[axis] for axis in AXES[plane.plane])
        inside_a = (plane.across_mm >= low_a) & (plane.across_mm <= high_a)
        inside_u = (plane.up_mm >= low_u) & (plane.up_mm <= high_u)
        assert np.array_equal(known, inside_u[:, None] & inside_a)


def test_outlines_lie_where_they_were_drawn(picture: PatientPicture) -> None:
    # Lung_L: x 20..40, y -10..10, z 10.5..49.5 with half a slice at its ends. GTV: x 25..35, z 22.5..37.5.
    transversal, coronal, sagittal = picture.planes
    for plane, name, size in (
        (transversal, "Lung_L", 20 * 20),
        (transversal, "GTV", 10 * 10),
        (coronal, "Lung_L", 20 * 39),
        (coronal, "Lung_R", 20 * 39),
        (sagittal, "GTV", 10 * 15),
    ):
        share = plane.outlines[name]
        assert share.sum() == pytest.approx(size, rel=0.02)  # pixels of a square millimetre
        assert set(plane.outlines) == {"Lung_L", "Lung_R", "GTV", "Heart"}
    edge = [value(transversal, transversal.outlines["Lung_L"], (x, 0.0, 30.0)) for x in (17.0, 23.0, 37.0, 43.0)]
    assert edge == pytest.approx([0, 1, 1, 0], abs=0.01)
    assert value(transversal, transversal.outlines["Lung_R"], (-30.0, 0.0, 30.0)) == 1.0


def test_without_spect_there_is_dose_and_no_perfusion(tmp_path: Path) -> None:
    row = box_row(tmp_path, spect=None)
    found = picture_of(row)
    assert (found.region, found.threshold_pct) == (None, None)
    for plane in found.planes:
        assert plane.perfusion_pct is None and plane.functional is None
        assert np.nanmax(plane.dose_gy) > 20
    extraction = extract_patient(row, dose=SETTINGS, function=FUNCTION)
    page = plot_patient_page(found, extraction.dvhs, extraction.qa, settings=FiguresSettings())
    words = " ".join(text.get_text() for axes in [page, *page.axes] for text in axes.texts)
    assert "Without SPECT" in words and "No planning CT." in words and "Functional" not in words


def test_a_refused_spect_is_not_shown_and_the_page_says_so(tmp_path: Path) -> None:
    row = box_row(tmp_path, spect=boxes.spect(FrameOfReferenceUID="1.2.3.99"))
    extraction = extract_patient(row, dose=SETTINGS, function=FUNCTION)
    found = picture_patient(row, extraction.qa, dose=SETTINGS, function=FUNCTION)
    assert all(plane.perfusion_pct is None for plane in found.planes)
    page = plot_patient_page(found, extraction.dvhs, extraction.qa, settings=FiguresSettings())
    words = " ".join(" ".join(text.get_text() for text in page.texts).split())
    assert "SPECT not used: see the flags." in words and "SPECT: expected a SPECT in the frame of reference" in words
    assert "1.2.3.99" not in words


def test_without_a_tumour_the_planes_go_where_the_lungs_get_most(tmp_path: Path) -> None:
    found = picture_of(box_row(tmp_path, structures=boxes.structures(GTV=[])), gtv_absent="accept")
    assert found.centre_of == "highest dose in Lungs-GTV"
    # Dose rises to the left, where Lung_L ends at 40; a sample stands for a cell of half a millimetre.
    assert 38 < found.centre_mm[0] < 40.5


def test_a_planning_ct_that_cannot_be_read_leaves_a_note_and_the_page(tmp_path: Path) -> None:
    row = box_row(tmp_path)
    (tmp_path / "P014" / "ct").mkdir()
    make.save(boxes.dose(), tmp_path / "P014" / "ct" / "1.dcm")
    row.cells["planning_ct"] = "P014/ct"
    found = picture_of(row)
    assert len(found.notes) == 1 and found.notes[0].startswith("Planning CT not shown: ")
    assert all(plane.hounsfield is None for plane in found.planes)
    assert tmp_path / "P014" / "ct" / "1.dcm" in row.picture_files and len(row.picture_files) == len(row.files) + 1


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """LT001: SPECT in the plan's frame, planning CT; LT002: a registration object, no CT."""
    folder = tmp_path_factory.mktemp("cohort")
    written = [write_patient(Job(folder, 1, index, dvh_only=False)) for index in (0, 1)]
    columns = ("patient", "plan", "structures", "dose", "spect", "planning_ct", "registration")
    rows = [",".join(one.cells.get(column, "") for column in columns) for one in written]
    names = ["patient,roi_number,roi_name,structure,match,score,accepted_by"]
    for one in written:
        patient = one.cells["patient"]
        names += [f"{patient},{number},{name},{name},exact,100,AB" for number, name in one.rois if name != "BODY"]
    (folder / "patients.csv").write_text("\n".join([",".join(columns), *rows]) + "\n", encoding="utf-8")
    (folder / "structures.csv").write_text("\n".join(names) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config(CONFIG)


@pytest.mark.parametrize("patient", ["LT001", "LT002"])
def test_the_page_of_a_demo_patient(patient: str, cohort: Path, config: Config, tmp_path: Path) -> None:
    (row,) = read_patients(cohort / "patients.csv", structures=cohort / "structures.csv", only=[patient])
    extraction = extract_patient(row, dose=config.dose, function=config.function)
    found = picture_patient(row, extraction.qa, dose=config.dose, function=config.function)
    _check_dose(cohort / row.cells["dose"], found)
    if patient == "LT001":
        # The phantom's tumour is 35 HU, its lungs about -790.
        transversal = found.planes[0]
        assert value(transversal, transversal.hounsfield, found.centre_mm) == pytest.approx(35, abs=40)
        left = transversal.outlines["Lung_L"] > 0.99
        assert np.mean(transversal.hounsfield[left]) == pytest.approx(-790, abs=60)
        assert np.average(transversal.across_mm, weights=left.sum(axis=0)) > found.planes[0].across_mm.mean()
    else:
        assert found.notes == ("No planning CT.",)
        # What perfusion is left outside of the lungs is the resolution of the camera; without its registration more.
        transversal = found.planes[0]
        lungs = np.maximum(transversal.outlines["Lung_L"], transversal.outlines["Lung_R"]) > 0.5
        assert np.mean(lungs[transversal.perfusion_pct > 50]) > 0.97
    for name in ("a.png", "b.png"):
        figure = plot_patient_page(found, extraction.dvhs, extraction.qa, settings=config.figures)
        save_page(figure, tmp_path / name)
    content = (tmp_path / "a.png").read_bytes()
    assert content == (tmp_path / "b.png").read_bytes()
    _check_png(content)
    _check_layout(figure, patient)


def _check_dose(path: Path, found: PatientPicture) -> None:
    """Compare with the file itself, read by pydicom, at the voxel column nearest to the point of the planes."""
    dataset = pydicom.dcmread(path)
    stored = dataset.pixel_array * float(dataset.DoseGridScaling)
    x0, y0, z0 = (float(number) for number in dataset.ImagePositionPatient)
    row_mm, column_mm = (float(number) for number in dataset.PixelSpacing)
    i, j = round((found.centre_mm[0] - x0) / column_mm), round((found.centre_mm[1] - y0) / row_mm)
    z = z0 + np.array([float(number) for number in dataset.GridFrameOffsetVector])
    expected = np.interp(found.centre_mm[2], z, stored[:, j, i])
    transversal = found.planes[0]
    shown = value(transversal, transversal.dose_gy, (x0 + i * column_mm, y0 + j * row_mm, 0.0))
    assert shown == pytest.approx(expected, abs=0.2)


def _check_png(content: bytes) -> None:
    """150 dpi stands as 5906 pixels a metre in the chunk pHYs; A4 across is 297 x 210 mm."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    at = content.index(b"pHYs") + 4
    assert [int.from_bytes(content[at + n : at + n + 4], "big") for n in (0, 4)] == [5906, 5906]
    assert [int.from_bytes(content[n : n + 4], "big") for n in (16, 20)] == pytest.approx([1754, 1240], abs=1)


def _check_layout(figure: Any, patient: str) -> None:
    box, page = figure.get_tightbbox(), figure.get_size_inches()
    assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= page[0] and box.y1 <= page[1]
    assert patient in {text.get_text() for text in figure.texts}
    transversal, coronal, sagittal = figure.axes[:3]

    def place(axes: Any, across: float, up: float) -> Any:
        return axes.transData.transform((across, up))

    middle = (sum(transversal.get_xlim()) / 2, sum(transversal.get_ylim()) / 2)
    # LPS: x rises to the patient's left, y to the back, z to the head.
    assert place(transversal, middle[0] + 50, middle[1])[0] > place(transversal, middle[0] - 50, middle[1])[0]
    assert place(transversal, middle[0], middle[1] - 50)[1] > place(transversal, middle[0], middle[1] + 50)[1]
    for axes in (coronal, sagittal):
        low, high = sorted(axes.get_ylim())
        assert place(axes, 0, high)[1] > place(axes, 0, low)[1]
    assert sagittal.get_xlim()[0] < sagittal.get_xlim()[1]  # the front on the left
    for axes, letters in ((transversal, "RLAP"), (coronal, "RLSI"), (sagittal, "APSI")):
        assert letters == "".join(text.get_text() for text in axes.texts if len(text.get_text()) == 1)
        # A millimetre is as long to the right as upwards.
        steps = place(axes, 100, 100) - place(axes, 0, 0)
        assert abs(steps[0]) == pytest.approx(abs(steps[1]), rel=0.005)
