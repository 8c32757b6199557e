"""Bounds of a patient's metrics from files to tables. The patient is the one of box_patient.py."""

import json

import numpy as np
import pandas as pd
import pytest

from lungtox.dose import (
    DoseSettings,
    compute_metrics_table,
    gather_metrics,
    rank_sensitivity,
    read_bounds,
    write_bounds,
)
from lungtox.errors import InputError
from lungtox.extraction import extract_patient, read_patients
from lungtox.tables import write_parquet
from tests.unit import box_patient as boxes
from tests.unit.box_patient import FUNCTION, SETTINGS

METRICS = {"Lungs-GTV": ["Mean[Gy]", "V20Gy[%]", "D50cc[Gy]"], "Heart": ["Mean[Gy]"]}
BOUNDED = DoseSettings.model_validate({**SETTINGS.model_dump(), "bounds": True, "metrics": METRICS})


def extract(tmp_path, settings=BOUNDED, function=FUNCTION, **changes):
    table, names = boxes.write(tmp_path, {"P014": changes})
    (row,) = read_patients(table, structures=names)
    return extract_patient(row, dose=settings, function=function)


def table_of(extraction, tmp_path, settings=BOUNDED):
    path = tmp_path / "bounds.parquet"
    write_bounds(extraction.bounds, path)
    pairs = [(extraction.patient, dvh) for dvh in extraction.dvhs]
    return compute_metrics_table(pairs, dose=settings, function=FUNCTION, bounds=path)


def test_every_metric_of_the_table_has_its_bounds(tmp_path):
    found = extract(tmp_path)
    rows = table_of(found, tmp_path).to_pylist()
    assert {(row["weighting"], row["quantity"]) for row in rows} == {
        (weighting, quantity)
        for weighting in ("anatomical", "perfusion", "functional:40%max", "nonfunctional:40%max")
        for quantity in ("physical", "eqd2")
    }
    for row in rows:
        if row["metric"] == "D50cc[Gy]":  # the lungs have 29.7 cc
            assert (row["value"], row["low"], row["high"]) == (None, None, None)
        else:
            assert row["low"] <= row["value"] <= row["high"]
    assert boxes.apart_from_size(found.qa["warnings"]) == ()


def test_bounds_of_volumes_are_those_of_the_boxes(tmp_path):
    volumes = {name: part["volume_bounds_cc"] for name, part in extract(tmp_path).qa["structures"].items()}
    # Each lung has an area of 4 cm2 and is 39 mm high as slabs of 3 mm: 36 mm between the outermost contours, 42 mm at
    # most; the GTV has 1 cm2 and is 12 to 18 mm high.
    assert volumes["Lungs-GTV"] == pytest.approx([8 * 3.6 - 1.8, 8 * 4.2 - 1.2])


def test_dose_along_x_only_leaves_the_mean_of_a_box_as_it_is(tmp_path):
    found = extract(tmp_path)
    (heart,) = [entry for entry in found.qa["bounds"] if entry["structure"] == "Heart"]
    assert [heart["low"], heart["high"]] == pytest.approx([20, 20], abs=0.02)
    assert json.loads(json.dumps(found.qa, allow_nan=False)) == found.qa


def test_without_being_asked_there_are_none(tmp_path):
    settings = BOUNDED.model_copy(update={"bounds": False})
    found = extract(tmp_path, settings=settings)
    assert (found.bounds, found.qa["bounds"]) == ((), [])
    assert found.qa["structures"]["Heart"]["volume_bounds_cc"] is None
    assert all(row["low"] is None for row in table_of(found, tmp_path, settings).to_pylist())


def test_a_table_of_something_else_is_refused(tmp_path):
    write_parquet(table_of(extract(tmp_path), tmp_path), tmp_path / "other.parquet")
    with pytest.raises(InputError, match="low, high"):
        read_bounds(tmp_path / "other.parquet")


def test_patients_are_ranked_by_width_in_standard_deviations(tmp_path):
    # By hand: means 10, 12, 14 Gy have SD 2 Gy, V20 of 20, 30, 40 % have SD 10. Widths of the mean 1, 4, 1 Gy are 0.5,
    # 2, 0.5 SD; of V20 8, 1, 2 points 0.8, 0.1, 0.2 SD.
    rows = []
    for patient, mean, width, v20, points in (("A", 10, 1, 20, 8), ("B", 12, 4, 30, 1), ("C", 14, 1, 40, 2)):
        rows += [(patient, "Mean[Gy]", mean, "Gy", width), (patient, "V20Gy[%]", v20, "%", points)]
    table = pd.DataFrame(rows, columns=["patient", "metric", "value", "unit", "width"])
    table = table.assign(structure="Heart", weighting="anatomical", quantity="physical")
    table = table.assign(low=table["value"] - table["width"] / 2, high=table["value"] + table["width"] / 2)
    table.to_csv(tmp_path / "metrics.csv", index=False)
    rank_sensitivity(tmp_path / "metrics.csv", tmp_path / "sensitivity.csv")
    ranked = pd.read_csv(tmp_path / "sensitivity.csv")
    assert ranked[["patient", "metric"]].to_numpy().tolist() == [
        ["B", "Mean[Gy]"],
        ["A", "V20Gy[%]"],
        ["C", "Mean[Gy]"],
    ]
    assert ranked["width_sd"].to_numpy() == pytest.approx(np.array([2.0, 0.8, 0.5]))


def test_ranking_without_bounds_has_only_its_header(tmp_path):
    settings = BOUNDED.model_copy(update={"bounds": False})
    write_parquet(table_of(extract(tmp_path, settings=settings), tmp_path, settings), tmp_path / "a.parquet")
    gather_metrics([tmp_path / "a.parquet"], tmp_path / "metrics.csv")
    rank_sensitivity(tmp_path / "metrics.csv", tmp_path / "sensitivity.csv")
    lines = (tmp_path / "sensitivity.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 and lines[0].startswith("patient,structure")
