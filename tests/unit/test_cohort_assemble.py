"""Merge of a four-patient cohort whose every cell is set by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.errors
import pytest

from lungtox.cohort import (
    AssembledCohort,
    CohortSettings,
    EndpointSettings,
    MetricSource,
    assemble_cohort,
    describe_cohort,
    match_patients,
    metric_label,
    metric_unit,
    read_analysis,
    read_dictionary,
)
from lungtox.errors import InputError

HEADER = "patient,age_y,smoking,lung_disease,rt_start_date,rt_end_date,rp_grade,rp_date,last_follow_up_date,death_date"
CLINICAL = {
    "P001": "P001,60,never,no,2014-01-06,2014-02-14,2,2014-05-01,2015-03-01,",
    "P002": "P002,70,former,yes,2014-01-06,2014-02-14,0,,2015-03-01,",
    "P003": "P003,50,unknown,no,2014-01-06,2014-02-14,0,,2014-04-01,2014-04-02",
    "P004": "P004,,never,no,2014-01-06,2014-02-14,1,2014-05-01,2014-06-01,",
}
CYTOKINES = (
    "patient,cytokine,timepoint,draw_dose_gy,value,unit,plate\n"
    "P001,il6,pre,0,<2,pg/mL,a\nP001,il6,during,44,4,pg/mL,a\nP002,il6,during,38,8,pg/mL,a\n"
)
LUNG = {"structure": "Lungs-GTV"}
METRICS: dict[str, dict[str, str]] = {
    "v20_pct": {**LUNG, "metric": "V20Gy[%]"},
    "mld_gy": {**LUNG, "metric": "Mean[Gy]"},
    "fmld_gy": {**LUNG, "metric": "Mean[Gy]", "weighting": "functional:40%max"},
}
DOSES = {"P001": (40.0, 18.2, 15.25), "P002": (20.0, 9.5, 8.0), "P003": (25.0, 12.0, None), "P004": (30.0, 14.0, 13.0)}


class Inputs:
    """Writes the inputs of the cohort; each test changes what it is about."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clinical = dict(CLINICAL)
        self.remarks: Path | None = None
        self.delivered: Path | None = None
        self.cytokines: str | None = CYTOKINES
        self.doses: dict[str, tuple[float | None, ...]] = dict(DOSES)
        self.settings: dict[str, Any] = {"metrics": dict(METRICS)}
        self.qa: dict[str, dict[str, Any]] = {
            name: {
                "patient": name,
                "status": "ok",
                "faults": [],
                "warnings": [],
                "technique": "IMRT",
                "treatment_beams": 5,
                "setup_beams": 2,
                "fractions": 30,
                "prescription_gy": 60.0,
                "function": {"status": "none" if name == "P003" else "ok", "regions": {}, "faults": []},
            }
            for name in CLINICAL
        }

    def spoil(self, patient: str) -> None:
        fault = {
            "who": patient,
            "expected": "full cover",
            "found": "9 % outside",
            "action": "Export again.",
            "code": "c",
        }
        self.qa[patient] |= {"status": "unusable", "faults": [fault]}
        self.doses.pop(patient)

    def assemble(self, patients: list[str] | None = None) -> AssembledCohort:
        paths = {name: self.folder / f"{name}.csv" for name in ("clinical", "cytokines", "metrics")}
        paths["clinical"].write_text("\n".join([HEADER, *self.clinical.values(), ""]), encoding="utf-8")
        rows = ["patient,structure,weighting,quantity,metric,value,unit"]
        for patient, values in self.doses.items():
            for source, value in zip(METRICS.values(), values, strict=True):
                if value is not None:
                    weighting = source.get("weighting", "anatomical")
                    rows.append(f"{patient},Lungs-GTV,{weighting},physical,{source['metric']},{value},x")
        paths["metrics"].write_text("\n".join([*rows, ""]), encoding="utf-8")
        batches = []
        for number, entry in enumerate(self.qa.values()):
            batches.append(self.folder / f"{number}.qa.json")
            batches[-1].write_text(json.dumps([entry]), encoding="utf-8")
        if self.cytokines is not None:
            paths["cytokines"].write_text(self.cytokines, encoding="utf-8")
        return assemble_cohort(
            metrics=paths["metrics"],
            qa=batches,
            clinical=paths["clinical"],
            cytokines=None if self.cytokines is None else paths["cytokines"],
            settings=CohortSettings.model_validate(self.settings),
            endpoint=EndpointSettings(),
            patients=patients,
            remarks=self.remarks,
            delivered=self.delivered,
        )

    def write(self, cohort: AssembledCohort) -> dict[str, Path]:
        paths = {name: self.folder / "out" / f"{name}.csv" for name in ("analysis", "exclusions", "dictionary")}
        cohort.write(**paths, warnings=self.folder / "out" / "warnings.json")
        return paths

    def faults(self, patients: list[str] | None = None) -> str:
        with pytest.raises(InputError) as caught:
            self.assemble(patients)
        return str(caught.value)


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    return Inputs(tmp_path)


