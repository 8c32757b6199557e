"""Reading RTPLAN: fractions, prescription, treatment beams (not set-up fields), technique."""

import pytest

from lungtox.dicom import read_plan
from lungtox.errors import InputError
from tests.unit import dicom_files as make


def read(tmp_path, *args, **kwargs):
    return read_plan(make.save(make.plan(*args, **kwargs), tmp_path / "p"))


def test_setup_and_portal_beams_do_not_count(tmp_path):
    beams = [make.beam(1), make.beam(2), make.beam(3, delivery="SETUP"), make.beam(4, delivery="TRMT_PORTFILM")]
    plan = read(tmp_path, beams, metersets=[100, 80, None, 3])
    assert (plan.treatment_beams, plan.setup_beams) == (2, 2)
    assert (plan.fractions, plan.prescription_gy) == (30, 60.0)
    assert plan.warnings == ()


def test_a_treatment_beam_without_monitor_units_is_not_counted_and_named(tmp_path):
    plan = read(tmp_path, [make.beam(1), make.beam(2)], metersets=[100, 0])
    assert (plan.treatment_beams, plan.setup_beams) == (1, 1)
    assert plan.warnings == ("1 of the beams marked as treatment have no monitor units and are not counted",)


def test_an_uncalculated_plan_counts_beams_by_type(tmp_path):
    plan = read(tmp_path, [make.beam(1), make.beam(2), make.beam(3, delivery="SETUP")], metersets=[None] * 3)
    assert (plan.treatment_beams, plan.setup_beams) == (2, 1)


@pytest.mark.parametrize(
    ("leaves", "rotation", "technique"),
    [(1, "NONE", "3D-CRT"), (4, "NONE", "3D-CRT"), (40, "NONE", "IMRT"), (40, "CW", "VMAT"), (1, "CC", "3D-CRT")],
)
def test_technique_by_control_points(tmp_path, leaves, rotation, technique):
    beams = [make.beam(1, leaves=leaves, rotation=rotation), make.beam(2, delivery="SETUP", leaves=50, rotation="CW")]
    assert read(tmp_path, beams, metersets=[100, None]).technique == technique


def test_mixed_plans_carry_the_most_modulated_name(tmp_path):
    assert read(tmp_path, [make.beam(1), make.beam(2, leaves=30)]).technique == "IMRT"


def test_jaws_that_move_make_no_imrt(tmp_path):
    beam = make.beam(1, leaves=40)
    for point in beam.ControlPointSequence:
        point.BeamLimitingDevicePositionSequence[0].RTBeamLimitingDeviceType = "ASYMY"
    assert read(tmp_path, [beam]).technique == "3D-CRT"


def test_ion_plans_have_no_photon_technique(tmp_path):
    dataset = make.plan([make.beam(1, leaves=40)])
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.481.8"
    dataset.IonBeamSequence = dataset.BeamSequence
    del dataset.BeamSequence
    plan = read_plan(make.save(dataset, tmp_path / "p"))
    assert (plan.technique, plan.treatment_beams) == (None, 1)


def test_fractions_that_are_not_clear_stay_unknown(tmp_path):
    dataset = make.plan([make.beam(1)])
    dataset.FractionGroupSequence.append(make.plan([make.beam(1)]).FractionGroupSequence[0])
    plan = read_plan(make.save(dataset, tmp_path / "p"))
    assert plan.fractions is None
    assert "2 fraction groups" in plan.warnings[0]
    none = make.plan([make.beam(1)], fractions=0)
    assert read_plan(make.save(none, tmp_path / "q")).fractions is None


def test_no_target_prescription(tmp_path):
    dataset = make.plan([make.beam(1)])
    del dataset.DoseReferenceSequence
    assert read_plan(make.save(dataset, tmp_path / "p")).prescription_gy is None


def test_only_setup_beams(tmp_path):
    assert read(tmp_path, [make.beam(1, delivery="SETUP")]).technique is None


def test_a_plan_without_beams_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"P014: .*without beams"):
        read_plan(make.save(make.plan([]), tmp_path / "p"), who="P014")
