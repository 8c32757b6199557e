"""DVHs inside an RTDOSE, from items written with pydicom."""

from __future__ import annotations

import random

import numpy as np
import pytest
from pydicom.dataset import Dataset

from lungtox.dicom import holds_dicom, read_stored_dvhs
from lungtox.errors import InputError
from lungtox.extraction import read_dvh_export
from tests.unit import dicom_files as make

WIDTHS, VOLUMES = [1.0] * 5, [10.0, 10.0, 6.0, 2.0, 0.0]


def write(tmp_path, *items, **changes):
    dataset = make.dose(np.zeros((2, 3, 3), dtype="<u2"), **changes)
    dataset.DVHSequence = list(items)
    return make.save(dataset, tmp_path / "dose.dcm")


def test_items_come_with_their_roi_numbers_and_figures(tmp_path):
    path = write(tmp_path, make.stored_dvh(7, WIDTHS, VOLUMES, DVHMeanDose=2.3, DVHMaximumDose=4))
    (found,), faults = read_stored_dvhs(path)
    assert (found.roi_number, found.kind, found.dose_units, found.volume_units) == (7, "CUMULATIVE", "GY", "CM3")
    assert found.figures == {"mean": 2.3, "max": 4.0}
    assert found.volume.tolist() == VOLUMES
    assert faults == {}


@pytest.mark.parametrize(
    ("changes", "share_at_2_gy"),
    [
        ({}, 0.8),
        ({"DVHDoseScaling": 0.5}, 0.1),
        ({"DVHVolumeUnits": "PERCENT", "DVHData": [1, 100, 1, 100, 1, 60, 1, 20, 1, 0]}, 0.8),
        ({"DVHType": "DIFFERENTIAL", "DVHData": [1, 0, 1, 4, 1, 4, 1, 2, 1, 0]}, 0.6),
    ],
)
def test_kinds_units_and_scaling(tmp_path, changes, share_at_2_gy):
    # Cumulative volumes count at the middles 0.5, 1.5, 2.5 Gy; differential ones fill their bins from edge to edge.
    (dvh,) = read_dvh_export(write(tmp_path, make.stored_dvh(1, WIDTHS, VOLUMES, **changes))).dvhs
    assert dvh.share_at(2.0) == pytest.approx(share_at_2_gy)


def test_relative_dose_needs_its_normalisation(tmp_path):
    item = make.stored_dvh(1, [10.0] * 5, VOLUMES, DoseUnits="RELATIVE")
    (dvh,) = read_dvh_export(write(tmp_path, item, DVHNormalizationDoseValue=60)).dvhs
    assert dvh.max_gy == pytest.approx(27.0)  # 45 % of 60 Gy
    export = read_dvh_export(write(tmp_path, item))
    assert "prescribed dose" in str(export.unusable[0].faults[0])


def test_figures_that_contradict_the_curve_are_told(tmp_path):
    # As one planning system writes them: percent of the prescription under units of Gy. 1.5 + 0.8 + 0.4 + 0.1 Gy.
    path = write(tmp_path, make.stored_dvh(1, WIDTHS, VOLUMES, DVHMeanDose=28.0))
    (dvh,) = read_dvh_export(path).dvhs
    assert dvh.warnings == ("mean is printed as 28 Gy, the curve gives 2.8 Gy",)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"DVHData": [1, 10, 1]}, "pairs of dose and volume"),
        ({"DVHNumberOfBins": 9}, "9 bins"),
        ({"DVHData": [1, 10, 2, 10, 3, 6, 4, 2, 5, 0]}, "widths that rise"),
        ({"DVHData": [1, 10, -1, 10, 1, 6, 1, 2, 1, 0]}, "bin widths of 0 or more"),
        ({"DVHReferencedROISequence": [Dataset(), Dataset()]}, "a DVH of one ROI"),
        ({"DoseType": "ERROR"}, "a DVH of dose"),
        ({"DVHType": "NATURAL"}, "a cumulative or differential DVH"),
        ({"DVHVolumeUnits": "PER_U"}, "a cumulative or differential DVH"),
        ({"DVHData": [1, 10, 1, 10, 1, 11, 1, 2, 1, 0]}, "DVH 1 bin 3, ROI 1: expected a cumulative volume that never"),
    ],
)
def test_items_that_cannot_be_used_leave_the_others(tmp_path, changes, words):
    sound = make.stored_dvh(2, WIDTHS, VOLUMES)
    export = read_dvh_export(write(tmp_path, make.stored_dvh(1, WIDTHS, VOLUMES, **changes), sound))
    assert [(dvh.structure, dvh.position) for dvh in export.dvhs] == [("ROI 2", 2)]
    assert [item.position for item in export.unusable] == [1]
    assert words in str(export.unusable[0].faults[0])


def test_parts_of_a_plan_are_refused_and_sums_and_rbe_told(tmp_path):
    item = make.stored_dvh(1, WIDTHS, VOLUMES, DoseType="EFFECTIVE")
    with pytest.raises(InputError, match="found DoseSummationType BEAM"):
        read_dvh_export(write(tmp_path, item, DoseSummationType="BEAM"))
    (dvh,) = read_dvh_export(write(tmp_path, item, DoseSummationType="MULTI_PLAN")).dvhs
    assert dvh.plan_sum
    assert dvh.warnings == ("the dose is RBE-weighted (DoseType EFFECTIVE)", "a sum of several plans")


@pytest.mark.parametrize("count", [300, pytest.param(20_000, marks=pytest.mark.slow)])
def test_mutated_bytes_raise_only_declared_errors(tmp_path, count):
    items = [make.stored_dvh(n, WIDTHS, VOLUMES, DVHMeanDose=2.8) for n in (1, 2)]
    sound = write(tmp_path, *items).read_bytes()
    rng = random.Random(4)
    path = tmp_path / "mutated.dcm"
    read = refused = 0
    for _ in range(count):
        data = bytearray(sound)
        for _ in range(rng.choice((1, 1, 3, 10))):
            at = rng.randrange(len(data))
            data[at : at + rng.choice((0, 1, 1, 8))] = rng.randbytes(rng.choice((0, 1, 1, 4)))
        path.write_bytes(data if rng.random() < 0.8 else data[: rng.randrange(len(data))])
        try:
            for dvh in read_dvh_export(path).dvhs:
                assert dvh.to_dvh().volume_cc.min() >= 0
            read += 1
        except InputError as error:
            refused += 1
            assert all(fault.found for fault in error.faults)
    assert read and refused


def test_dicom_is_told_by_its_bytes(tmp_path):
    path = write(tmp_path, make.stored_dvh(1, WIDTHS, VOLUMES))
    assert holds_dicom(path)
    bare = make.save(make.dose(np.zeros((2, 3, 3), dtype="<u2")), tmp_path / "bare.dcm", meta=False)
    assert holds_dicom(bare)
    (tmp_path / "text.dcm").write_text("Patient Name : x")
    assert not holds_dicom(tmp_path / "text.dcm")
    with pytest.raises(InputError, match="RTDOSE with DVHs"):
        read_dvh_export(bare)
    plan = make.save(make.plan([make.beam(1)]), tmp_path / "plan.dcm")
    with pytest.raises(InputError, match="modality RTPLAN"):
        read_dvh_export(plan)