def test_one_row_per_patient_with_everything_known(inputs: Inputs) -> None:
    table = inputs.assemble().analysis.set_index("patient")
    assert list(table.index) == ["P001", "P002", "P003", "P004"]
    assert table["rp_status"].tolist() == ["yes", "no", "competing", "censored"]
    assert table["rp"].tolist() == [1, 0, pd.NA, pd.NA]
    assert table["mld_gy"].tolist() == [18.2, 9.5, 12.0, 14.0]
    assert table["fmld_gy"].isna().tolist() == [False, False, True, False]
    assert table.loc["P001", ["technique", "treatment_beams", "fractions", "prescription_gy"]].tolist() == [
        "IMRT",
        5,
        30,
        60,
    ]
    assert table.loc["P001", ["il6_pre", "il6_during", "il6_ratio"]].tolist() == [1.0, 4.0, 4.0]
    assert table["il6_pre_below"].tolist() == [True, pd.NA, pd.NA, pd.NA]
    assert table.loc["P003", "smoking"] == "unknown"


def test_columns_stand_in_the_order_of_the_contract(inputs: Inputs) -> None:
    columns = list(inputs.assemble().analysis.columns)
    assert columns[:8] == ["patient", "rp", "rp_status", "time_months", "rp_grade", "age_y", "smoking", "lung_disease"]
    assert columns[13:20] == [
        "technique", "treatment_beams", "fractions", "prescription_gy", "v20_pct", "mld_gy", "fmld_gy",
    ]  # fmt: skip
    assert columns[20:] == ["il6_pre", "il6_during", "il6_ratio", "il6_pre_below", "il6_during_below"]


def test_dictionary_gives_label_unit_and_the_levels_that_occur(inputs: Inputs) -> None:
    entries = inputs.assemble().dictionary.set_index("column")
    assert entries.loc["v20_pct", ["label", "unit", "kind"]].tolist() == ["V20", "%", "continuous"]
    assert entries.loc["fmld_gy", ["label", "unit"]].tolist() == ["Functional MLD", "Gy"]
    assert entries.loc["smoking", "levels"] == "never|former|unknown"
    assert "grade ≥ 2 within 6 months of the end of RT" in entries.loc["rp", "label"]


def test_warnings_count_who_drops_out(inputs: Inputs) -> None:
    inputs.qa["P002"]["warnings"] = ["Esophagus leaves the dose grid."]
    text = "\n".join(inputs.assemble().warnings)
    assert "2 of 4 patients have neither RP nor a full window of 6 months (1 died before its end, 1 left" in text
    assert "No perfusion SPECT for 1 of 4 patients: functional analyses use 3 patients (P003 without)" in text
    assert "No cytokines for 2 of 4 patients (P003, P004)" in text
    assert "half of it in the analysis table: IL-6 before RT 1." in text
    assert "not drawn at 40-50 Gy in 1 patient (P002)" in text
    assert "Esophagus leaves the dose grid (P002)." in text


def test_values_above_the_upper_limit_have_flags_and_a_warning_and_no_place_in_table_1(inputs: Inputs) -> None:
    inputs.cytokines = CYTOKINES.replace("44,4,", "44,>400,")
    inputs.spoil("P004")
    inputs.settings["on_unusable"] = "exclude"
    cohort = inputs.assemble()
    table = cohort.analysis.set_index("patient")
    assert table.loc["P001", ["il6_pre", "il6_during"]].tolist() == [1.0, 400.0]
    assert pd.isna(table.loc["P001", "il6_ratio"])  # <2 before and >400 during: made of limits only
    assert table["il6_during_above"].tolist() == [True, False, pd.NA]
    assert any("above the upper limit of the assay stand as that limit" in text for text in cohort.warnings)
    assert any("IL-6 at 40-50 Gy 1. The true values are higher" in text for text in cohort.warnings)
    description = describe_cohort(**inputs.write(cohort))
    assert not description.table1["variable"].str.endswith("_above").any()
    assert not description.missing["column"].str.endswith("_above").any()


