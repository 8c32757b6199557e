"""From the config's recipes to regions: margins, sides, parts named by another recipe. The boxes of box_patient.py."""

import numpy as np
import pytest

from lungtox.config import load_config
from lungtox.dose.config import DoseSettings
from lungtox.errors import InputError
from lungtox.extraction import extract_patient, inspect_patient, read_patients
from tests.unit import box_patient as boxes


def row_of(tmp_path, **changes):
    table, names = boxes.write(tmp_path, {"P014": changes})
    (row,) = read_patients(table, structures=names)
    return row


def settings_of(**structures):
    return DoseSettings.model_validate({"structures": structures})


def volumes_cc(row, **structures):
    found = extract_patient(row, dose=settings_of(**structures))
    assert found.qa["faults"] == []
    return {dvh.structure: dvh.structure_cc for dvh in found.dvhs}


def grown_cc(a, b, c, m):
    """Box with rounded edges and corners (Steiner)."""
    return (a * b * c + 2 * m * (a * b + b * c + a * c) + np.pi * m**2 * (a + b + c) + 4 / 3 * np.pi * m**3) / 1000


def test_margins_rings_and_parts_named_by_another_recipe(tmp_path):
    # GTV 10 x 10 x 15 mm at x 25..35, z 22.5..37.5 in Lung_L (20..40, 10.5..49.5).
    found = volumes_cc(
        row_of(tmp_path),
        PRV={"union": ["GTV"], "margin_mm": 4},
        Ring={"union": ["GTV"], "margin_mm": 4, "minus": ["GTV"]},
        Rest={"union": ["Lung_L"], "minus": ["PRV"]},
        Shared={"union": ["PRV"], "within": ["Lung_L"]},
        Up={"union": ["GTV"], "margin_mm": {"superior": 6}},
    )
    grown = grown_cc(10, 10, 15, 4)
    assert found["PRV"] == pytest.approx(grown, rel=2.5e-3)
    assert found["Ring"] == pytest.approx(grown - 1.5, rel=4e-3)
    assert found["Rest"] == pytest.approx(15.6 - grown, rel=2e-3)
    assert found["Shared"] == pytest.approx(grown, rel=2.5e-3)  # all of it lies in the lung
    assert found["Up"] == pytest.approx(10 * 10 * 21 / 1000, rel=2e-3)


def test_a_margin_that_leaves_the_dose_grid_is_refused(tmp_path):
    # The lung ends at z = 49.5; the grid at 60.
    row, settings = row_of(tmp_path), settings_of(Around={"union": ["Lung_L"], "margin_mm": 15})
    found = extract_patient(row, dose=settings)
    assert [fault["code"] for fault in found.qa["faults"]] == ["dose-coverage"]
    assert [fault.code for fault in inspect_patient(row, dose=settings).faults] == ["dose-coverage"]


def in_one_roi(tmp_path, *, bridge=()):
    """Both lungs in ROI 1, accepted as Lungs."""
    contours = [*boxes.box(30, 10, 12, 48), *boxes.box(-30, 10, 12, 48), *bridge]
    table, names = boxes.write(tmp_path, {"P014": {"structures": boxes.structures(Lung_L=contours, Lung_R=[])}})
    text = names.read_text().replace("Lung_L", "Lungs")
    names.write_text("\n".join(line for line in text.splitlines() if "Lung_R" not in line) + "\n")
    (row,) = read_patients(table, structures=names)
    return row


def test_both_lungs_in_one_roi_are_taken_apart(tmp_path):
    recipes = {side: {"union": ["Lungs"], "side": side} for side in ("left", "right")}
    found = extract_patient(in_one_roi(tmp_path), dose=settings_of(**recipes))
    mean_gy = {dvh.structure: dvh.mean_gy for dvh in found.dvhs}
    assert mean_gy == pytest.approx({"left": 26, "right": 14}, abs=2e-3)
    assert [dvh.structure_cc for dvh in found.dvhs] == pytest.approx([15.6, 15.6])


def test_a_side_of_lungs_that_are_two_rois_is_that_roi(tmp_path):
    recipes = {"left": {"union": ["Lungs"], "side": "left"}, "right": {"union": ["Lungs"], "side": "right"}}
    found = extract_patient(row_of(tmp_path), dose=settings_of(**recipes))
    assert {dvh.structure: dvh.mean_gy for dvh in found.dvhs} == pytest.approx({"left": 26, "right": 14}, abs=2e-3)


def test_lungs_that_touch_make_the_patient_unusable(tmp_path):
    row = in_one_roi(tmp_path, bridge=boxes.box(0, 25, 27, 27))
    settings = settings_of(Left={"union": ["Lungs"], "side": "left"})
    found = extract_patient(row, dose=settings)
    (fault,) = found.qa["faults"]
    assert (fault["code"], fault["who"]) == ("sides", "P014, Left")
    assert fault["found"] == "all of it hangs together"
    assert [fault.code for fault in inspect_patient(row, dose=settings).faults] == ["sides"]


def test_a_tumour_that_is_missing_under_a_margin_is_missing(tmp_path):
    row = row_of(tmp_path, structures=boxes.structures(GTV=[]))
    recipes = {
        "PRV": {"union": ["GTV"], "margin_mm": 5},
        "Lungs-PRV": {"union": ["Lung_L", "Lung_R"], "minus": ["PRV"]},
    }
    found = extract_patient(row, dose=settings_of(**recipes))
    (fault,) = found.qa["faults"]
    assert fault["code"] == "structure-missing"
    assert "contours for GTV (part of Lungs-PRV)" in fault["expected"]
    accepted = settings_of(**recipes).model_copy(update={"gtv_absent": "accept"})
    found = extract_patient(row, dose=accepted)
    assert [dvh.structure for dvh in found.dvhs] == ["Lungs-PRV"]
    assert any("no contours of GTV; nothing taken out" in text for text in found.qa["warnings"])


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ({"union": ["Lungz"]}, "Did you mean 'Lungs'?"),
        ({"union": ["Heart"], "minus": ["Lungs-GTV"]}, "without minus or within"),
        ({"union": ["X"]}, "without minus or within"),
        ({"union": ["Lung_L", "Lung_R"], "side": "left"}, "`side` takes one structure"),
        ({"union": ["Heart"], "margin_mm": -1}, "0 mm or more"),
        ({"union": ["Heart"], "margin_mm": {"left": -1}}, "greater than or equal to 0"),
        ({"union": ["Heart"], "margin_mm": {"up": 1}}, "a known key"),
    ],
)
def test_recipes_that_make_no_sense_are_refused_with_the_config(tmp_path, recipe, words):
    import yaml

    text = (boxes.Path(__file__).parents[2] / "config.yaml").read_text(encoding="utf-8")
    config = yaml.safe_load(text)
    config["dose"]["structures"]["X"] = recipe
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    with pytest.raises(InputError) as error:
        load_config(path)
    assert words in str(error.value)
