"""Real DVH exports against the answers of DVHmetrics 0.4.3 (an R package); see ../shared/data/README.md."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path

import pytest
from pytest import approx

from lungtox.dose import geud_gy
from lungtox.errors import InputError
from lungtox.extraction import read_dvh_export

ROOT = Path(__file__).resolve().parents[2]
DATA = (ROOT / os.environ.get("LUNGTOX_REFERENCE_DATA", "../shared/data")).resolve()
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="reference data are absent (LUNGTOX_REFERENCE_DATA)")
IDENTIFIERS = ("Doe", "Jane", "1111111111", "PLAN_NAME", "COURSE_1")


def known(name):
    path = DATA / name
    if not path.is_file():
        return []
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def jane():
    return {dvh.structure: dvh for dvh in read_dvh_export(DATA / "eclipse-dvh-text" / "Jane_Doe.dvh").dvhs}


def metric_of(name):
    """DVHmetrics' name as a TG-263 name; its D1CC is in the unit of the file."""
    if name == "DMEAN":
        return "Mean[Gy]"
    if name == "DMEDIAN":
        return "D50%[Gy]"
    if match := re.fullmatch(r"V([\d.]+)GY(_CC)?", name):
        return f"V{match[1]}Gy[{'cc' if match[2] else '%'}]"
    match = re.fullmatch(r"D([\d.]+)(CC|%)", name)
    return f"D{match[1]}{match[2].lower()}[Gy]"


@pytest.mark.parametrize(
    "row", known("eclipse-dvh-text/known_DVHmetrics_Jane_Doe.dvh.csv"), ids=lambda r: f"{r['structure']}-{r['metric']}"
)
def test_metrics_of_an_eclipse_export(jane, row):
    name = metric_of(row["metric"])
    expected = float(row["observed"]) / (100.0 if name.endswith("[Gy]") else 1.0)  # the file is in cGy
    # Its median is the printed one, of the voxels; that of the curve can differ by some of the 5 cGy between rows.
    beside = 0.005 if row["metric"] == "DMEDIAN" else 0.0
    assert jane[row["structure"]].metrics([name])[name] == approx(expected, rel=1e-3, abs=beside)


def test_the_eclipse_export_agrees_with_what_it_prints_and_tells_no_name(jane):
    assert {name: dvh.warnings for name, dvh in jane.items() if dvh.warnings} == {}
    assert [text for text in IDENTIFIERS if text in repr(jane)] == []


def dvhmetrics(row):
    (dvh,) = read_dvh_export(DATA / "dvhmetrics" / f"dataMZ_{row['patID']}_{row['structure']}.csv").dvhs
    return dvh


def identity(row):
    return "-".join(row[key] for key in ("patID", "structure", "metric", "a") if key in row)


@pytest.mark.parametrize("row", known("dvhmetrics/known_dataMZ_getMetric.csv"), ids=identity)
def test_metrics_of_the_dvhmetrics_set(row):
    dvh, name = dvhmetrics(row), metric_of(row["metric"])
    value = dvh.metrics([name])[name]
    # Mean and median there are the planning system's own, from its voxels; the curve has rows of 0.1 Gy.
    beside = 0.005 if row["metric"] in ("DMEAN", "DMEDIAN") else 0.0
    assert value == approx(float(row["observed"]), rel=1e-3, abs=beside)


@pytest.mark.parametrize(
    "row",
    [*known("dvhmetrics/known_dataMZ_gEUD_a2.csv"), *known("dvhmetrics/known_dataMZ_gEUD_a1_a8.csv")],
    ids=identity,
)
def test_geud_of_the_dvhmetrics_set(row):
    assert geud_gy(dvhmetrics(row).to_dvh(), float(row.get("a", 2))) == approx(float(row["EUD"]), abs=0.01)


@pytest.mark.parametrize("row", known("thorax-breast-tps/TPS_DVHSequence_summary.csv"), ids=lambda row: row["name"])
def test_dvhs_inside_a_real_rtdose(row):
    export = read_dvh_export(DATA / "thorax-breast-tps" / "rtdose.dcm")
    dvh = next(one for one in export.dvhs if one.structure == f"ROI {row['roi']}")
    assert dvh.structure_cc == approx(float(row["tps_vol_cc"]), abs=6e-4)
    assert dvh.mean_gy == approx(float(row["tps_mean_Gy_from_curve"]), abs=1e-3)
    found = dvh.metrics(["V1Gy[%]", "V5Gy[%]", "V10Gy[%]"])
    expected = [max(float(row[name]), 0.0) for name in ("V1", "V5", "V10")]
    assert list(found.values()) == approx(expected, abs=0.1)  # read at the lower edge there, in the middle here
    # The tags are percent of the prescription although the units say Gy: said, not believed.
    assert any(text.startswith("mean is printed as") for text in dvh.warnings)


def files():
    suffixes = (".dvh", ".txt", ".csv", ".dcm", ".DCM", ".json")
    found = sorted(path for path in DATA.rglob("*") if path.suffix in suffixes) if DATA.is_dir() else []
    return [path for path in found if path.name != "SOURCE.txt"]


@pytest.mark.parametrize("path", files(), ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_file_is_read_or_refused_by_name(path):
    try:
        export = read_dvh_export(path)
    except InputError as error:
        assert all(fault.expected and fault.found and fault.action for fault in error.faults)
        assert all(path.stem not in str(fault) for fault in error.faults)
        assert not path.name.startswith(("dataMZ", "Jane")) and path.name != "rtdose.dcm"
    else:
        assert export.dvhs and not export.unusable
        assert path.name.startswith(("dataMZ", "Jane", "rtdose"))