def test_what_the_reading_of_the_tables_says_comes_first(inputs: Inputs) -> None:
    (inputs.folder / "tables.json").write_text('["clinical table: decimal comma found in Alter."]')
    inputs.remarks = inputs.folder / "tables.json"
    assert inputs.assemble().warnings[0] == "clinical table: decimal comma found in Alter."


def test_unusable_spect_and_missing_metrics_are_counted(inputs: Inputs) -> None:
    inputs.qa["P004"]["function"]["status"] = "unusable"
    inputs.doses["P004"] = (None, 14.0, None)
    text = "\n".join(inputs.assemble().warnings)
    assert "The perfusion SPECT of 1 patient could not be used (P004)" in text
    assert "v20_pct (Lungs-GTV, V20Gy[%]) is missing for 1 patient (P004)" in text


def test_a_cohort_without_spect_and_cytokines_has_empty_columns(inputs: Inputs) -> None:
    inputs.cytokines = None
    for name, entry in inputs.qa.items():
        del entry["function"]
        inputs.doses[name] = (*inputs.doses[name][:2], None)
    cohort = inputs.assemble()
    assert cohort.analysis["fmld_gy"].isna().all()
    assert not [column for column in cohort.analysis.columns if column.startswith("il6")]


def test_every_unusable_patient_is_listed_before_the_run_stops(inputs: Inputs) -> None:
    inputs.spoil("P002")
    inputs.spoil("P004")
    text = inputs.faults()
    assert "P002: expected full cover; found 9 % outside. Export again. Or, after a look at it" in text
    assert "P004: expected full cover" in text


@pytest.mark.parametrize("how", [{"accepted_exclusions": ["P002"]}, {"on_unusable": "exclude"}])
def test_an_accepted_patient_is_excluded_with_its_reason(inputs: Inputs, how: dict[str, Any]) -> None:
    inputs.spoil("P002")
    inputs.settings |= how
    cohort = inputs.assemble()
    assert cohort.exclusions.to_dict("records") == [
        {"patient": "P002", "stage": "dose", "reason": "expected full cover; found 9 % outside"}
    ]
    assert set(cohort.analysis["patient"]) | set(cohort.exclusions["patient"]) == set(CLINICAL)


def test_an_unusable_patient_without_reason_still_stops(inputs: Inputs) -> None:
    inputs.qa["P001"]["status"] = "unusable"
    assert "P001: expected usable files" in inputs.faults()


def test_an_acceptance_that_was_not_needed_is_said(inputs: Inputs) -> None:
    inputs.settings["accepted_exclusions"] = ["P004"]
    cohort = inputs.assemble()
    assert "P004" in set(cohort.analysis["patient"])
    assert any("usable, and therefore kept: P004" in text for text in cohort.warnings)


def test_a_patient_of_one_table_only_is_named_in_both_directions(inputs: Inputs) -> None:
    del inputs.clinical["P002"]
    inputs.clinical["P009"] = CLINICAL["P002"].replace("P002", "P009")
    inputs.cytokines = CYTOKINES + "P008,il6,pre,0,3,pg/mL,a\n"
    text = inputs.faults()
    assert "P002 (patients.csv): expected a row in the clinical table; found none" in text
    assert "P009 (clinical table): expected a row in patients.csv; found none" in text
    assert "P008 (cytokine table): expected a row in patients.csv; found none" in text


def test_an_accepted_patient_may_lack_a_clinical_row(inputs: Inputs) -> None:
    del inputs.clinical["P004"]
    inputs.settings["accepted_exclusions"] = ["P004"]
    assert inputs.assemble().exclusions.to_dict("records") == [
        {"patient": "P004", "stage": "clinical", "reason": "no row in the clinical table"}
    ]


def test_an_acceptance_of_nobody_is_a_slip() -> None:
    faults = match_patients(["P001"], clinical={"P001"}, accepted=["P01"])
    assert [fault.code for fault in faults] == ["exclusion-unknown"]


def test_a_listed_patient_without_doses_or_listed_twice_is_named(inputs: Inputs) -> None:
    text = inputs.faults(["P001", "P002", "P001", "P007"])
    assert "P007: expected doses" in text
    assert "P001 (patients.csv): expected one row per patient; found two" in text


