"""The overlay of both images' lungs: what lies where, and that it is drawn the same twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lungtox.figures import FiguresSettings, plot_registration, save_figure
from lungtox.geometry import RigidMap
from lungtox.imaging import PlaneView, registration_views
from tests.unit import chest_phantom as chest

GRID = chest.grid((5.0, 5.0, 5.0))
TUMOUR = (-60.0, 10.0, 40.0)
QUALITY = {
    "method": "CT to CT", "lung_dice": 0.9754, "lung_dice_start": 0.9266, "mutual_information": 0.9116,
    "mutual_information_start": 0.6848, "lungs_seen_pct": 100.0, "shift_mm": 0.158, "rotation_deg": 4.5734,
    "iterations": 120, "converged": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def views() -> tuple[PlaneView, ...]:
    moved = chest.motion(shift_mm=(6.0, -5.0, 8.0), axis=(0, 0, 1), angle_deg=4.0)
    ct, other = chest.paint_ct(GRID), chest.paint_ct(GRID, moved=moved, seed=1)
    return registration_views(ct, other, moved, at_mm=TUMOUR)


def value(view: PlaneView, field: str, across: float, up: float) -> float:
    row, column = np.abs(view.up_mm - up).argmin(), np.abs(view.across_mm - across).argmin()
    return float(getattr(view, field)[row, column])


def test_the_three_planes_go_through_the_point_that_was_asked_for(views):
    x, y, z = TUMOUR
    places = {"transversal": (x, y, z), "coronal": (x, z, y), "sagittal": (y, z, x)}
    assert [view.plane for view in views] == list(places)
    for view in views:
        across, up, at = places[view.plane]
        assert view.at_mm == at
        assert value(view, "hounsfield", across, up) == pytest.approx(35.0, abs=80.0)  # the tumour
        assert value(view, "planning_lungs", across, up) < 0.2
    transversal = views[0]
    assert value(transversal, "hounsfield", 75.0, 0.0) == pytest.approx(-800.0, abs=80.0)  # the left lung
    assert value(transversal, "planning_lungs", 75.0, 0.0) > 0.9


def test_outlines_lie_upon_each_other_with_the_right_map_and_apart_without(views):
    for view in views:
        both = (view.planning_lungs > 0.5) & (view.other_lungs > 0.5)
        assert 2 * both.sum() / ((view.planning_lungs > 0.5).sum() + (view.other_lungs > 0.5).sum()) > 0.95
    shifted = RigidMap(np.eye(3), np.array([30.0, 0.0, 0.0]))
    ct = chest.paint_ct(GRID)
    transversal = registration_views(ct, ct, shifted)[0]
    # A point of the plan shows what lies 30 mm further to the left in the other image: its lung lies further right.
    lungs = [np.average(transversal.across_mm, weights=one.sum(axis=0)) for one in (
        transversal.planning_lungs, transversal.other_lungs)]  # fmt: skip
    assert lungs[1] - lungs[0] == pytest.approx(-30.0, abs=1.0)


def test_planes_go_through_the_larger_lung_where_no_point_is_given():
    ct = chest.paint_ct(GRID)
    sagittal = registration_views(ct, ct, RigidMap.identity())[2]
    assert sagittal.planning_lungs.max() > 0.9
    assert abs(sagittal.at_mm) > 40.0


def test_the_figure_is_the_same_twice_with_lines_as_lines_and_the_figures_of_quality(views, tmp_path: Path):
    for name in ("a", "b"):
        figure = plot_registration(views, QUALITY, patient="P007", settings=FiguresSettings())
        save_figure(figure, tmp_path / name)
    for suffix in (".pdf", ".svg", ".png"):
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
    assert (tmp_path / "a.svg").read_text().count("<image ") == 3  # the CT; every outline is a path
    texts = " ".join(text.get_text() for text in figure.texts)
    assert "P007" in texts and "Dice of the lungs 0.975 (0.927 at the start)" in texts and "4.6\N{DEGREE SIGN}" in texts
    assert "before it converged" not in texts
    box, page = figure.get_tightbbox(), figure.get_size_inches()
    assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= page[0] and box.y1 <= page[1]
    for axes in figure.axes:
        assert len(axes.collections) == 2  # both outlines


def test_a_spect_registered_by_itself_is_labelled_so(views):
    found = {**QUALITY, "method": "SPECT to CT", "converged": False}
    figure = plot_registration(views, found, patient="P007", settings=FiguresSettings())
    texts = [*figure.texts, *(text for legend in figure.legends for text in legend.get_texts())]
    words = " ".join(text.get_text() for text in texts)
    assert "SPECT to CT:" in words and "registered SPECT" in words and "before it converged" in words
