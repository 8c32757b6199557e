"""Contours of functional lung, perfusion split, metrics and sweep of the box patient (figures in box_patient.py)."""

import numpy as np
import pytest

from lungtox.dose import compute_metrics_table
from lungtox.dose.config import DoseSettings, FunctionSettings
from lungtox.extraction import extract_patient, read_patients
from tests.unit import box_patient as box
from tests.unit import dicom_files as make

CONTOUR = "Lungs^Functional"
SETTINGS = DoseSettings.model_validate(
    {
        **box.SETTINGS.model_dump(),
        "structures": {**box.SETTINGS.model_dump()["structures"], CONTOUR: {"union": [CONTOUR]}},
    }
)
FUNCTION = FunctionSettings(
    regions=["40%max", CONTOUR],
    metrics=["Mean[Gy]", "Volume[cc]", "Volume[%structure]", "V20Gy[%structure]", "Perfusion(left)[%]"],
)


def extract(folder, *, changes=None, contour=True, function=FUNCTION, settings=SETTINGS, columns=()):
    """Extract the box patient, with a contour over the middle third of both lungs' heights where wanted."""
    patients, names = box.write(folder, {"P014": changes or {}})
    if contour:
        rings = [*box.box(30, 10, 24, 36), *box.box(-30, 10, 24, 36)]
        standard = {
            "Lung_L": box.box(30, 10, 12, 48),
            "Lung_R": box.box(-30, 10, 12, 48),
            "GTV": box.box(30, 5, 24, 36),
        }
        rois = {1: ("Lung L", standard["Lung_L"]), 2: ("Lung R", standard["Lung_R"]), 3: ("gtv", standard["GTV"]),
                4: ("Heart", box.box(0, 8, 12, 24)), 5: ("FL of Dr X", rings)}  # fmt: skip
        make.save(make.structures(rois), folder / "P014/structures.dcm")
        names.write_text(names.read_text() + f"P014,5,FL of Dr X,{CONTOUR},manual,,AB\n")
    for column, dataset in columns:
        make.save(dataset, folder / f"P014/{column}.dcm")
        lines = patients.read_text().splitlines()
        patients.write_text(f"{lines[0]},{column}\n{lines[1]},P014/{column}.dcm\n")
    return extract_patient(read_patients(patients, structures=names)[0], dose=settings, function=function)


def pick(found, weighting, quantity="physical"):
    return next(
        dvh for dvh in found.dvhs if (dvh.structure, dvh.weighting, dvh.quantity) == ("Lungs-GTV", weighting, quantity)
    )


def test_contour_of_a_physician_is_a_region_and_leaves_a_rest(tmp_path):
    found = extract(tmp_path)
    assert found.qa["status"] == "ok"
    # 5 slabs of 3 mm of two squares of 20 mm, without the tumour of 10 x 10 x 15 mm: 12 - 1.5 cc.
    inside = pick(found, f"functional:{CONTOUR}")
    assert inside.total_cc == pytest.approx(10.5, rel=1e-6)
    assert inside.mean_gy == pytest.approx((4.5 * 26 + 6.0 * 14) / 10.5, abs=2e-3)
    rest = pick(found, f"nonfunctional:{CONTOUR}")  # 8 slabs: 9.6 cc on each side
    assert (rest.total_cc, rest.mean_gy) == (pytest.approx(19.2, rel=1e-6), pytest.approx(20.0, abs=2e-3))
    assert pick(found, f"functional:{CONTOUR}", "eqd2").alpha_beta_gy == 3.0
    assert found.qa["function"]["regions"][CONTOUR]["share_pct"] == pytest.approx(100 * 10.5 / 29.7)


def test_contour_needs_no_image_and_none_is_no_fault(tmp_path):
    found = extract(tmp_path / "a", changes={"spect": None})
    assert found.qa["function"]["status"] == "none"
    assert pick(found, f"functional:{CONTOUR}").total_cc == pytest.approx(10.5, rel=1e-6)
    assert found.sweep == ()
    found = extract(tmp_path / "b", contour=False)
    assert (found.qa["status"], found.qa["function"]["status"]) == ("ok", "ok")
    assert CONTOUR not in found.qa["function"]["regions"]
    assert f"{CONTOUR}: no contours of {CONTOUR}; left out" in found.qa["warnings"]