def test_a_patient_in_two_qa_files_is_named(inputs: Inputs) -> None:
    inputs.qa["other"] = inputs.qa["P001"]
    assert "P001: expected one qa entry; found two" in inputs.faults()


def test_a_metric_that_nobody_has_is_a_slip_of_the_config(inputs: Inputs) -> None:
    inputs.settings["metrics"] = {
        **METRICS,
        "v21_pct": {**LUNG, "metric": "V21Gy[%]"},
        "fv5_pct": {**LUNG, "metric": "V5Gy[%]", "weighting": "functional:40%max"},
    }
    text = inputs.faults()
    assert "config: cohort.metrics.v21_pct: expected a metric that the extraction has computed" in text
    assert "Add it under function.metrics" in text


def test_a_column_name_used_twice_is_named(inputs: Inputs) -> None:
    inputs.settings["metrics"] = {"age_y": {**LUNG, "metric": "Mean[Gy]"}}
    assert "column age_y: expected each column of the analysis table once" in inputs.faults()


def test_a_cohort_of_nobody_is_refused(inputs: Inputs) -> None:
    inputs.settings["on_unusable"] = "exclude"
    for patient in CLINICAL:
        inputs.spoil(patient)
    inputs.settings["metrics"] = {}
    assert "expected at least one usable patient" in inputs.faults()


def test_files_come_back_as_they_were_written(inputs: Inputs) -> None:
    cohort = inputs.assemble()
    paths = inputs.write(cohort)
    dictionary = read_dictionary(paths["dictionary"])
    again = read_analysis(paths["analysis"], dictionary)
    pd.testing.assert_frame_equal(again.fillna(pd.NA), cohort.analysis.fillna(pd.NA))
    first = paths["analysis"].read_bytes()
    inputs.write(inputs.assemble())
    assert paths["analysis"].read_bytes() == first
    assert json.loads((inputs.folder / "out" / "warnings.json").read_text(encoding="utf-8")) == list(cohort.warnings)


def test_a_table_that_breaks_the_contract_is_not_written(inputs: Inputs) -> None:
    cohort = inputs.assemble()
    broken = AssembledCohort(cohort.analysis.assign(surplus=1), cohort.exclusions, cohort.dictionary, cohort.warnings)
    with pytest.raises(pandera.errors.SchemaErrors):
        inputs.write(broken)
    assert not (inputs.folder / "out" / "analysis.csv").exists()


def test_describes_the_cohort(inputs: Inputs) -> None:
    inputs.spoil("P004")
    inputs.settings["on_unusable"] = "exclude"
    description = describe_cohort(**inputs.write(inputs.assemble()))
    flow = description.flow.set_index("step")["n"]
    assert flow.to_dict() == {
        "listed": 4,
        "excluded: dose": 1,
        "analysed": 3,
        "death before the end of the window": 1,
        "follow-up ended before the end of the window": 0,
        "in binary analyses": 2,
        "with RP": 1,
        "without RP": 1,
    }
    table1 = description.table1.set_index(["variable", "level"])
    assert table1.loc[("n", None), ["all", "rp", "no_rp"]].tolist() == ["3", "1", "1"]
    # Ages 60, 70, 50: median 60, quartiles 55 and 65.
    assert table1.loc[("age_y", None), "all"] == "60.0 [55.0,65.0]"
    assert table1.loc[("age_y", None), "label"] == "Age, years"
    assert table1.loc[("lung_disease", "yes"), ["all", "rp", "no_rp"]].tolist() == ["1 (33.3)", "0 (0.0)", "1 (100.0)"]
    assert table1.loc[("fmld_gy", None), "missing"] == "1"
    missing = description.missing.set_index("column")
    assert missing.loc["fmld_gy", ["n", "missing"]].tolist() == [3, 1]
    assert missing.loc["fmld_gy", "missing_pct"] == pytest.approx(100 / 3)
    description.write(**{name: inputs.folder / f"{name}.csv" for name in ("table1", "flow", "missing")})
    assert (inputs.folder / "flow.csv").read_text(encoding="utf-8").startswith("step,n,reason\nlisted,4,\n")


