"""Readers against files of real planning systems (see the data folder's README for what is known of each)."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from lungtox.dicom import read_ct, read_dose, read_dose_header, read_function_image, read_plan, read_structures
from lungtox.dose import sample_courses
from lungtox.errors import InputError
from lungtox.extraction import read_courses

DATA = Path(os.environ.get("LUNGTOX_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data"))
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="reference data are absent (LUNGTOX_REFERENCE_DATA)")
PROTON = DATA / "raystation-proton"
POSITIONS = ("HFS", "HFP", "HFDL", "HFDR", "FFS", "FFP", "FFDL", "FFDR")

# IEC fixed axes (z up, y towards the gantry) from DICOM patient axes, by patient position:
# which patient axis, with which sign, points along fixed x, y (towards the gantry) and z (up).
FIXED = {
    "HFS": ("+x", "+z", "-y"),
    "HFP": ("-x", "+z", "+y"),
    "HFDL": ("-y", "+z", "-x"),
    "HFDR": ("+y", "+z", "+x"),
    "FFS": ("-x", "-z", "-y"),
    "FFP": ("+x", "-z", "+y"),
    "FFDL": ("+y", "-z", "-x"),
    "FFDR": ("-y", "-z", "+x"),
}


@pytest.mark.parametrize("position", POSITIONS)
def test_voxel_positions_in_all_patient_positions(position):
    # Expected: coordinates in IEC fixed axes from another program. (Its "DICOM" file lists each axis times the sign of
    # its direction cosine, which PS3.3 C.7.6.2.1.1 does not do; the fixed axes are free of that.)
    expected = json.loads((DATA / "orientations" / "expected_fixed_xyz.json").read_text())[position]
    grid = read_dose_header(DATA / "orientations" / f"RD.DICOMORIENT.Dose_{position}_empty.dcm").grid
    axes = {"x": grid.x_mm, "y": grid.y_mm, "z": grid.z_mm}
    for (sign, name), wanted in zip(FIXED[position], expected, strict=True):
        found = axes[name] if sign == "+" else -axes[name][::-1]
        np.testing.assert_allclose(found, np.sort(wanted), atol=1e-6)


@pytest.mark.parametrize("position", POSITIONS)
def test_extents_shown_by_the_planning_system(position):
    # Eclipse's own display of the dose extent: distances in cm, to the outer edge of the voxels or to their centres.
    text = (DATA / "orientations" / "Eclipse results.txt").read_text().split("\n\n")
    block = next(part.splitlines() for part in text if part.strip().startswith(position))
    shown = {line[0]: abs(float(line.split()[1])) * 10 for line in block[1:] if ":" in line}
    grid = read_dose_header(DATA / "orientations" / f"RD.DICOMORIENT.Dose_{position}_empty.dcm").grid
    ends = {
        **dict(zip("RL", grid.x_mm[[0, -1]], strict=True)),
        **dict(zip("AP", grid.y_mm[[0, -1]], strict=True)),
        **dict(zip("IS", grid.z_mm[[0, -1]], strict=True)),
    }
    for side, wanted in shown.items():
        assert abs(abs(ends[side]) - wanted) <= 1.51, side  # half a 2 mm voxel, and 0.5 mm of its display


def test_beam_doses_add_up_to_the_plan_and_are_never_taken_for_it():
    files = {path.name.split(".")[-3]: path for path in PROTON.glob("RD*.dcm")}
    plan_dose = read_dose(files["3000"])
    assert plan_dose.rbe_weighted
    beams = []
    for key in ("4000", "5000"):
        with pytest.raises(InputError, match="DoseSummationType BEAM"):
            read_dose(files[key])
        beams.append(read_dose(files[key], accept=("BEAM",)).image.values)
    assert np.abs(beams[0] + beams[1] - plan_dose.image.values).max() < 5e-5


def test_beams_added_at_the_points_of_a_structure_are_the_plan():
    files = {path.name.split(".")[-3]: path for path in PROTON.glob("RD*.dcm")}
    (path,) = PROTON.glob("RS*.dcm")
    cube = read_structures(path).named("Cube101010")
    beams = [read_dose(files[key], accept=("BEAM",)) for key in ("4000", "5000")]
    added, whole = (sample_courses(cube, doses).samples for doses in (beams, [read_dose(files["3000"])]))
    assert np.abs(added.dose_gy - whole.dose_gy).max() < 5e-5
    assert added.coverage_pct == whole.coverage_pct == 100


def test_beam_files_with_their_plan_give_the_dose_of_the_plan():
    files = {path.name.split(".")[-3]: path for path in PROTON.glob("RD*.dcm")}
    plan = read_plan(PROTON / "ramped_2Gy_ver2_full.dcm")
    (added,) = read_courses([files["4000"], files["5000"]], [plan], who="RTDOSE")
    assert np.abs(added.image.values - read_dose(files["3000"]).image.values).max() < 5e-5
    assert added.fractions == plan.fractions
    with pytest.raises(InputError, match="none of beam"):
        read_courses([files["4000"]], [plan], who="RTDOSE")
    with pytest.raises(InputError, match="two doses of one plan"):
        read_courses([files["3000"], files["4000"], files["5000"]], [plan], who="RTDOSE")


def test_ion_plan_and_phantom_structures():
    plan = read_plan(PROTON / "ramped_2Gy_ver2_full.dcm")
    assert (plan.fractions, plan.treatment_beams, plan.setup_beams, plan.technique) == (1, 2, 0, None)
    (path,) = PROTON.glob("RS*.dcm")
    found = read_structures(path)
    cube = found.named("Cube101010")
    assert len(cube.planes) == 21
    assert found.named("LoPo").planes == ()
    assert found.warnings == ("LoPo: 1 contours of type POINT left out",)


def test_files_without_meta_header_are_read():
    found = read_structures(DATA / "tiny-monaco" / "TinyFS_StrctrSets.dcm")
    assert {s.name: len(s.planes) for s in found.structures.values()} == {"patient": 3, "tumor": 1}
    assert len(found.named("patient").planes[0].rings[0]) == 1368
    plan = read_plan(DATA / "tiny-monaco" / "TinyFS_TinyVMAT.dcm")
    assert (plan.fractions, plan.prescription_gy, plan.treatment_beams, plan.technique) == (2, 1.0, 1, "VMAT")


def test_breast_plan_and_structures():
    folder = DATA / "thorax-breast-tps"
    plan = read_plan(folder / "rtplan.dcm")
    assert (plan.fractions, plan.prescription_gy, plan.treatment_beams, plan.technique) == (7, 14.0, 4, "IMRT")
    dose = read_dose(folder / "rtdose.dcm", plan=plan)
    assert dose.image.grid.shape == (98, 129, 194)
    assert dose.warnings == ()
    assert dose.fractions == 7
    found = read_structures(folder / "rtss.dcm")
    lung = found.named("Lt Lung")
    assert (len(found.structures), len(lung.planes), sum(len(p.rings) for p in lung.planes)) == (10, 80, 165)
    assert max(len(p.rings) for p in lung.planes) == 7
    assert found.named("Areola").planes == ()
    assert found.frame_of_reference == dose.frame_of_reference


@pytest.mark.parametrize("read", [read_structures, read_dose, read_plan, read_function_image])
def test_files_of_another_kind_are_refused(read):
    for path in (DATA / "thorax-breast-tps" / "ct.0.dcm", DATA / "registration" / "spatial_reg.dcm"):
        with pytest.raises(InputError, match=r"modality (CT|REG)"):
            read(path)


def test_ct_slices_and_contours_share_a_frame_of_reference():
    # The headers place five slices of 5 x 5 pixels 100 mm apart, from -200 mm on along each axis.
    ct = read_ct(sorted((DATA / "tiny-monaco").glob("*CT1*")))
    grid = ct.image.grid
    for axis in (grid.x_mm, grid.y_mm, grid.z_mm):
        np.testing.assert_allclose(axis, [-200, -100, 0, 100, 200])
    structures = read_structures(DATA / "tiny-monaco" / "TinyFS_StrctrSets.dcm")
    assert ct.frame_of_reference == structures.frame_of_reference


def test_a_single_slice_of_a_planning_ct_is_no_volume():
    with pytest.raises(InputError, match="a CT of several slices; found one"):
        read_ct(DATA / "thorax-breast-tps" / "ct.0.dcm")
