"""The contact sheet, and pages with more to say than there is room for."""

from __future__ import annotations

import io
import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread, imsave
from matplotlib.text import Text

from lungtox.dose import dvh_from_samples
from lungtox.extraction import PatientPicture, PicturePlane
from lungtox.figures import FiguresSettings, font_faults, plot_contact_sheet, plot_patient_page, save_page
from lungtox.figures.page_planes import isodose_lines

SETTINGS = FiguresSettings()
COLUMNS = ["patient", "flags", "spect", "planning_ct", "page"]


def picture(**changes) -> PatientPicture:
    axis = np.arange(-100.0, 101.0, 5.0)
    dose = np.broadcast_to(np.linspace(0.0, 70.0, axis.size), (axis.size, axis.size))
    planes = tuple(
        PicturePlane(name, axis, axis, 0.0, None, dose, None, None, {"GTV": np.zeros_like(dose)})
        for name in ("transversal", "coronal", "sagittal")
    )
    fields = {
        "patient": "P014", "planes": planes, "centre_mm": (1.0, -2.0, 3.0), "centre_of": "middle of the GTV",
        "prescription_gy": 60.0, "rbe_weighted": False, "region": None, "threshold_pct": None, "notes": (),
    }  # fmt: skip
    return PatientPicture(**(fields | changes))


def entry(*warnings: str) -> dict:
    function = {"status": "none", "registration": None, "faults": [], "warnings": []}
    return {
        "warnings": list(warnings), "function": function, "prescription_gy": 60.0, "fractions": 30, "technique": "VMAT",
    }  # fmt: skip


def test_the_prescription_takes_the_place_of_an_equal_level() -> None:
    assert [level for level, _ in isodose_lines(picture())] == [5, 10, 20, 30, 50, 60]
    assert [level for level, _ in isodose_lines(picture(prescription_gy=50.4))] == [5, 10, 20, 30, 50.4]
    assert [level for level, _ in isodose_lines(picture(prescription_gy=None))] == [5, 10, 20, 30, 50]
    assert isodose_lines(picture(rbe_weighted=True))[0][1].label == "5 Gy (RBE)"
    colours = [line.colour for _, line in isodose_lines(picture())]
    assert len(set(colours)) == 6


def test_many_flags_stay_on_the_page_and_it_says_where_the_rest_is() -> None:
    flags = [f"Lungs-GTV: warning number {number} of a long list of things to look at closely" for number in range(60)]
    dvh = dvh_from_samples(np.array([0.0, 40.0]), np.array([3.0, 1.0]), structure="Lungs-GTV")
    figure = plot_patient_page(picture(), [dvh], entry(*flags), settings=SETTINGS)
    texts = [text.get_text() for text in figure.texts]
    assert any("warning number 0 " in text for text in texts)
    assert "... the rest stands in qa.json" in texts
    box, size = figure.get_tightbbox(), figure.get_size_inches()
    assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= size[0] and box.y1 <= size[1]
    # 1 of 4 cc gets 40 Gy: V5 and V20 25 %, mean 10 Gy.
    assert {"25.0", "10.00", "4"} <= set(texts)


def test_the_contact_sheet_shows_the_transversal_plane_of_each_page(tmp_path: Path) -> None:
    # Pages of one colour where the transversal plane is (6 to 114.3 mm from the left, 17.2 to 97 mm from above).
    for name, colour in (("P001", (1.0, 0.0, 0.0)), ("P002", (0.0, 1.0, 0.0))):
        page = np.ones((1240, 1753, 3))
        page[103:572, 37:674] = colour
        imsave(tmp_path / f"{name}.png", page)
    rows = [("P001", 2, "ok", "yes", "P001.png"), ("P002", 1, "none", "no", "P002.png")]
    chosen = pd.DataFrame(rows, columns=COLUMNS)
    for name in ("a.png", "b.png"):
        figure = plot_contact_sheet(chosen, tmp_path, settings=SETTINGS)
        save_page(figure, tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    sheet = imread(tmp_path / "a.png")[..., :3]
    for axes, colour in zip(figure.axes, ((1, 0, 0), (0, 1, 0)), strict=True):
        box = axes.get_window_extent()
        scale = sheet.shape[1] / figure.bbox.width
        left, right = round(box.x0 * scale) + 4, round(box.x1 * scale) - 4
        top, bottom = (round((figure.bbox.height - y) * scale) for y in (box.y1, box.y0))
        edge, side = (bottom - top) // 8, (right - left) // 12  # letters of the sheet stand over those of the page
        assert np.abs(sheet[top + edge : bottom - edge, left + side : right - side] - colour).max() < 0.01
    letters = [text for text in figure.findobj(Text) if text.get_text()]
    assert {"R", "L", "A", "P", "5 cm"} <= {text.get_text() for text in letters}
    assert all(text.get_fontsize() >= 6.0 for text in letters)
    texts = [text.get_text() for text in figure.texts]
    assert "2 flags" in texts and "1 flag, without SPECT, no CT" in texts


def test_a_cohort_without_images_gets_a_sheet_that_says_so(tmp_path: Path) -> None:
    figure = plot_contact_sheet(pd.DataFrame([], columns=COLUMNS), tmp_path, settings=SETTINGS)
    assert "No patient has images to show." in [text.get_text() for text in figure.axes[0].texts]
    assert mpl.rcParams["font.size"] == pytest.approx(mpl.rcParamsDefault["font.size"])


def test_a_page_in_chinese_has_no_english_but_the_flags_and_stays_upright() -> None:
    settings = FiguresSettings(language="zh")
    if font_faults(settings):
        pytest.skip(str(font_faults(settings)[0]))
    dvh = dvh_from_samples(np.array([0.0, 40.0]), np.array([3.0, 1.0]), structure="Lungs-GTV")
    figure = plot_patient_page(picture(region="40%max"), [dvh], entry("Lungs-GTV: a warning"), settings=settings)
    figure.savefig(io.BytesIO(), format="png", dpi=40)  # a sign that no font has is an error
    texts = [text for text in figure.findobj(Text) if text.get_text().strip() and "warning" not in text.get_text()]
    words = {word for text in texts for word in re.findall(r"[A-Za-z]{3,}", text.get_text())}
    assert words <= {"GTV", "VMAT", "SPECT"}
    assert {text.get_fontweight() for text in texts} == {"normal"}
    assert any("等剂量线" in text.get_text() for text in texts)