def test_refused_image_leaves_the_contour(tmp_path):
    found = extract(tmp_path, changes={"spect": box.spect(ImageType=["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"])})
    assert (found.qa["status"], found.qa["function"]["status"]) == ("ok", "unusable")
    assert pick(found, f"functional:{CONTOUR}").total_cc == pytest.approx(10.5, rel=1e-6)


def test_perfusion_split_and_metrics_with_their_denominators(tmp_path):
    found = extract(tmp_path)
    # Function 1 in 14.1 cc on the left, 3 in 15.6 cc on the right.
    split = found.qa["function"]["split"]
    assert split["left"]["perfusion_pct"] == pytest.approx(100 * 14.1 / (14.1 + 46.8), abs=0.01)
    assert split["left"]["volume_pct"] == pytest.approx(100 * 14.1 / 29.7, abs=0.01)
    assert sum(split[third]["perfusion_pct"] for third in ("upper", "middle", "lower")) == pytest.approx(100)
    table = compute_metrics_table(
        [("P014", dvh) for dvh in found.dvhs], dose=SETTINGS, function=FUNCTION, qa=[found.qa]
    ).to_pylist()
    values = {(r["weighting"], r["quantity"], r["metric"]): (r["value"], r["unit"]) for r in table}
    # FL is the right lung, at 12 to 16 Gy; the rest the left one without the tumour, all of it above 22 Gy.
    assert values["functional:40%max", "physical", "Volume[cc]"] == (pytest.approx(15.6, rel=1e-6), "cc")
    assert values["nonfunctional:40%max", "physical", "V20Gy[%structure]"] == (pytest.approx(1410 / 29.7), "%")
    assert values["nonfunctional:40%max", "physical", "Volume[%structure]"] == (pytest.approx(1410 / 29.7), "%")
    assert values["perfusion", "physical", "Perfusion(left)[%]"] == (pytest.approx(1410 / 60.9, abs=0.01), "%")
    assert ("perfusion", "eqd2", "Perfusion(left)[%]") not in values
    assert ("functional:40%max", "physical", "Perfusion(left)[%]") not in values


def test_denominator_of_the_total_lung(tmp_path):
    structures = {**SETTINGS.model_dump()["structures"], "Lungs": {"union": ["Lung_L", "Lung_R"]}}
    settings = DoseSettings.model_validate({**SETTINGS.model_dump(), "structures": structures})
    function = FunctionSettings(regions=["40%max"], total="Lungs", denominator="total", metrics=["V13Gy[%]"])
    found = extract(tmp_path, settings=settings, function=function)
    rows = compute_metrics_table([("P014", dvh) for dvh in found.dvhs], dose=settings, function=function).to_pylist()
    value = next(r["value"] for r in rows if (r["weighting"], r["quantity"]) == ("functional:40%max", "physical"))
    # The right lung has 12 to 16 Gy: three quarters of 15.6 cc, of 31.2 cc with the tumour.
    assert value == pytest.approx(100 * 0.75 * 15.6 / 31.2, abs=0.05)


def test_sweep_of_a_patient_and_the_other_attenuation_correction(tmp_path):
    x = np.arange(-60, 61, 6)
    other = make.spect(np.broadcast_to(np.where(x > 0, 300, 100), (13, 21, 21)).astype("<u2"))
    other.DetectorInformationSequence[0].ImagePositionPatient = [-60, -40, 0]
    found = extract(tmp_path, columns=[("spect_nac", other)])
    means = {
        (row.change, row.weighting, row.direction, row.shift_mm): row.value
        for row in found.sweep
        if row.metric == "Mean[Gy]"
    }
    assert means["none", "anatomical", "", 0.0] == pytest.approx(19.6970, abs=2e-3)
    assert means["region", "functional:40%max", "", 0.0] == pytest.approx(14, abs=2e-3)
    # There the left lung is the better one.
    assert means["attenuation", "functional:40%max", "", 0.0] == pytest.approx(26, abs=2e-3)
    # Moved to the right or left by 10 mm, each lung still has its own value: 10 mm from the middle.
    assert means["shift", "functional:40%max", "right", 5.0] == pytest.approx(14, abs=2e-3)


def test_second_image_that_cannot_be_used_is_a_remark(tmp_path):
    broken = box.spect(ImageType=["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"])
    found = extract(tmp_path, columns=[("spect_nac", broken)])
    assert found.qa["function"]["status"] == "ok"
    assert any("no sweep over attenuation correction" in text for text in found.qa["function"]["warnings"])
    assert not any(row.change == "attenuation" for row in found.sweep)