@pytest.mark.parametrize(
    ("source", "label", "unit"),
    [
        ({**LUNG, "metric": "V20Gy[%]"}, "V20", "%"),
        ({**LUNG, "metric": "V20Gy"}, "V20", "%"),
        ({**LUNG, "metric": "CV20Gy[cc]"}, "CV20", "cc"),
        ({**LUNG, "metric": "Mean[Gy]"}, "MLD", "Gy"),
        ({**LUNG, "metric": "Mean[Gy]", "quantity": "eqd2"}, "MLD (EQD2)", "Gy"),
        ({**LUNG, "metric": "V20Gy[%]", "weighting": "functional:40%max"}, "Functional V20", "%"),
        ({**LUNG, "metric": "Mean[Gy]", "weighting": "functional:40%max"}, "Functional MLD", "Gy"),
        ({**LUNG, "metric": "Mean[Gy]", "weighting": "perfusion"}, "MPWLD", "Gy"),
        ({**LUNG, "metric": "V20Gy[%]", "weighting": "perfusion"}, "Perfusion-weighted V20", "%"),
        ({**LUNG, "metric": "gEUD(1.15)[Gy]"}, "gEUD (a = 1.15)", "Gy"),
        ({"structure": "Heart", "metric": "Mean[Gy]"}, "Mean heart dose", "Gy"),
        ({"structure": "Heart", "metric": "V30Gy[%]"}, "Heart V30", "%"),
        ({"structure": "SpinalCord", "metric": "Max[Gy]"}, "Maximum cord dose", "Gy"),
        ({"structure": "SpinalCord", "metric": "D0.03cc[Gy]"}, "Cord D0.03cc", "Gy"),
        ({**LUNG, "metric": "V20Gy[%structure]", "weighting": "functional:p60"}, "Functional V20 of the lung", "%"),
        ({**LUNG, "metric": "Volume[cc]", "weighting": "functional:40%max"}, "Functional volume", "cc"),
        ({**LUNG, "metric": "Mean[Gy]", "weighting": "nonfunctional:40%max"}, "Non-functional MLD", "Gy"),
        ({**LUNG, "metric": "Perfusion(left upper)[%]", "weighting": "perfusion"}, "Perfusion, left upper", "%"),
        ({**LUNG, "metric": "Odd[Gy]"}, "Odd", "Gy"),
    ],
)
def test_metric_labels(source: dict[str, str], label: str, unit: str) -> None:
    found = MetricSource.model_validate(source)
    assert (metric_label(found), metric_unit(found.metric)) == (label, unit)


def test_labels_that_would_be_alike_name_their_region(inputs: Inputs) -> None:
    from lungtox.cohort.columns import metric_columns

    two = {
        name: MetricSource(structure="Lungs-GTV", metric="Mean[Gy]", weighting=f"functional:{region}")
        for name, region in (("f40_gy", "40%max"), ("f30_gy", "30%max"))
    }
    assert [column.label for column in metric_columns(two)] == [
        "Functional MLD (Lungs-GTV, 40%max)",
        "Functional MLD (Lungs-GTV, 30%max)",
    ]


def test_settings_refuse_a_column_name_with_capitals() -> None:
    with pytest.raises(ValueError, match="lower-case"):
        CohortSettings.model_validate({"metrics": {"V20": {**LUNG, "metric": "V20Gy[%]"}}})


def test_delivered_dose_stands_beside_the_planned_and_is_empty_without_sessions(tmp_path: Path) -> None:
    inputs = Inputs(tmp_path)
    inputs.delivered = tmp_path / "delivered.csv"
    inputs.delivered.write_text(
        "patient,structure,quantity,metric,unit,planned,delivered,planned_minus_delivered\n"
        "P001,Lungs-GTV,physical,Mean[Gy],Gy,18.2,17.1,1.1\nP003,Lungs-GTV,physical,Mean[Gy],Gy,12,12.5,-0.5\n",
        encoding="utf-8",
    )
    metrics = {**METRICS, "delivered_mld_gy": {**LUNG, "metric": "Mean[Gy]", "dose": "delivered"}}
    inputs.settings = {"metrics": metrics}
    cohort = inputs.assemble()
    table = cohort.analysis.set_index("patient")
    assert table["mld_gy"].tolist() == [18.2, 9.5, 12.0, 14.0]
    assert table.loc[["P001", "P003"], "delivered_mld_gy"].tolist() == [17.1, 12.5]
    assert table.loc[["P002", "P004"], "delivered_mld_gy"].isna().all()
    row = cohort.dictionary.set_index("column").loc["delivered_mld_gy"]
    assert row["label"] == "Delivered MLD" and row["source"].endswith("delivered")
