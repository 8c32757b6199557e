"""SPECTs in a frame of reference of their own: what was planted, and whether the pipeline gets back to the truth."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from lungtox.config import load_config
from lungtox.dicom import read_dose, read_function_image, read_registration
from lungtox.extraction import Extraction, PatientRow, extract_patient, read_patients
from lungtox.geometry import interpolate
from lungtox.imaging import map_frames, sample_function
from lungtox.synthetic import build_phantom, write_demo
from lungtox.synthetic.patient_files import Job, Written, write_patient
from lungtox.synthetic.spect_frames import plant_registration, spect_frame
from lungtox.tables import read_json

CONFIG = Path(__file__).parents[2] / "config.yaml"
REGISTERED = 1  # LT002; the patients 1, 4, 7 and on have a registration


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cohort")


@pytest.fixture(scope="module")
def written(folder: Path) -> Written:
    return write_patient(Job(folder, 1, REGISTERED, dvh_only=False))


def test_a_third_has_a_registration_and_six_of_120_need_one_of_their_images() -> None:
    assert Counter(map(spect_frame, range(120))) == {"plan": 76, "registration": 38, "image": 6}
    assert spect_frame(0) == "plan"


def test_the_planted_map_moves_the_middle_by_3_to_15_mm_and_turns_by_1_to_5_degrees() -> None:
    middle = (10.0, -150.0, 800.0)
    for index in range(50):
        found = plant_registration(index, np.random.default_rng(3), middle_mm=middle)
        moved = np.ravel(found(*(np.array([value]) for value in middle))) - middle
        assert 3 <= np.linalg.norm(moved) <= 15 and 1 <= found.angle_deg <= 5
    again = plant_registration(7, np.random.default_rng(3), middle_mm=middle)
    other = plant_registration(8, np.random.default_rng(3), middle_mm=middle)
    assert np.array_equal(again.rotation, plant_registration(7, np.random.default_rng(3), middle_mm=middle).rotation)
    assert not np.allclose(again.rotation, other.rotation)


def test_the_registration_brings_every_voxel_of_the_phantom_back(folder: Path, written: Written) -> None:
    """Against the blurred perfusion itself. Without the map, or with its inverse, the error is much larger."""
    phantom = build_phantom(written.traits, np.random.default_rng(1))
    grid, blurred = phantom.perfusion_blurred.grid, phantom.perfusion_blurred.values
    k, j, i = np.nonzero(phantom.lung_share > 0.5)
    points = grid.x_mm[i], grid.y_mm[j], grid.z_mm[k]
    image = read_function_image(folder / written.cells["spect"])
    registration = read_registration(folder / written.cells["registration"])
    plan = read_dose(folder / written.cells["dose"]).frame_of_reference
    found = map_frames([registration], origin=plan, destination=image.frame_of_reference, who="LT002")
    wrong = map_frames([registration], origin=image.frame_of_reference, destination=plan, who="LT002")
    truth = blurred[k, j, i] / blurred.max()
    sampled = sample_function(image, *points, volume_cc=np.ones(k.size), to_image=found, who="LT002") / 6000
    error = float(np.sqrt(np.mean((sampled - truth) ** 2)))
    assert error < 0.02  # noise of 1 % and the widening by voxels of 6.5 mm
    for other in (interpolate(image.image, *points), interpolate(image.image, *wrong(*points))):
        assert np.sqrt(np.nanmean((other / 6000 - truth) ** 2)) > 3 * error
    planted = written.planted
    assert planted is not None
    moved, meant = found(*points), planted(*points)
    # Decimal strings of 16 characters.
    assert np.allclose(moved, meant, rtol=0, atol=1e-6)


def figures(found: Extraction) -> tuple[float, float]:
    """FMLD and fV20 of the region of 40 % of the maximum."""
    region = next(dvh for dvh in found.dvhs if (dvh.weighting, dvh.quantity) == ("functional:40%max", "physical"))
    return region.mean_gy, 100 * region.cumulative.volume_at_cc(20.0) / region.total_cc


def extract(row: PatientRow) -> Extraction:
    config = load_config(CONFIG)
    return extract_patient(row, dose=config.dose, function=config.function)


@pytest.mark.slow
def test_the_functional_figures_of_a_cohort_agree_with_the_blurred_truth(tmp_path: Path) -> None:
    write_demo(tmp_path / "demo", seed=1)
    kinds, near = compare(tmp_path / "demo")
    assert kinds == {"frame": 69, "object": 34, "image": 6}
    assert np.mean(near) >= 0.95


def test_those_of_one_registered_patient_do(folder: Path, written: Written) -> None:
    names = [
        f"{written.traits.study_id},{number},{name},{'Body' if name == 'BODY' else name},exact,100,X"
        for number, name in written.rois
    ]
    (folder / "structures.csv").write_text(
        "\n".join(["patient,roi_number,roi_name,structure,match,score,accepted_by", *names])
    )
    (folder / "patients.csv").write_text(f"{','.join(written.cells)}\n{','.join(written.cells.values())}\n")
    (row,) = read_patients(folder / "patients.csv", structures=folder / "structures.csv")
    found = extract(row)
    assert found.qa["function"]["registration"]["kind"] == "object"
    fmld_gy, fv20_pct = figures(found)
    assert fmld_gy == pytest.approx(written.summary.fmld_gy, abs=0.3)
    assert fv20_pct == pytest.approx(written.summary.fv20_pct, abs=2.0)


def compare(demo: Path) -> tuple[dict[str, int], list[bool]]:
    """Count how SPECTs came to the plan, and say for each whether fMLD lies within 0.3 Gy and fV20 within 2 points."""
    truth = read_json(demo / "truth.json")["dose"]
    kinds: Counter[str] = Counter()
    near = []
    for row in read_patients(demo / "patients.csv", structures=demo / "structures.csv"):
        if "spect" not in row.cells:
            continue
        found = extract(row)
        assert found.qa["function"]["status"] == "ok", row.patient
        kinds[found.qa["function"]["registration"]["kind"]] += 1
        fmld_gy, fv20_pct = figures(found)
        true = truth[row.patient]
        near.append(abs(fmld_gy - true["fmld_gy"]) <= 0.3 and abs(fv20_pct - true["fv20_pct"]) <= 2.0)
    return dict(kinds), near
