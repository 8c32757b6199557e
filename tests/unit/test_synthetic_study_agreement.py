"""Simulated plans of two sources: from synthetic DICOM to what the studies print (SCIENCE section 1, S3 and S6)."""

import numpy as np
import pandas as pd
import pytest
import yaml

from lungtox.agreement import AgreementSettings, Source, compare_sources, read_cases
from lungtox.check import check
from lungtox.config import load_config
from lungtox.dose import DoseSettings, compute_metrics_table
from lungtox.errors import InputError
from lungtox.extraction import extract_batch, read_patients
from lungtox.synthetic import write_agreement_study
from lungtox.synthetic.study_agreement import deviation_scores

PLANS = {
    "kind": "agreement",
    "seed": 1,
    "prefix": "TE",
    "sites": {"thorax": {"anatomy": "thorax", "patients": 5}},
    "grid": {"spacing_mm": 5},
    "sources": {
        "second": {"grid": {"spacing_mm": 5, "offset": 0.5}, "gain": {"mean_pct": 1, "sd_pct": 0}},
        "third": {
            "grid": {"spacing_mm": 5},
            "deviation": {"against": "main", "outside": {"thorax": {"SpinalCord": 0}}},
        },
    },
}
DOSE = {
    "structures": {"SpinalCord": {"union": ["SpinalCord"]}, "PTV": {"union": ["PTV"]}},
    "metrics": {"SpinalCord": ["Mean[Gy]", "D2%[Gy]"], "PTV": ["D95%[Gy]"]},
}
LIMITS = {name: {metric: {"percent": 3} for metric in names} for name, names in DOSE["metrics"].items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("study")
    (path / "simulation.yaml").write_text(yaml.safe_dump(PLANS), encoding="utf-8")
    assert write_agreement_study(path / "simulation.yaml", path / "plans") == 5
    return path / "plans"


@pytest.fixture(scope="module")
def table(folder):
    settings = DoseSettings.model_validate(DOSE)
    sources = {}
    for name, file in (("main", "patients"), ("second", "second"), ("third", "third")):
        found = extract_batch(
            read_patients(folder / f"{file}.csv", structures=folder / "structures.csv"), dose=settings
        )
        assert [item.qa["status"] for item in found] == ["ok"] * 5
        pairs = [(item.patient, dvh) for item in found for dvh in item.dvhs]
        sources[name] = Source(name, compute_metrics_table(pairs, dose=settings, function=None).to_pandas())
    agreement = AgreementSettings.model_validate(
        {"sources": {n: {"patients": "x"} for n in ("second", "third")}, "limits": LIMITS, "percent_of": "mean"}
    )
    cases = read_cases(folder / "cases.csv", [f"TE{number:03d}" for number in range(1, 6)])
    return compare_sources(sources, agreement, cases=cases).metrics.set_index(["second", "structure", "metric"])


def test_organs_get_more_and_the_target_the_same(table):
    second = table.loc["second"]
    assert second.loc[("SpinalCord", "Mean[Gy]"), "percent"] == pytest.approx(1.0, abs=0.05)
    assert second.loc[("PTV", "D95%[Gy]"), "percent"] == pytest.approx(0.0, abs=0.1)


def test_declared_deviations_come_back_from_dicom(table):
    third = table.loc["third"]
    even = np.linspace(-1.5, 1.5, 5)
    assert third.loc[("SpinalCord", "Mean[Gy]"), "sd"] == pytest.approx(even.std(ddof=1), abs=2e-3)
    assert third.loc[("SpinalCord", "D2%[Gy]"), "sd"] == pytest.approx(even.std(ddof=1), abs=2e-3)
    assert third.loc[("PTV", "D95%[Gy]"), "sd"] == pytest.approx(0.0, abs=2e-3)


def test_dicom_agrees_with_the_dvh_text_of_the_same_plans(folder, tmp_path):
    """The third kind of source: cumulative tables of 0.5 Gy, as a planning system exports them."""
    settings = DoseSettings.model_validate(DOSE)
    rows = read_patients(folder / "patients.csv", structures=folder / "structures.csv")
    extracted = extract_batch(rows, dose=settings)
    files, names = ["patient,dvh"], ["patient,roi_number,roi_name,structure,accepted_by"]
    for item in extracted:
        lines = ["Structure;Dose [Gy];Volume [%]"]
        for number, dvh in enumerate(item.dvhs, start=1):
            for dose in np.arange(0.0, dvh.max_gy + 1.0, 0.5):
                lines.append(f"{dvh.structure} x;{dose:g};{100 * dvh.cumulative.volume_at_cc(dose) / dvh.total_cc:.8g}")
            names.append(f"{item.patient},{number},{dvh.structure} x,{dvh.structure},AB")
        (tmp_path / f"{item.patient}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        files.append(f"{item.patient},{item.patient}.txt")
    for name, text in (("text", files), ("names", names)):
        (tmp_path / f"{name}.csv").write_text("\n".join(text) + "\n", encoding="utf-8")
    exported = extract_batch(read_patients(tmp_path / "text.csv", structures=tmp_path / "names.csv"), dose=settings)
    sources = {}
    for name, found in (("main", extracted), ("text", exported)):
        assert [item.qa["status"] for item in found] == ["ok"] * 5
        pairs = [(item.patient, dvh) for item in found for dvh in item.dvhs]
        sources[name] = Source(name, compute_metrics_table(pairs, dose=settings, function=None).to_pandas())
    agreement = AgreementSettings.model_validate({"sources": {"text": {"patients": "x"}}, "limits": LIMITS})
    found = compare_sources(sources, agreement, cases=read_cases(None, [row.patient for row in rows])).metrics
    assert len(found) == 3
    # Straight lines between rows of 0.5 Gy: D to a part of a row's step, the mean to far less.
    assert found["difference"].abs().max() < 0.05
    assert set(found["verdict"]) == {"agree"}


@pytest.mark.parametrize("outside", [0, 1, 2])
def test_as_many_lie_outside_as_are_asked_for(outside):
    scores = deviation_scores(20, outside, np.random.default_rng(1))
    assert (np.abs(scores - scores.mean()) > 1.96 * scores.std(ddof=1)).sum() == outside
    with pytest.raises(InputError, match="patients enough"):
        deviation_scores(4, 3, np.random.default_rng(1))


def test_what_would_stop_the_comparison_is_found_before_it(folder, tmp_path):
    others = pd.read_csv(folder / "second.csv")
    others.iloc[:4].assign(structures=str(folder / "inputs/TE001/structures.dcm")).to_csv(
        folder / "few.csv", index=False
    )
    config = {
        "seed": 1,
        "inputs": {"patients": str(folder / "patients.csv"), "structures": str(folder / "structures.csv")},
        "dose": DOSE,
        "agreement": {
            "sources": {"few": {"patients": str(folder / "few.csv")}, "gone": {"patients": "none.csv"}},
            "limits": LIMITS,
            "cases": str(folder / "cases.csv"),
        },
    }
    dose = DOSE | {"structures": {**DOSE["structures"], "Body": {"union": ["Body"]}}}
    dose["metrics"] = {**DOSE["metrics"], "PTV": ["D95%[Gy]", "CI(Paddick,57Gy)"]}
    (tmp_path / "few.yaml").write_text(yaml.safe_dump(config | {"dose": dose}), encoding="utf-8")
    found = [str(fault) for fault in check(load_config(tmp_path / "few.yaml")).faults]
    assert any(f.startswith("TE001: expected a ROI accepted as Body, for CI(Paddick,57Gy) of PTV") for f in found)
    assert any(
        "agreement source few: expected a row for each patient of main; found none for TE005" in f for f in found
    )
    assert any("agreement source few, TE002" in fault and "frame of reference" in fault for fault in found)
    assert any("agreement source gone" in fault for fault in found)
    # Left out by the config: no fault, but said.
    config["agreement"]["sources"].pop("gone")
    config["agreement"]["unpaired"] = "leave_out"
    (tmp_path / "few.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    result = check(load_config(tmp_path / "few.yaml"))
    assert not result.faults
    assert any("agreement source few, TE002" in text and "will be left out" in text for text in result.warnings)
