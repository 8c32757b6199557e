"""NTCP fits to delivered dose in one run beside those to planned dose."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pydicom
import pytest

from tests.workflow.conftest import PARTS, PROJECT, Workspace
from tests.workflow.test_crate import listed, written

PATIENTS = 40
CONFIG = """
seed: 1
inputs: {patients: data/demo/patients.csv, structures: data/demo/structures.csv, clinical: data/demo/clinical.csv}
dose:
  patients_per_job: 10
  structures: {Lungs-GTV: {union: [Lung_L, Lung_R], minus: [GTV]}}
  metrics: {Lungs-GTV: ["Mean[Gy]"]}
endpoint: {scale: CTCAE, grade: 2, window_months: 6}
cohort:
  metrics:
    mld_gy: {structure: Lungs-GTV, metric: "Mean[Gy]"}
    delivered_mld_gy: {structure: Lungs-GTV, metric: "Mean[Gy]", dose: delivered}
association: {families: {dose: [mld_gy, delivered_mld_gy]}}
models: {mean_dose: {predictors: [delivered_mld_gy]}}
validation: {resamples: 20, folds: 5, repeats: 1}
roc: {scores: [mld_gy, delivered_mld_gy]}
delivered: {sessions: data/demo/sessions.csv}
ntcp:
  fits:
    planned: {model: lkb, fixed: {n: 1.0}, structure: Lungs-GTV}
    delivered: {model: lkb, fixed: {n: 1.0}, structure: Lungs-GTV, dose: delivered}
"""


def write_sessions(data: Path) -> None:
    """Half of the fractions with the planned dose, half with 0.9 of it."""
    rows = ["patient,session,dose,fractions"]
    with (data / "patients.csv").open(newline="", encoding="utf-8") as stream:
        patients = list(csv.DictReader(stream))
    for row in patients:
        plan, dose = (pydicom.dcmread(data / row[name]) for name in ("plan", "dose"))
        half = int(plan.FractionGroupSequence[0].NumberOfFractionsPlanned) / 2
        dose.DoseGridScaling = f"{0.9 * float(dose.DoseGridScaling):.10g}"
        less = Path(row["dose"]).with_name("less.dcm").as_posix()
        dose.save_as(data / less)
        rows += [f"{row['patient']},first,{row['dose']},{half:g}", f"{row['patient']},second,{less},{half:g}"]
    (data / "sessions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.mark.slow
def test_a_fit_to_delivered_dose_stands_beside_that_to_planned_dose(tmp_path: Path) -> None:
    for part in PARTS:
        source: Path = PROJECT / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / part)
    project = Workspace(tmp_path)
    made = project.command("lungtox", "demo", "data/demo", "--patients", str(PATIENTS))
    assert made.returncode == 0, made.stderr
    write_sessions(tmp_path / "data" / "demo")
    (tmp_path / "fits.yaml").write_text(CONFIG, encoding="utf-8")
    status, output = project.run("--config", "fits.yaml")
    assert status == 0, output
    results = tmp_path / "results" / "fits"
    fits = {
        name: json.loads((results / "ntcp" / name / "fit.json").read_text(encoding="utf-8"))
        for name in ("planned", "delivered")
    }
    assert {name: fit["dose"] for name, fit in fits.items()} == {"planned": "planned", "delivered": "delivered"}
    # The same model of doses that are 0.95 times as large has 0.95 times the TD50, the same m and the same likelihood.
    planned, delivered = (
        {one["parameter"]: one["estimate"] for one in fits[name]["parameters"]} for name in ("planned", "delivered")
    )
    assert delivered["td50_gy"] == pytest.approx(0.95 * planned["td50_gy"], rel=1e-4)
    assert delivered["m"] == pytest.approx(planned["m"], rel=1e-4)
    assert fits["delivered"]["loglik"] == pytest.approx(fits["planned"]["loglik"], abs=1e-4)
    assert "Lungs-GTV, anatomical, delivered physical dose" in (results / "report.html").read_text(encoding="utf-8")
    assert written(results) == {file for file in listed(results) if not file.startswith("#input-")}
